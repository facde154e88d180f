"""The charts: each function takes a result and draws it into a figure, in the colours it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from googlenet.report.charts import TEXT, Palette, as_number, as_percent, columns, new_figure, plain_axes, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from googlenet.evaluation import Reliability

WIDTH = 340.0  # px: what a telephone has
HEIGHT = 236.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart: `points` (x, y) in order of x; `series` is its colour's place in the palette."""

    label: str
    points: tuple[tuple[float, float], ...]
    series: int = 0
    dashed: bool = False


def line_chart(
    lines: Sequence[Line], palette: Palette, *, x_label: str, shares: bool = False, from_zero: bool = False
) -> Figure:
    """Draw lines, each with its name at its end; `shares`: y is a share; `from_zero`: y begins at 0."""
    figure = new_figure(WIDTH, HEIGHT)
    draw_lines(figure, (0, 0, WIDTH, HEIGHT), lines, palette, x_label=x_label, shares=shares, from_zero=from_zero)
    return figure


def draw_lines(
    figure: Figure,
    box: tuple[float, float, float, float],
    lines: Sequence[Line],
    palette: Palette,
    *,
    x_label: str,
    shares: bool = False,
    from_zero: bool = False,
) -> None:
    """Draw a `line_chart` into a part of a figure, `box` (left, bottom, width, height in px)."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    names = [shortened(line.label, 14) for line in lines]
    right = 6.3 * max((len(name) for name in names), default=0) + 14 if len(lines) > 1 else 12
    left, bottom, width, height = box
    label = as_percent if shares else as_number
    margin = _label_room(lines, label, from_zero=from_zero)
    axes = plain_axes(figure, (left + margin, bottom + 38, width - margin - right, height - 38 - 10), palette)
    for line in lines:
        x, y = zip(*line.points, strict=True)
        axes.plot(
            *(x, y),
            color=palette.series[line.series % len(palette.series)],
            linewidth=1.8,
            linestyle=(0, (3.2, 2.4)) if line.dashed else "-",
            marker="o" if len(x) <= 12 else None,
            markersize=4,
            markeredgewidth=0,
            clip_on=False,
        )
    xs = [x for line in lines for x, _ in line.points]
    if xs and min(xs) == max(xs):
        axes.set_xlim(min(xs) - 0.5, max(xs) + 0.5)
    elif xs:
        axes.set_xlim(min(xs), max(xs))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=x_label in ("epoch", "step"), min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    low, high = axes.get_ylim()
    axes.set_ylim(0 if from_zero else low, min(high, 1) if shares else high)
    axes.yaxis.set_major_formatter(FuncFormatter(label))
    axes.set_xlabel(x_label, color=palette.muted, fontsize=TEXT, labelpad=4)
    if len(lines) > 1:
        _label_ends(axes, lines, names, palette, height=height - 48)


def _label_room(lines: Sequence[Line], label: Callable[[float], str], *, from_zero: bool) -> float:
    """The width that the labels of the y axis need, in px: 40 for all but numbers such as 1.5e-5."""
    from matplotlib.ticker import MaxNLocator

    values = [y for line in lines for _, y in line.points] or [0.0]
    ticks = MaxNLocator(4).tick_values(0 if from_zero else min(values), max(values))
    return max(40, 6.8 * max(len(label(tick)) for tick in ticks) + 8)


def _label_ends(axes: Axes, lines: Sequence[Line], names: Sequence[str], palette: Palette, *, height: float) -> None:
    """Write each line's name right of its last point, moved up or down so that no two touch."""
    low, high = axes.get_ylim()
    ends = [(line.points[-1][1] - low) / ((high - low) or 1) * height for line in lines]
    for place, at in zip(
        sorted(range(len(lines)), key=ends.__getitem__), spread_apart(sorted(ends), TEXT + 2), strict=True
    ):
        axes.annotate(
            names[place],
            (1, at / height),
            xycoords="axes fraction",
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            color=palette.series[lines[place].series % len(palette.series)],
            fontsize=TEXT,
            annotation_clip=False,
        )


def spread_apart(places: Sequence[float], least: float) -> list[float]:
    """Ascending places, moved as little as needed to be `least` apart: groups that touch spread about their mean."""
    groups: list[list[float]] = []
    for place in places:
        groups.append([place])
        while len(groups) > 1 and _span(groups[-1], least)[0] < _span(groups[-2], least)[1] + least:
            last = groups.pop()
            groups[-1] += last
    return [_span(group, least)[0] + least * number for group in groups for number in range(len(group))]


def _span(group: Sequence[float], least: float) -> tuple[float, float]:
    middle, half = sum(group) / len(group), least * (len(group) - 1) / 2
    return middle - half, middle + half


@dataclass(frozen=True, slots=True)
class Interval:
    """A share with its interval, in a row of its own."""

    label: str
    share: float
    low: float
    high: float
    series: int = 0


def interval_chart(rows: Sequence[Interval], palette: Palette, *, reference: float | None = None) -> Figure:
    """Draw a row an interval: its name, a dot, a line from low to high; `reference` is a thin line through all rows."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    names = [shortened(row.label, 20) for row in rows]
    left = min(132.0, 6.6 * max((columns(name) for name in names), default=0) + 10)
    step, bottom = 22.0, 26.0
    height = bottom + step * len(rows) + 4
    figure = new_figure(WIDTH, height)
    axes = plain_axes(figure, (left, bottom, WIDTH - left - 14, step * len(rows)), palette, grid="x")
    for place, row in enumerate(rows):
        colour = palette.series[row.series % len(palette.series)]
        axes.plot((row.low, row.high), (place, place), color=colour, linewidth=5, alpha=0.28, clip_on=False)
        axes.plot(row.share, place, "o", color=colour, markersize=6.5, markeredgewidth=0, clip_on=False)
    if reference is not None:
        axes.axvline(reference, color=palette.muted, linewidth=1, linestyle=(0, (2, 2)), zorder=0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    low = min((row.low for row in rows), default=0.0)
    axes.set_xlim(0 if low < 0.5 else 0.5 if low < 0.75 else 0.75 if low < 0.9 else 0.9, 1)
    axes.set_yticks(range(len(rows)), names)
    axes.tick_params(axis="y", labelcolor=palette.ink)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(as_percent))
    return figure


def reliability_chart(before: Reliability, after: Reliability | None, palette: Palette) -> Figure:
    """Draw how often answers are right against how sure they are; on the diagonal the two are the same."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    figure = new_figure(WIDTH, WIDTH)
    axes = plain_axes(figure, (44, 42, WIDTH - 60, WIDTH - 58), palette, grid="both")
    axes.plot((0, 1), (0, 1), color=palette.muted, linewidth=1, linestyle=(0, (2, 2)))
    total = sum(before.count)
    for record, series, filled in ((before, 1, False), (after, 0, True)):
        if record is None:
            continue
        kept = [place for place, number in enumerate(record.count) if number]
        x, y = ([values[place] for place in kept] for values in (record.confidence, record.accuracy))
        colour = palette.series[series]
        axes.plot(x, y, color=colour, linewidth=1.5, alpha=0.9, clip_on=False)
        sizes = [14 + 150 * record.count[place] / max(total, 1) for place in kept]
        axes.scatter(
            *(x, y),
            s=sizes,
            color=colour if filled else palette.paper,
            edgecolors=colour,
            linewidths=1.5,
            zorder=3,
            clip_on=False,
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5))
        axis.set_major_formatter(FuncFormatter(as_percent))
    axes.set_xlabel("confidence", color=palette.muted, fontsize=TEXT, labelpad=4)
    axes.set_ylabel("accuracy", color=palette.muted, fontsize=TEXT, labelpad=2)
    return figure
