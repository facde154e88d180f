"""The cards of a report: a picture with its answer, its truth and, where the model can give it, its activation maps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from googlenet.evaluation import Answers
from googlenet.images import BadImage, Enough
from googlenet.parallel import map_in_order
from googlenet.report.maps import MapDrawer
from googlenet.report.mistakes import Places
from googlenet.report.pictures import Reader
from googlenet.report.thumbnails import Thumbnail, thumbnail

CARD = 208  # px: a card's pictures
SMALL = 84  # px: pictures behind a cell of the matrix
SMALL_QUALITY = 52
SMALL_BYTES = 3_600_000
"""Most bytes of all pictures behind cells, so that a page stays below 8 MB."""

MOST_SMALL = 1500
"""Most pictures behind cells, so that a page takes seconds."""

IN_CELL, IN_RIGHT_CELL = 40, 8
"""Most pictures behind one cell, of mistakes and of right answers."""


@dataclass(frozen=True, slots=True)
class Card:
    """A picture and what was answered: classes by position, probabilities from 0 to 1.

    `other`: of a mistake the true class, of a correct answer the second most probable one. `maps`: (class, the picture
    under its map) of `answer` and `other`; () without a model.
    """

    name: str
    truth: int
    answer: int
    other: int
    sure: float
    other_probability: float
    picture: Thumbnail
    maps: tuple[tuple[int, Thumbnail], ...] = ()

    @property
    def right(self) -> bool:
        """Whether the answer is the true class."""
        return self.truth == self.answer


def cards(answers: Answers, places: Places, read: Reader, maps: MapDrawer | None) -> list[Card]:
    """The cards of some pictures, in order; a picture that cannot be read any more has its reason in its place."""

    def card(place: int) -> Card:
        name, truth = answers.names[place], int(answers.labels[place])
        probabilities = answers.probabilities[place]
        answer, second = np.argsort(-probabilities, kind="stable")[:2].tolist()
        other = second if answer == truth else truth
        image = read(name, maps.enough if maps is not None else _twice(CARD))
        drawn = [] if maps is None or isinstance(image, BadImage) else maps.draw(image, (answer, other), CARD)
        return Card(
            *(name, truth, answer, other),
            *(float(probabilities[answer]), float(probabilities[other])),
            thumbnail(image, CARD),
            tuple((label, thumbnail(one, CARD)) for label, one in zip((answer, other), drawn, strict=False)),
        )

    return list(map_in_order(card, places))


def _twice(side: int) -> Enough:
    return lambda width, height: (2 * side, 2 * side)


def small_pictures(answers: Answers, cells: dict[tuple[int, int], Places], read: Reader) -> dict[int, Thumbnail]:
    """Thumbnails of the pictures behind cells, by their place in the answers, as many as a page has room for.

    Every cell gets its first picture before any gets its second, mistakes before right answers.
    """
    chosen: dict[int, Thumbnail] = {}
    size = 0
    places = tuple(_in_turns(cells))[:MOST_SMALL]
    shown = map_in_order(lambda place: small_picture(read, answers.names[place]), places)
    for place, picture in zip(places, shown, strict=True):
        size += len(picture.uri or "")
        if size > SMALL_BYTES:
            break
        chosen[place] = picture
    return chosen


def small_picture(read: Reader, name: str) -> Thumbnail:
    """The picture `name` for a place beside many others."""
    return thumbnail(read(name, _twice(SMALL)), SMALL, quality=SMALL_QUALITY)


def _in_turns(cells: dict[tuple[int, int], Places]) -> Iterator[int]:
    """The places of all cells in the order in which they get their room."""
    wrong = sorted((cell for cell in cells if cell[0] != cell[1]), key=lambda cell: -len(cells[cell]))
    right = sorted(cell for cell in cells if cell[0] == cell[1])
    for group, most in ((wrong, 4), (right, IN_RIGHT_CELL)):
        for turn in range(most):
            yield from (cells[cell][turn] for cell in group if turn < len(cells[cell]))
    for turn in range(4, IN_CELL):
        yield from (cells[cell][turn] for cell in wrong if turn < len(cells[cell]))
