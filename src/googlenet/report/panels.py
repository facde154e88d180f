"""The pictures behind the cells of the confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass

from googlenet.evaluation import Answers
from googlenet.report.mistakes import Places
from googlenet.report.thumbnails import Thumbnail

NAMES_OF_CELL = 60  # of pictures behind a cell that have no room for themselves


@dataclass(frozen=True, slots=True)
class Panel:
    """The pictures behind a cell of the matrix: those shown, and the names of others."""

    truth: int
    answer: int
    count: int
    pictures: tuple[tuple[str, float, Thumbnail], ...]
    names: tuple[str, ...]

    @property
    def id(self) -> str:
        """Its id on the page."""
        return panel_id(self.truth, self.answer)

    @property
    def rest(self) -> int:
        """How many pictures are neither shown nor named."""
        return self.count - len(self.pictures) - len(self.names)


def panel_id(truth: int, answer: int) -> str:
    """The id of the panel of a cell."""
    return f"cell-{truth}-{answer}"


def panels(cells: dict[tuple[int, int], Places], answers: Answers, small: dict[int, Thumbnail]) -> list[Panel]:
    """A panel for each cell that has pictures."""
    made = []
    for (truth, answer), places in sorted(cells.items()):
        pictures = [place for place in places if place in small]
        others = [place for place in places if place not in small]
        made.append(
            Panel(
                truth,
                answer,
                len(places),
                tuple(
                    (answers.names[place], float(answers.probabilities[place, answer]), small[place])
                    for place in pictures
                ),
                tuple(answers.names[place] for place in others[:NAMES_OF_CELL]) if truth != answer else (),
            )
        )
    return made
