"""The plot of a learning rate search: loss against rate, on a logarithmic axis."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw, ImageFont

from googlenet.printable import printable
from googlenet.training.rate_search import RateCurve

WIDTH, HEIGHT = 960, 600
LEFT, RIGHT, TOP, BOTTOM = 90, 40, 70, 80
PAPER, INK, FAINT, RAW, LINE, CHOICE = "#ffffff", "#222222", "#dddddd", "#b8c4d6", "#1f5fbf", "#c0392b"
LEVELS = 5  # horizontal lines


def draw_rate_curve(curve: RateCurve, *, title: str) -> Image.Image:
    """Draw raw losses as dots, smoothed losses as a line, the suggested rate as a vertical line; 960 x 600 px."""
    sheet = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(sheet)
    small, large = ImageFont.load_default(18), ImageFont.load_default(22)
    low, high = _span(curve)
    first, last = math.log10(curve.rates[0]), math.log10(curve.rates[-1])
    last = max(last, first + 1e-6)

    def place(rate: float, loss: float) -> tuple[float, float]:
        across = (math.log10(rate) - first) / (last - first)
        up = (min(max(loss, low), high) - low) / (high - low)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    for level in range(LEVELS):
        loss = low + (high - low) * level / (LEVELS - 1)
        y = place(curve.rates[0], loss)[1]
        draw.line([(LEFT, y), (WIDTH - RIGHT, y)], FAINT)
        draw.text((LEFT - 10, y), f"{loss:.2f}", INK, small, anchor="rm")
    for rate in _ticks(curve):
        x = place(rate, low)[0]
        draw.line([(x, TOP), (x, HEIGHT - BOTTOM)], FAINT)
        draw.text((x, HEIGHT - BOTTOM + 10), f"{rate:g}", INK, small, anchor="mt")
    for rate, loss in zip(curve.rates, curve.losses, strict=True):
        x, y = place(rate, loss)
        draw.ellipse([x - 3, y - 3, x + 3, y + 3], RAW)
    line = [place(rate, loss) for rate, loss in zip(curve.rates, curve.smoothed, strict=True)]
    if len(line) > 1:
        draw.line(line, LINE, 3, joint="curve")
    x = place(max(curve.suggestion, curve.rates[0]), low)[0]
    draw.line([(x, TOP), (x, HEIGHT - BOTTOM)], CHOICE, 2)
    on_the_left = x > WIDTH / 2
    draw.text(
        (x - 8 if on_the_left else x + 8, TOP), f"{curve.suggestion:g}", CHOICE, large, "rt" if on_the_left else "lt"
    )
    draw.text((LEFT, 24), printable(title), INK, large)
    draw.text((LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 18), "learning rate", INK, small, anchor="mb")
    draw.text((LEFT - 60, TOP - 12), "loss", INK, small, anchor="lb")
    return sheet


def _span(curve: RateCurve) -> tuple[float, float]:
    """The range of losses shown: that of the smoothed curve with a margin, so that raw outliers do not determine it."""
    low, high = min(curve.smoothed), max(curve.smoothed)
    room = 0.15 * (high - low) or 0.1
    return low - room, high + room


def _ticks(curve: RateCurve) -> list[float]:
    """1, 2 and 5 times each power of ten within the range of rates."""
    powers = range(math.floor(math.log10(curve.rates[0])), math.ceil(math.log10(curve.rates[-1])) + 1)
    marks = [mark * 10.0**power for power in powers for mark in (1, 2, 5)]
    return [rate for rate in marks if curve.rates[0] * 0.999 <= rate <= curve.rates[-1] * 1.001]
