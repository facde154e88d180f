"""The cards of a report: a picture with its answer, its truth and, where the model can give it, its activation maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from googlenet.evaluation import Answers
from googlenet.images import BadImage, Rgb
from googlenet.parallel import map_in_order
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

Explain: TypeAlias = Callable[[Rgb, Sequence[int]], list[Rgb]]
"""(a picture, K classes) -> the picture K times, each with the activation map of a class laid over it."""


@dataclass(frozen=True, slots=True)
class Card:
    """A picture and what was answered: classes by position, probabilities from 0 to 1.

    `maps`: the picture under the map of the answer and, for a mistake, of the true class; () without a model.
    """

    name: str
    truth: int
    answer: int
    sure: float
    truth_probability: float
    picture: Thumbnail
    maps: tuple[tuple[int, Thumbnail], ...] = ()

    @property
    def right(self) -> bool:
        """Whether the answer is the true class."""
        return self.truth == self.answer


def cards(answers: Answers, places: Places, read: Reader, explain: Explain | None) -> list[Card]:
    """The cards of some pictures, in order; a picture that cannot be read any more has its reason in its place."""

    def card(place: int) -> Card:
        name, truth = answers.names[place], int(answers.labels[place])
        answer = int(answers.probabilities[place].argmax())
        image = read(name, lambda width, height: (2 * CARD, 2 * CARD))
        classes = tuple(dict.fromkeys((answer, truth)))
        drawn: list[Rgb] = []
        if explain is not None and not isinstance(image, BadImage):
            drawn = explain(image, classes)
        return Card(
            name,
            truth,
            answer,
            float(answers.probabilities[place, answer]),
            float(answers.probabilities[place, truth]),
            thumbnail(image, CARD),
            tuple((label, thumbnail(one, CARD)) for label, one in zip(classes, drawn, strict=False)),
        )

    return list(map_in_order(card, places))


def small_pictures(answers: Answers, cells: dict[tuple[int, int], Places], read: Reader) -> dict[int, Thumbnail]:
    """Thumbnails of the pictures behind cells, by their place in the answers, as many as a page has room for.

    Every cell gets its first picture before any gets its second, mistakes before right answers.
    """
    chosen: dict[int, Thumbnail] = {}
    size = 0
    places = tuple(_in_turns(cells))[:MOST_SMALL]
    shown = map_in_order(lambda place: _small(read, answers.names[place]), places)
    for place, picture in zip(places, shown, strict=True):
        size += len(picture.uri or "")
        if size > SMALL_BYTES:
            break
        chosen[place] = picture
    return chosen


def _small(read: Reader, name: str) -> Thumbnail:
    return thumbnail(read(name, lambda width, height: (2 * SMALL, 2 * SMALL)), SMALL, quality=SMALL_QUALITY)


def _in_turns(cells: dict[tuple[int, int], Places]) -> Iterator[int]:
    """The places of all cells in the order in which they get their room."""
    wrong = sorted((cell for cell in cells if cell[0] != cell[1]), key=lambda cell: -len(cells[cell]))
    right = sorted(cell for cell in cells if cell[0] == cell[1])
    for group, most in ((wrong, 4), (right, IN_RIGHT_CELL)):
        for turn in range(most):
            yield from (cells[cell][turn] for cell in group if turn < len(cells[cell]))
    for turn in range(4, IN_CELL):
        yield from (cells[cell][turn] for cell in wrong if turn < len(cells[cell]))
