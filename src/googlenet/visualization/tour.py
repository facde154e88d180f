"""One picture on its way through the modules, as one figure: where each responds, and its most active units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from googlenet.architecture import LayerInfo, ReceptiveField
from googlenet.explanation import overlay
from googlenet.explanation.overlay import RAMP
from googlenet.explanation.placement import whole_square
from googlenet.images import Rgb
from googlenet.images.lettering import line_height, wrap_text, write_line, write_lines
from googlenet.visualization.exciting import patch_box

UNITS = 6
TILE, GAP, MARGIN, ROW_GAP = 140, 14, 40, 22  # px
ABOUT = 190  # px: width of the text beside a row, and of the picture above
SPACE = 10  # px: above the note
TITLE, NAME, TEXT, LABEL = 30, 24, 18, 15  # px: heights of text
BACKGROUND, INK, FAINT = (255, 255, 255), (29, 29, 31), (99, 99, 104)
NIGHT = np.array((22, 22, 30), np.float32)
"""The colour of 0 in a unit's map."""

NOTE = (
    "Each row is a module. First what the network was given, coloured where the module's units respond more than "
    "elsewhere on average; the frame is what the largest average sees. Then the maps of the units that respond most, "
    "one square a value: black is 0, the brightest is the row's largest."
)


def draw_tour(
    square: Rgb,
    activations: Mapping[str, NDArray[np.float32]],
    layers: Sequence[LayerInfo],
    *,
    name: str,
    answer: str,
) -> Image.Image:
    """Draw what `layers` make of a square (S, S, 3) uint8 RGB: a row each, from their `activations` (C, h, w) by name.

    `name`: of the picture; `answer`: what the network says in the end.
    """
    width = 2 * MARGIN + ABOUT + GAP + (1 + UNITS) * (TILE + GAP) - GAP
    head = _draw_head(square, width, name=name, answer=answer)
    row_height = TILE + line_height(LABEL) + ROW_GAP
    sheet = Image.new("RGB", (width, head.height + len(layers) * row_height + MARGIN - ROW_GAP), BACKGROUND)
    sheet.paste(head, (0, 0))
    for number, layer in enumerate(layers):
        _draw_row(sheet, head.height + number * row_height, square, layer, activations[layer.name])
    return sheet


def _draw_head(square: Rgb, width: int, *, name: str, answer: str) -> Image.Image:
    left = MARGIN + ABOUT + GAP
    room = width - left - MARGIN
    lines = wrap_text(NOTE, TEXT, room=room, lines=6)
    title_height = line_height(TITLE) + line_height(NAME) + SPACE
    head = Image.new(
        "RGB", (width, MARGIN + max(ABOUT, title_height + len(lines) * line_height(TEXT)) + 2 * ROW_GAP), BACKGROUND
    )
    head.paste(_enlarged(square, ABOUT), (MARGIN, MARGIN))
    write_line(head, (left, MARGIN - 6), name, TITLE, INK, room=room)
    write_line(head, (left, MARGIN + line_height(TITLE)), answer, NAME, INK, room=room)
    write_lines(head, (left, MARGIN + title_height), lines, TEXT, FAINT, line_height=line_height(TEXT))
    return head


def _draw_row(sheet: Image.Image, top: int, square: Rgb, layer: LayerInfo, maps: NDArray[np.float32]) -> None:
    """A module: its name and size, where it responds, and its most active units."""
    channels, height, width = maps.shape
    field = layer.receptive_field
    write_line(sheet, (MARGIN, top), layer.name, NAME, INK, room=ABOUT)
    about = [f"{height} x {width}, {channels} units", f"a value sees {field.size} px", f"stride {field.stride} px"]
    write_lines(sheet, (MARGIN, top + line_height(NAME)), about, TEXT, FAINT, line_height=line_height(TEXT))
    left = MARGIN + ABOUT + GAP
    sheet.paste(_where(square, field, maps), (left, top))
    write_line(sheet, (left, top + TILE), "all units", LABEL, FAINT, room=TILE)
    largest = maps.max(axis=(1, 2))
    for column, unit in enumerate(most_active(maps), 1):
        place = left + column * (TILE + GAP), top
        sheet.paste(_unit_map(maps[unit], float(largest.max())), place)
        label = f"unit {unit}: {largest[unit]:.1f}"
        write_line(sheet, (place[0], top + TILE), label, LABEL, FAINT, room=TILE)


def most_active(maps: NDArray[np.float32], most: int = UNITS) -> list[int]:
    """The units whose maps (C, h, w) have the largest values, largest first."""
    return [int(unit) for unit in np.argsort(-maps.max(axis=(1, 2)), kind="stable")[:most]]


def _where(square: Rgb, field: ReceptiveField, maps: NDArray[np.float32]) -> Image.Image:
    """The square coloured where the mean of all units is above its median, and a frame around what the largest sees."""
    mean = maps.mean(axis=0)
    tile = np.array(_enlarged(square, TILE))
    place = whole_square(TILE, TILE, input_size=len(square))
    coloured = Image.fromarray(overlay(tile, mean - np.median(mean), field=field, placement=place))
    row, column = divmod(int(mean.argmax()), mean.shape[1])
    left, top, right, bottom = patch_box(field, (row, column), (TILE, TILE), place)
    draw = ImageDraw.Draw(coloured)
    draw.rectangle((left, top, right - 1, bottom - 1), outline=INK, width=3)
    draw.rectangle((left + 1, top + 1, right - 2, bottom - 2), outline=BACKGROUND, width=1)
    return coloured


def _enlarged(square: Rgb, side: int) -> Image.Image:
    return Image.fromarray(square).resize((side, side), Image.Resampling.LANCZOS)


def _unit_map(values: NDArray[np.float32], largest: float) -> Image.Image:
    """A unit's map (h, w), with a square for each value."""
    strength = np.clip(values / largest, 0, 1) if largest > 0 else np.zeros_like(values)
    colours = RAMP[np.rint(strength * 255).astype(np.intp)]
    opacity = np.sqrt(strength)[..., np.newaxis]  # so that weak responses are seen, too
    blended = NIGHT * (1 - opacity) + colours * opacity
    return Image.fromarray(np.rint(blended).astype(np.uint8)).resize((TILE, TILE), Image.Resampling.NEAREST)
