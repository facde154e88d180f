"""Draws curves: panels side by side, each with a few named lines on two logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 640, 520  # pixels of a panel
LEFT, RIGHT, TOP, BOTTOM = 80, 40, 70, 80
NAMES_IN_A_ROW, ROW = 2, 22
PAPER, INK, FAINT = "#ffffff", "#222222", "#dddddd"
COLOURS = ("#1f5fbf", "#c0392b", "#2e8b57", "#8e44ad", "#b8860b", "#555555")

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines by name; the ticks of the x axis are at the points, those of the y axis at 1, 2 and 5 times 10^n."""

    title: str
    x_axis: str
    y_axis: str
    lines: Mapping[str, Points]


def draw_curves(panels: Sequence[Panel], *, title: str) -> Image.Image:
    """Draw all panels side by side below a title; a name has the same colour in each."""
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    legend = -(-len(names) // NAMES_IN_A_ROW) * ROW
    sheet = Image.new("RGB", (WIDTH * len(panels), HEIGHT + 40 + legend), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((LEFT, 16), title, INK, ImageFont.load_default(20))
    colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
    for place, panel in enumerate(panels):
        _draw_panel(draw, panel, colours, WIDTH * place, 40, legend)
    return sheet


def _draw_panel(
    draw: ImageDraw.ImageDraw, panel: Panel, colours: Mapping[str, str], left: int, top: int, legend: int
) -> None:
    title, top = top, top + legend
    small, large = ImageFont.load_default(15), ImageFont.load_default(17)
    points = [point for line in panel.lines.values() for point in line]
    marks = sorted({x for x, _ in points})
    levels = _levels(min(y for _, y in points), max(y for _, y in points))
    x_span = math.log(marks[0]), math.log(max(marks[-1], marks[0] * 1.01))
    y_span = math.log(levels[0]), math.log(levels[-1])

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log(x) - x_span[0]) / (x_span[1] - x_span[0])
        up = (math.log(y) - y_span[0]) / (y_span[1] - y_span[0])
        return left + LEFT + across * (WIDTH - LEFT - RIGHT), top + HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    for level in levels:
        draw.line([place(marks[0], level), place(marks[-1], level)], FAINT)
        x, y = place(marks[0], level)
        draw.text((x - 10, y), f"{level:g}", INK, small, anchor="rm")
    for mark in marks:
        draw.line([place(mark, levels[0]), place(mark, levels[-1])], FAINT)
        x, y = place(mark, levels[0])
        draw.text((x, y + 10), f"{mark:g}", INK, small, anchor="mt")
    for number, (name, line) in enumerate(panel.lines.items()):
        placed = [place(x, y) for x, y in line]
        draw.line(placed, colours[name], 3, joint="curve")
        for x, y in placed:
            draw.ellipse([x - 4, y - 4, x + 4, y + 4], colours[name])
        corner = left + LEFT + number % NAMES_IN_A_ROW * 240, title + 44 + number // NAMES_IN_A_ROW * ROW
        draw.line([corner, (corner[0] + 24, corner[1])], colours[name], 3)
        draw.text((corner[0] + 32, corner[1]), name, INK, small, anchor="lm")
    draw.text((left + LEFT, title + 8), panel.title, INK, large)
    draw.text((left + LEFT - 50, top + TOP - 14), panel.y_axis, INK, small, anchor="lb")
    draw.text((left + (LEFT + WIDTH - RIGHT) / 2, top + HEIGHT - 26), panel.x_axis, INK, small, anchor="mb")


def _levels(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten, from the last one at or below `low` to the first at or above `high`."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    marks = [mark * 10.0**power for power in powers for mark in (1, 2, 5)]
    first = max(mark for mark in marks if mark <= low)
    last = min(mark for mark in [*marks, 10.0 ** (powers[-1] + 1)] if mark >= high)
    inside = {mark for mark in (*marks, last) if first <= mark <= last}
    return sorted(inside) if first < last else [first, 2 * first]
