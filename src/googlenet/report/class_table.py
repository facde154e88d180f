"""The classes of an evaluation as the rows of a table, and the chart of those that are found least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from googlenet.evaluation import Evaluation, wilson_interval
from googlenet.report.charts import ON_PAGE, drawing, to_svg
from googlenet.report.figures import Interval, interval_chart

if TYPE_CHECKING:
    from markupsafe import Markup

CHART_CLASSES = 30


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A class in the table: pictures, how many of them were found with the interval, and what it is taken for."""

    place: int
    pictures: int
    found: float | None
    low: float
    high: float
    precision: float | None
    taken_for: int | None
    taken: int


def class_rows(evaluation: Evaluation, labels: Sequence[str]) -> list[ClassRow]:
    """The classes, those with the smallest share found first, those without pictures last."""
    rows = []
    for place, score in enumerate(evaluation.classes):
        wrong = evaluation.confusion[place].copy()
        right, wrong[place] = int(wrong[place]), 0
        low, high = wilson_interval(right, score.support)
        taken = int(wrong.max())
        rows.append(
            ClassRow(
                *(place, score.support, score.recall, low, high, score.precision),
                *(int(wrong.argmax()) if taken else None, taken),
            )
        )
    return sorted(rows, key=lambda row: (row.found is None, row.found, labels[row.place]))


def class_chart(evaluation: Evaluation, labels: Sequence[str]) -> tuple[Markup, int]:
    """The chart of the classes with the smallest shares found, and how many it leaves out."""
    rows = [row for row in class_rows(evaluation, labels) if row.found is not None]
    shown = [Interval(labels[row.place], row.found or 0.0, row.low, row.high) for row in rows[:CHART_CLASSES]]
    with drawing(salt="classes"):
        figure = interval_chart(shown, ON_PAGE, reference=evaluation.top1)
        return to_svg(figure, "Share of each class that is found, with intervals; the table has the numbers"), len(
            rows
        ) - len(shown)
