"""The curves of a training: what `metrics.csv` says, as lines over the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from googlenet.report.charts import ON_PAGE, drawing, to_svg
from googlenet.report.figures import Line, line_chart
from googlenet.report.page import percent

if TYPE_CHECKING:
    from markupsafe import Markup

Metrics = Sequence[Mapping[str, float | None]]
"""The rows of `metrics.csv`: numbers by column."""

HEAD_SERIES = {"main": 0, "auxiliary_4a": 2, "auxiliary_4d": 3}
"""The heads of a network, and the places of their colours in the palette."""

VALIDATION_SERIES = 1


@dataclass(frozen=True, slots=True)
class Curve:
    """A chart of a training: its lines over epochs, or over steps where there is one epoch."""

    title: str
    note: str
    lines: tuple[Line, ...]
    shares: bool = False


def training_curves(metrics: Metrics, stored: Mapping[str, Any]) -> list[Curve]:
    """Loss, accuracy and learning rate of each head over the epochs; those that have no numbers are left out."""
    heads = [head for head in HEAD_SERIES if any(row[f"loss_{head}"] is not None for row in metrics)]
    smoothing = (stored.get("settings") or {}).get("label_smoothing")
    curves = [
        Curve(
            "Loss",
            "training" + (" (with label smoothing)" if smoothing else "") + " of each head, and validation",
            (
                *(metric_line(metrics, f"loss_{head}", _name(head), HEAD_SERIES[head]) for head in heads),
                metric_line(metrics, "validation_loss", "validation", VALIDATION_SERIES, dashed=True),
            ),
        ),
        Curve(
            "Accuracy",
            "on augmented training pictures, and on val",
            (
                *(metric_line(metrics, f"accuracy_{head}", _name(head), HEAD_SERIES[head]) for head in heads),
                metric_line(metrics, "validation_top1", "validation", VALIDATION_SERIES, dashed=True),
            ),
            shares=True,
        ),
        Curve("Learning rate", "at the end of each epoch", (metric_line(metrics, "learning_rate", "rate", 0),)),
    ]
    filled = [(curve, tuple(line for line in curve.lines if line.points)) for curve in curves]
    return [Curve(curve.title, curve.note, lines, curve.shares) for curve, lines in filled if lines]


def curves_of_runs(runs: Sequence[tuple[str, Metrics]]) -> list[Curve]:
    """Accuracy and loss on val, and the training loss, of several runs (name, metrics) over each other."""
    charts = (
        ("Validation accuracy", "validation_top1", True),
        ("Validation loss", "validation_loss", False),
        ("Training loss", "loss_main", False),
    )
    curves = []
    for title, column, shares in charts:
        lines = [metric_line(metrics, column, name, place) for place, (name, metrics) in enumerate(runs)]
        if drawn := tuple(line for line in lines if line.points):
            curves.append(Curve(title, "by epoch", drawn, shares))
    return curves


def metric_line(metrics: Metrics, column: str, label: str, series: int, *, dashed: bool = False) -> Line:
    """A column of `metrics.csv` over the epochs, without the epochs that lack it."""
    points = ((row["epoch"], row[column]) for row in metrics)
    return Line(label, tuple((x, y) for x, y in points if x is not None and y is not None), series, dashed)


def _name(head: str) -> str:
    return head.replace("auxiliary_", "auxiliary ")


def curve_svg(curve: Curve) -> Markup:
    """The chart of a curve as an element of a page."""
    with drawing(salt=curve.title):
        figure = line_chart(curve.lines, ON_PAGE, x_label="epoch", shares=curve.shares, from_zero=not curve.shares)
        return to_svg(figure, f"{curve.title} over the epochs: {_ends(curve)}")


def _ends(curve: Curve) -> str:
    """The last value of each line, for who does not see the chart."""
    return ", ".join(
        f"{line.label} {percent(line.points[-1][1]) if curve.shares else f'{line.points[-1][1]:.3g}'}"
        for line in curve.lines
    )
