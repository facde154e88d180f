"""The filters of the first layer as one figure: the only ones that can be looked at as pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from googlenet.architecture import build_architecture
from googlenet.architecture.layers import Convolution
from googlenet.errors import InputError
from googlenet.images import Rgb
from googlenet.images.lettering import line_height, wrap_text, write_line, write_lines
from googlenet.model import Model

COLUMNS = 8
CELL, GAP, MARGIN = 98, 16, 40  # px; a 7x7 filter has 14 px a weight
TITLE, TEXT, LABEL = 30, 19, 15  # px: heights of text
BACKGROUND, INK, FAINT = (255, 255, 255), (29, 29, 31), (99, 99, 104)

NOTE = "Each filter is drawn as the colours that excite it most, on a scale of its own; mid grey is a weight of 0."


def first_filters(model: Model) -> NDArray[np.float32]:
    """The weights (filters, k, k, 3) of the first convolution for pixels in RGB, or (filters, k, k, 1) in grey.

    Raises InputError for a network that does not begin with a convolution.
    """
    layer = build_architecture(model.spec).rows[0].layers[0]
    if not isinstance(layer, Convolution):
        raise InputError(f"the variant {model.spec.variant} does not begin with a convolution, so it has no filters")
    weights = model.weights[f"{layer.name}.weight"] * np.array(model.preprocessing.scale, np.float32)[:, None, None]
    if model.preprocessing.channel_order == "BGR":
        weights = weights[:, ::-1]
    return np.ascontiguousarray(weights.transpose(0, 2, 3, 1))


def filter_pictures(filters: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Filters (filters, k, k, 3 or 1) -> RGB pictures (filters, k, k, 3): 128 is 0, the largest weight is 0 or 255."""
    largest = np.abs(filters).max(axis=(1, 2, 3), keepdims=True)
    scaled = filters / np.where(largest > 0, largest, 1)
    return np.broadcast_to(np.rint(127.5 + 127.5 * scaled), (*filters.shape[:3], 3)).astype(np.uint8)


def draw_filters(model: Model, *, name: str) -> Image.Image:
    """Draw the filters of the first layer of the model `name`, numbered as its units are."""
    filters = first_filters(model)
    pictures = filter_pictures(filters)
    count, size = filters.shape[:2]
    columns = min(COLUMNS, count)
    width = 2 * MARGIN + max(columns, COLUMNS) * (CELL + GAP) - GAP
    layer = build_architecture(model.spec).rows[0].name
    title = f"{name}: the {count} filters of {layer}, {size} x {size} px each"
    note = wrap_text(NOTE, TEXT, room=width - 2 * MARGIN, lines=3)
    head = MARGIN + line_height(TITLE) + len(note) * line_height(TEXT) + GAP
    step = CELL + line_height(LABEL) + GAP
    rows = -(-count // columns)
    sheet = Image.new("RGB", (width, head + rows * step + MARGIN - GAP), BACKGROUND)
    write_line(sheet, (MARGIN, MARGIN - 6), title, TITLE, INK, room=width - 2 * MARGIN)
    below = MARGIN + line_height(TITLE)
    write_lines(sheet, (MARGIN, below), note, TEXT, FAINT, line_height=line_height(TEXT))
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        left, top = MARGIN + column * (CELL + GAP), head + row * step
        sheet.paste(_enlarged(picture), (left, top))
        write_line(sheet, (left, top + CELL), str(number), LABEL, FAINT, room=CELL)
    return sheet


def _enlarged(picture: Rgb) -> Image.Image:
    """A filter with sharp edges between its weights."""
    return Image.fromarray(picture).resize((CELL, CELL), Image.Resampling.NEAREST)
