"""What a crop protocol takes from a picture, on one sheet: boxes drawn on the picture, and a grid of the squares."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from PIL import Image, ImageDraw, ImageOps

from googlenet.images.crops import View, crop_views, take_crops
from googlenet.images.decode import Rgb
from googlenet.images.lettering import line_height, write_line
from googlenet.images.preprocessing import Preprocessing

WIDTH = 1080  # px: a telephone in portrait, half of a large screen
MARGIN, GAP, GUTTER = 24, 4, 16
PANEL = 560  # px: longest side of the picture where it is shown once
LARGEST_CELL = 224
TITLE, TEXT, LABEL = 28, 19, 16  # px: heights of text
ROW_LABEL = 84  # px: room for the names of the grid's rows
BACKGROUND, INK, FAINT, HALO = (250, 250, 248), (28, 28, 28), (96, 96, 96), (255, 255, 255)
SCALE_COLOURS = ((0, 102, 168), (196, 78, 0), (0, 128, 96), (160, 60, 130))
"""One for each scale, in its boxes and beside its rows; told apart by colour-blind people."""

Rows = list[tuple[str, list[View]]]
"""The grid: (name, views from left to right) of each row."""


def crop_sheet(image: Rgb, preprocessing: Preprocessing, crops: int, *, name: str) -> Image.Image:
    """Draw the picture `name` (H, W, 3) uint8 RGB with the boxes of its `crops` views, and each square below.

    There is a picture with boxes for each scale, and a row of squares for each square that is cut from. Raises
    InputError for an unknown protocol.
    """
    height, width = image.shape[:2]
    views = crop_views(width, height, preprocessing, crops)
    squares = dict(zip(dict.fromkeys(views), take_crops(image, preprocessing, crops).squares, strict=True))
    scales = {scale: list(group) for scale, group in groupby(sorted(views, key=_scale), key=_scale)}
    panels = [_panel(image, group, _colour(place), len(scales)) for place, group in enumerate(scales.values())]
    grid = _grid([_rows(group) for group in scales.values()], squares)
    head = 2 * MARGIN + line_height(TITLE) + line_height(TEXT)
    below = head + line_height(TEXT) + max(panel.height for panel in panels) + GUTTER
    sheet = Image.new("RGB", (WIDTH, below + grid.height + MARGIN), BACKGROUND)
    room = WIDTH - 2 * MARGIN
    write_line(sheet, (MARGIN, MARGIN), name, TITLE, INK, room=room)
    about = _about(width, height, preprocessing, crops, len(squares))
    write_line(sheet, (MARGIN, MARGIN + line_height(TITLE)), about, TEXT, FAINT, room=room)
    step = (room + GUTTER) / len(panels)
    for place, (scale, panel) in enumerate(zip(scales, panels, strict=True)):
        left = MARGIN + round(place * step)
        title = f"scaled to {scale} px"
        write_line(sheet, (left, head - GUTTER), title, TEXT, _colour(place), room=round(step) - GUTTER)
        sheet.paste(panel, (left, head - GUTTER + line_height(TEXT)))
    sheet.paste(grid, (0, below))
    return sheet


def _about(width: int, height: int, preprocessing: Preprocessing, crops: int, distinct: int) -> str:
    size = preprocessing.input_size
    squares = f"{crops} crops" if crops > 1 else "1 crop"
    rest = f", {distinct} of them distinct" if distinct < crops else ""
    return f"{width} x {height} px; {squares} of {size} x {size} px{rest}"


def _scale(view: View) -> int:
    return view.scale


def _colour(place: int) -> tuple[int, int, int]:
    return SCALE_COLOURS[place % len(SCALE_COLOURS)]


def _panel(image: Rgb, views: Sequence[View], colour: tuple[int, int, int], panels: int) -> Image.Image:
    """The picture with the boxes of one scale's views, those of the centre square in colour.

    A box beyond the picture's edge, of a letterboxed picture, ends at the edge.
    """
    longest = min(PANEL, (WIDTH - 2 * MARGIN - (panels - 1) * GUTTER) // panels)
    panel = ImageOps.contain(Image.fromarray(image), (longest, longest), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(panel)
    upright = [view for view in views if not view.mirrored]
    centre = [view for view in upright if view.square == "centre"]
    for line, width, shown in ((HALO, 1, upright), (HALO, 3, centre), (colour, 2, centre)):
        for view in shown:
            across, down = panel.width / view.scaled[0], panel.height / view.scaled[1]
            left, top, right, bottom = view.box
            corners = (
                *(max(0, round(left * across)), max(0, round(top * down))),
                *(min(panel.width, round(right * across)) - 1, min(panel.height, round(bottom * down)) - 1),
            )
            if corners[0] < corners[2] and corners[1] < corners[3]:
                draw.rectangle(corners, outline=line, width=width)
    return panel


def _rows(views: Sequence[View]) -> Rows:
    """The rows of one scale: its squares, upright and mirrored side by side; of a single square one below the other."""
    squares = dict.fromkeys(view.square for view in views)
    if len(squares) > 1:
        return [(square, [view for view in views if view.square == square]) for square in squares]
    halves = [[view for view in views if view.mirrored is mirrored] for mirrored in (False, True)]
    return list(zip(("upright", "mirrored"), halves, strict=True)) if halves[1] else [("", halves[0])]


def _grid(scales: Sequence[Rows], squares: dict[View, Rgb]) -> Image.Image:
    """The squares of all scales, below the names of the crops' places."""
    columns = scales[0][0][1]
    headings = [_heading(view, columns) for view in columns]
    named = any(name for rows in scales for name, _ in rows)
    left = MARGIN + (ROW_LABEL if named else 0)
    starts = [left + (GUTTER if view.mirrored and not columns[0].mirrored else 0) for view in columns]
    step = min(LARGEST_CELL + GAP, (WIDTH - MARGIN - max(starts) + GAP) // len(columns))
    lefts = [start + place * step for place, start in enumerate(starts)]
    cell, line = step - GAP, line_height(LABEL)
    top = max(map(len, headings)) * line + GAP
    rows = sum(len(rows) for rows in scales)
    sheet = Image.new("RGB", (WIDTH, top + rows * step + (len(scales) - 1) * GUTTER), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for x, heading in zip(lefts, headings, strict=True):
        for number, (word, colour) in enumerate(heading):
            write_line(sheet, (x, number * line), word, LABEL, colour, room=cell)
    for number, rows_of_scale in enumerate(scales):
        if named:
            draw.rectangle((MARGIN, top, MARGIN + 5, top + len(rows_of_scale) * step - GAP - 1), fill=_colour(number))
        for name, row in rows_of_scale:
            beside = (MARGIN + 14, top + (cell - line) // 2)
            write_line(sheet, beside, name, LABEL, FAINT, room=ROW_LABEL - 18)
            for x, view in zip(lefts, row, strict=True):
                square = Image.fromarray(squares[view])
                sheet.paste(square.resize((cell, cell), Image.Resampling.LANCZOS), (x, top))
            top += step
        top += GUTTER
    return sheet


def _heading(view: View, columns: Sequence[View]) -> list[tuple[str, tuple[int, int, int]]]:
    """The lines above a column: the place of its crops, and above the first of each half which half it is."""
    words = [(word, FAINT) for word in view.place.split()]
    if len({one.mirrored for one in columns}) == 1:
        return words
    half = "mirrored" if view.mirrored else "upright"
    return [(half if view.place == columns[0].place else "", INK), *words]
