"""The pictures that lie beside a run's report: its curves, its confusion matrix, its worst mistakes, as PNG files."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from googlenet.report.charts import DOTS, ON_PAPER, TEXT, drawing, new_figure, plain_axes, shortened, to_png
from googlenet.report.confusion import Matrix
from googlenet.report.curves import Curve
from googlenet.report.figures import HEIGHT, WIDTH, draw_lines
from googlenet.report.gallery import Card
from googlenet.report.page import percent
from googlenet.report.thumbnails import Thumbnail

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = 14.0
MARGIN = 28.0
CELL = 36.0
TILE, TILE_GAP, TILE_TEXT = 168.0, 6.0, 58.0
COLUMNS, ROWS = 3, 4


def curves_png(curves: Sequence[Curve]) -> bytes:
    """Loss, accuracy and learning rate side by side."""
    with drawing():
        width, height = MARGIN + len(curves) * (WIDTH + MARGIN), HEIGHT + 76
        figure = new_figure(width, height)
        for place, curve in enumerate(curves):
            left = MARGIN + place * (WIDTH + MARGIN)
            _write(figure, left, height - 34, curve.title, size=TITLE, weight="bold")
            _write(figure, left, height - 52, curve.note, colour=ON_PAPER.muted)
            box = (left, 8.0, WIDTH, HEIGHT)
            draw_lines(
                figure, box, curve.lines, ON_PAPER, x_label="epoch", shares=curve.shares, from_zero=not curve.shares
            )
        return to_png(figure)


def confusion_png(matrix: Matrix, labels: Sequence[str], heading: str) -> bytes:
    """The matrix that the report shows, with a number in each cell that has pictures."""
    from matplotlib.colors import to_rgb

    names = [shortened(labels[place], 20) for place in matrix.classes]
    with drawing():
        size = CELL * len(names)
        left = 42 + 6.6 * max(map(len, names))
        figure = new_figure(max(left + size + MARGIN, 420), size + left + 60)
        height = figure.get_size_inches()[1] * DOTS
        _write(figure, MARGIN, height - 32, heading, size=TITLE, weight="bold")
        axes = plain_axes(figure, (left, MARGIN, size, size), ON_PAPER, grid="")
        shares = matrix.counts / np.maximum(matrix.support[:, np.newaxis], 1)
        paper, right, wrong = (np.array(to_rgb(colour)) for colour in ("#f2f2ee", "#8fc7c1", "#eda583"))
        strength = np.where(np.eye(len(names), dtype=bool), shares, np.minimum(1, 4 * shares))[..., np.newaxis]
        colours = np.where(np.eye(len(names), dtype=bool)[..., np.newaxis], right, wrong)
        axes.imshow(paper * (1 - strength) + colours * strength, aspect="equal")
        for row, column in np.argwhere(matrix.counts):
            axes.text(
                column,
                row,
                f"{matrix.counts[row, column]:,}",
                ha="center",
                va="center",
                color=ON_PAPER.ink,
                fontsize=TEXT - 1,
                weight="bold" if row == column else "normal",
            )
        axes.set_xticks(range(len(names)), names, rotation=90)
        axes.set_yticks(range(len(names)), names)
        axes.xaxis.set_ticks_position("top")
        axes.tick_params(length=0, labelcolor=ON_PAPER.ink)
        for edge in np.arange(-0.5, len(names)):
            axes.axhline(edge, color=ON_PAPER.paper, linewidth=1.5)
            axes.axvline(edge, color=ON_PAPER.paper, linewidth=1.5)
        axes.set_ylabel("true class", color=ON_PAPER.muted)
        axes.set_xlabel("predicted class", color=ON_PAPER.muted)
        return to_png(figure)


def mistakes_png(cards: Sequence[Card], labels: Sequence[str], heading: str) -> bytes:
    """The worst mistakes: each picture beside the activation map of its wrong answer, if there is one."""
    shown = [card for card in cards if card.picture.uri][: COLUMNS * ROWS]
    rows = max(1, -(-len(shown) // COLUMNS))
    across, down = 2 * TILE + TILE_GAP + MARGIN, TILE + TILE_TEXT
    width, height = MARGIN + COLUMNS * across, 62 + rows * down
    with drawing():
        figure = new_figure(width, height)
        _write(figure, MARGIN, height - 38, heading if shown else f"{heading}: none", size=TITLE, weight="bold")
        canvas = plain_axes(figure, (0, 0, width, height), ON_PAPER, grid="")
        for place, card in enumerate(shown):
            left, bottom = MARGIN + place % COLUMNS * across, height - 62 - TILE - place // COLUMNS * down
            for column, thumb in enumerate((card.picture, *(one for _, one in card.maps[:1]))):
                _paste(canvas, left + column * (TILE + TILE_GAP), bottom, thumb)
            answer, truth = (shortened(labels[label], 22) for label in (card.answer, card.truth))
            sure = f"{answer} {percent(card.sure, 0)}"
            _write(figure, left, bottom - 18, sure, colour=ON_PAPER.wrong, weight="bold")
            _write(figure, left, bottom - 35, f"true class: {truth}", colour=ON_PAPER.muted)
        canvas.set_xlim(0, width)
        canvas.set_ylim(0, height)
        canvas.set_axis_off()
        return to_png(figure, scale=1.5)


def _paste(canvas: Axes, left: float, bottom: float, thumb: Thumbnail) -> None:
    """Draw a picture into a tile, as large as fits, on axes whose unit is a px."""
    image = Image.open(io.BytesIO(base64.b64decode((thumb.uri or "").partition(",")[2])))
    scale = TILE / max(image.size)
    width, height = (length * scale for length in image.size)
    bottom += (TILE - height) / 2
    canvas.imshow(np.asarray(image), extent=(left, left + width, bottom, bottom + height), aspect="auto")


def _write(
    figure: Figure,
    left: float,
    bottom: float,
    text: str,
    *,
    size: float = TEXT,
    colour: str = ON_PAPER.ink,
    weight: str = "normal",
) -> None:
    """Write a line of text at a place in px."""
    width, height = figure.get_size_inches() * DOTS
    figure.text(left / width, bottom / height, text, fontsize=size, color=colour, weight=weight)
