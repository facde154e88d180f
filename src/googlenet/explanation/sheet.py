"""An explanation as one picture: the picture itself, and beside it the evidence for each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from googlenet.explanation.boxes import PictureBox
from googlenet.explanation.explained import ExplainedClass, SeenPicture, largest_value
from googlenet.explanation.methods import MEANINGS, Meaning, Method
from googlenet.explanation.overlay import RAMP, overlay
from googlenet.explanation.placement import place_square
from googlenet.images.lettering import wrap_text, write_lines

PICTURE = 448  # px: longer side of a picture on the sheet
NARROWEST = 320  # px: width of a panel, for its text
MARGIN, GAP = 32, 28
TITLE, TITLE_LINE = 26, 34  # px: size of the text, and height of a line
DETAIL, DETAIL_LINE = 19, 27
SPACE = 10  # px: between text and picture
COLUMNS = 4
TITLE_LINES = 2
BACKGROUND, INK, FAINT = (255, 255, 255), (29, 29, 31), (99, 99, 104)
LEGEND = 220, 12  # px: width and height of the bar of colours
LEGEND_GAP, LEGEND_LINES = 14, 4


@dataclass(frozen=True, slots=True)
class _Panel:
    """A picture with its text: a title and details above it."""

    title: Sequence[str]
    details: Sequence[str]
    picture: Image.Image

    @property
    def text_height(self) -> int:
        return len(self.title) * TITLE_LINE + len(self.details) * DETAIL_LINE


def draw_sheet(
    name: str, seen: SeenPicture, classes: Sequence[ExplainedClass], method: Method = "cam", *, boxes: bool = False
) -> Image.Image:
    """Draw a picture and the overlay of each class side by side, four in a row; `name`: the picture's.

    All overlays have the same scale of colours, which is shown below them. With `boxes`, the box of each class is drawn
    and its numbers are written.
    """
    size, maximum = _shown_size(seen), largest_value(classes)
    room = max(size[0], NARROWEST)
    picture = Image.fromarray(seen.picture).resize(size, Image.Resampling.LANCZOS)
    panels = [
        _Panel(
            wrap_text(_file_name(name), TITLE, room=room, lines=TITLE_LINES),
            [f"{seen.size[0]} x {seen.size[1]} px"],
            picture,
        )
    ]
    for one in classes:
        panels.append(_panel_of(one, seen, picture, maximum=maximum, boxes=boxes, room=room))
    legend = _legend(maximum, MEANINGS[method], faded=seen.part_seen < 1)
    return _arrange(panels, room=room, legend=legend)


def _panel_of(
    one: ExplainedClass, seen: SeenPicture, picture: Image.Image, *, maximum: float, boxes: bool, room: int
) -> _Panel:
    placement = place_square(*picture.size, seen.preprocessing)
    pixels = np.asarray(picture)
    drawn = Image.fromarray(overlay(pixels, one.map, field=seen.field, placement=placement, maximum=maximum))
    details = [f"{_percent(one.probability)}   logit {one.logit:.1f}"]
    if boxes:
        details.append(_box_text(one.box))
        if one.box is not None:
            _draw_box(drawn, one.box, scale=picture.width / seen.size[0])
    return _Panel(wrap_text(one.name, TITLE, room=room, lines=TITLE_LINES), details, drawn)


def _arrange(panels: Sequence[_Panel], *, room: int, legend: str) -> Image.Image:
    columns = min(COLUMNS, len(panels))
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    width = columns * (room + GAP) - GAP + 2 * MARGIN
    legend_room = width - 2 * MARGIN - LEGEND[0] - LEGEND_GAP
    lines = wrap_text(legend, DETAIL, room=legend_room, lines=LEGEND_LINES)
    heads = [max(one.text_height for one in row) + SPACE for row in rows]
    height = sum(heads) + len(rows) * (panels[0].picture.height + GAP) + len(lines) * DETAIL_LINE + 2 * MARGIN
    sheet = Image.new("RGB", (width, height), BACKGROUND)
    top = MARGIN
    for row, head in zip(rows, heads, strict=True):
        for column, panel in enumerate(row):
            _draw_panel(sheet, panel, left=MARGIN + column * (room + GAP), top=top, head=head)
        top += head + panels[0].picture.height + GAP
    _draw_legend(sheet, lines, top=top)
    return sheet


def _draw_panel(sheet: Image.Image, panel: _Panel, *, left: int, top: int, head: int) -> None:
    """The text stands right above the picture, whether its neighbours have more lines or fewer."""
    details = top + head - SPACE - len(panel.details) * DETAIL_LINE
    title = details - len(panel.title) * TITLE_LINE
    write_lines(sheet, (left, title), panel.title, TITLE, INK, line_height=TITLE_LINE)
    write_lines(sheet, (left, details), panel.details, DETAIL, FAINT, line_height=DETAIL_LINE)
    sheet.paste(panel.picture, (left, top + head))


def _draw_legend(sheet: Image.Image, lines: Sequence[str], *, top: int) -> None:
    width, height = LEGEND
    colours = RAMP[np.linspace(0, 255, width).astype(int)]
    bar = np.repeat(colours[np.newaxis], height, axis=0).astype(np.uint8)
    sheet.paste(Image.fromarray(bar), (MARGIN, top + (DETAIL_LINE - height) // 2))
    place = MARGIN + width + LEGEND_GAP, top
    write_lines(sheet, place, lines, DETAIL, FAINT, line_height=DETAIL_LINE)


def _legend(maximum: float, meaning: Meaning, *, faded: bool) -> str:
    """What the colours mean."""
    scale = f"0 to {maximum:.1f}: {meaning.value}" if maximum > 0 else "No evidence for the class here"
    rest = f"; {meaning.rest}" if meaning.rest else ""
    return f"{scale}{rest}." + faded * " Faded: the network does not see it."


def _draw_box(picture: Image.Image, box: PictureBox, *, scale: float) -> None:
    """Draw a white frame with dark edges, which is seen on any picture."""
    draw = ImageDraw.Draw(picture)
    left, top = box.x * scale, box.y * scale
    right, bottom = (box.x + box.width) * scale - 1, (box.y + box.height) * scale - 1
    draw.rectangle((left, top, right, bottom), outline=INK, width=5)
    draw.rectangle((left + 1, top + 1, right - 1, bottom - 1), outline=BACKGROUND, width=3)


def _box_text(box: PictureBox | None) -> str:
    return "no box" if box is None else f"box at ({box.x}, {box.y}), {box.width} x {box.height} px"


def _percent(probability: float) -> str:
    return "below 0.1%" if 0 < probability < 0.001 else f"{probability:.1%}"


def _file_name(image: str) -> str:
    return image.replace("\\", "/").rpartition("/")[2] or image


def _shown_size(seen: SeenPicture) -> tuple[int, int]:
    """(width, height) of a picture on the sheet: enlarged or reduced, with the picture's aspect ratio."""
    width, height = seen.size
    scale = PICTURE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))
