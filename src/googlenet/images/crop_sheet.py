"""A contact sheet of what the network sees of a picture: the views of a crop protocol, in order, with labels."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from PIL import Image, ImageDraw, ImageFont, ImageOps

from googlenet.images.crops import View, crop_views, take_crops
from googlenet.images.decode import Rgb
from googlenet.images.preprocessing import Preprocessing
from googlenet.printable import printable

WIDTH = 1080  # px: a phone in portrait orientation
GAP = 12
COLUMNS = 6
CELL = (WIDTH - (COLUMNS + 1) * GAP) // COLUMNS
PICTURE = 420  # px: longest side of the picture itself
TITLE, LABEL = 28, 22  # px: text sizes that are legible there
LINE = 1.4  # line height, in text heights
BACKGROUND, INK, FAINT = (244, 244, 242), (30, 30, 30), (100, 100, 100)


def crop_sheet(image: Rgb, preprocessing: Preprocessing, crops: int, *, name: str) -> Image.Image:
    """Draw the picture `name` (H, W, 3) uint8 RGB and its `crops` views, one row per square and scale.

    Raises InputError for an unknown protocol.
    """
    height, width = image.shape[:2]
    views = crop_views(width, height, preprocessing, crops)
    squares = dict(zip(dict.fromkeys(views), take_crops(image, preprocessing, crops).squares, strict=True))
    rows = [(title, list(row)) for title, row in groupby(views, key=_row_title)]
    head = (
        printable(name),
        f"{width} x {height} px",
        f"{crops} {'crop' if crops == 1 else 'crops'} of {preprocessing.input_size} px",
        f"{len(squares)} of them distinct" if len(squares) < crops else "",
    )
    step = _line(TITLE) + CELL + _line(LABEL) + 2 * GAP
    shown = ImageOps.contain(Image.fromarray(image), (PICTURE, PICTURE))
    top = max(shown.height, len(head) * _line(TITLE)) + 3 * GAP
    sheet = Image.new("RGB", (WIDTH, top + len(rows) * step), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    sheet.paste(shown, (GAP, GAP))
    for number, line in enumerate(head):
        place = (shown.width + 3 * GAP, GAP + number * _line(TITLE))
        _write(draw, place, line, TITLE, INK if number == 0 else FAINT, room=WIDTH - place[0] - GAP)
    for number, (title, row) in enumerate(rows):
        _draw_row(sheet, title, row, squares, top=top + number * step)
    return sheet


def _draw_row(sheet: Image.Image, title: str, row: Iterable[View], squares: dict[View, Rgb], *, top: int) -> None:
    draw = ImageDraw.Draw(sheet)
    _write(draw, (GAP, top), title, TITLE, INK, room=WIDTH - 2 * GAP)
    for column, view in enumerate(row):
        left, below = GAP + column * (CELL + GAP), top + _line(TITLE)
        cell = Image.fromarray(squares[view]).resize((CELL, CELL), Image.Resampling.BICUBIC)
        sheet.paste(cell, (left, below))
        _write(draw, (left, below + CELL), view.place, LABEL, FAINT, room=CELL)


def _row_title(view: View) -> str:
    mirrored = ", mirrored" if view.mirrored else ""
    return f"scaled to {view.scale} px, {view.square} square{mirrored}"


def _write(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, size: int, colour: tuple[int, int, int], *, room: int
) -> None:
    """Write one line of text, truncated to `room` px."""
    font = ImageFont.load_default(size)
    shown = text
    while shown and draw.textlength(shown, font=font) > room:
        shown = shown[:-2] + "…" if len(shown) > 2 else ""
    draw.text(place, shown, fill=colour, font=font)


def _line(size: int) -> int:
    return round(LINE * size)
