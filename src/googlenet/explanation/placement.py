"""Where the network's square lies in the picture, and where the values of a map lie in the square."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from googlenet.architecture import ReceptiveField
from googlenet.images import Box, Preprocessing, crop_views


@dataclass(frozen=True, slots=True)
class Placement:
    """The part of a picture that the network sees, `seen`, and the part of the square that it fills, `filled`.

    Both are (left, top, right, bottom): `seen` in px of the picture, `filled` in px of the square of `input_size` px.
    They undo the square's crop, squash or letterbox; the borders of a letterbox lie outside of `filled`.
    """

    seen: Box
    filled: Box
    input_size: int


def place_square(width: int, height: int, preprocessing: Preprocessing) -> Placement:
    """The placement of the square that a model with this preprocessing cuts from a picture of that size."""
    (view,) = crop_views(width, height, preprocessing, 1)
    left, top, right, bottom = view.box
    columns, rows = view.scaled
    inside = max(0, left), max(0, top), min(columns, right), min(rows, bottom)
    x_left, x_right = (edge * width / columns for edge in inside[::2])
    y_top, y_bottom = (edge * height / rows for edge in inside[1::2])
    return Placement(
        seen=(x_left, y_top, x_right, y_bottom),
        filled=(inside[0] - left, inside[1] - top, inside[2] - left, inside[3] - top),
        input_size=preprocessing.input_size,
    )


def whole_square(width: int, height: int, *, input_size: int) -> Placement:
    """The placement of a square that is all of a picture of that size."""
    return Placement((0, 0, width, height), (0, 0, input_size, input_size), input_size)


def upsample(
    values: NDArray[np.float32], width: int, height: int, *, placement: Placement, field: ReceptiveField | None
) -> NDArray[np.float32]:
    """A map (h, w) -> (`height`, `width`) float32 over the part of the picture that is `seen`, smoothly interpolated.

    The i-th value belongs at the centre of what it sees of the square: `field.centre` + i * `field.stride` px. With
    GoogLeNet's pools, whose windows begin at the edge, that is 14.5 px further right and down than the centre of the
    i-th seventh of the square. Beyond the outermost centres values stay the same. Without `field`, they are spread
    evenly.
    """
    step = placement.input_size / values.shape[0]
    centre, stride = (step / 2, step) if field is None else (field.centre, field.stride)
    around = 1 + math.ceil(placement.input_size / stride)  # no place in the square is further from a centre, in values
    padded = np.pad(np.asarray(values, np.float32), around, mode="edge")
    left, top, right, bottom = ((edge - centre) / stride + around + 0.5 for edge in placement.filled)
    box = (left, top, right, bottom)
    return np.array(Image.fromarray(padded).resize((width, height), Image.Resampling.BICUBIC, box=box), np.float32)
