"""The plot of a learning rate search: loss against rate, on a logarithmic axis (the extra `report`)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from googlenet.errors import MissingExtraError
from googlenet.printable import printable
from googlenet.training.rate_search import RateCurve

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INCHES, DOTS_PER_INCH = (9.6, 6.0), 100
RAW, LINE, CHOICE, OWN = "#b8c4d6", "#1f5fbf", "#c0392b", "#666666"
ROOM = 0.25  # of the dip's depth, above and below it


def draw_rate_curve(curve: RateCurve, *, title: str, recipe_rate: float) -> Figure:
    """Draw raw losses as dots, smoothed ones as a line, the found and the recipe's rate as vertical lines.

    The range of losses is that of the dip; what explodes beyond it leaves the plot. Raises MissingExtraError without
    matplotlib.
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
    except ModuleNotFoundError as error:
        raise MissingExtraError("matplotlib", extra="report", purpose="the plot") from error
    figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    low, high = loss_range(curve)
    axes.plot(curve.rates, curve.losses, "o", color=RAW, markersize=5, label="loss of one update")
    axes.plot(curve.rates, curve.smoothed, color=LINE, linewidth=2.5, label="smoothed")
    axes.axvline(curve.suggestion, color=CHOICE, linewidth=2, label=f"this search: {curve.suggestion:g}")
    axes.axvline(recipe_rate, color=OWN, linewidth=1.5, linestyle="--", label=f"the recipe's: {recipe_rate:g}")
    axes.set_xscale("log")
    axes.set_xlim(min(curve.rates[0], curve.suggestion, recipe_rate) / 1.1, max(curve.rates[-1], recipe_rate) * 1.1)
    axes.set_ylim(low, high)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    axes.yaxis.set_major_locator(MaxNLocator(7, steps=(1, 2, 5, 10)))
    axes.grid(color="#e5e5e5")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("training loss")
    axes.set_title(printable(title).replace("$", r"\$"), loc="left")
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    return figure


def loss_range(curve: RateCurve) -> tuple[float, float]:
    """The losses that are shown: from below the dip to a little above the loss that the search began with.

    A moving average is late, so that the loss before the dip is the highest smoothed one up to it.
    """
    lowest = curve.smoothed.index(min(curve.smoothed))
    bottom, top = curve.smoothed[lowest], max(curve.smoothed[: lowest + 1])
    depth = top - bottom or 0.1 * math.fabs(bottom) or 0.1
    return bottom - ROOM * depth, top + ROOM * depth
