"""Resizing, and the three ways of fitting a whole picture into a square."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from PIL import Image

from googlenet.errors import InputError
from googlenet.images.decode import Rgb

Fit = Literal["crop", "squash", "letterbox"]
FITS: tuple[Fit, ...] = get_args(Fit)

Interpolation = Literal["bilinear", "area", "nearest", "bicubic", "lanczos"]
INTERPOLATIONS: dict[Interpolation, Image.Resampling] = {
    "bilinear": Image.Resampling.BILINEAR,
    "area": Image.Resampling.BOX,
    "nearest": Image.Resampling.NEAREST,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_WIDEST_FILTER = 3.0  # Lanczos: support in pixels of the smaller picture

Box = tuple[float, float, float, float]


def resize_image(
    image: Rgb, width: int, height: int, *, box: Box | None = None, interpolation: Interpolation = "bilinear"
) -> Rgb:
    """Resize the part `box` (left, top, right, bottom in pixels, fractions allowed) of `image` to (height, width, 3).

    All but `nearest` are antialiased when shrinking. The filter also reads pixels just outside the box, so that
    crop-then-resize equals resize-then-crop.
    """
    left, top, right, bottom = box or (0.0, 0.0, image.shape[1], image.shape[0])
    # Pass Pillow only what the filter can reach: less to copy, and its float32 boxes stay exact in long pictures.
    rows = _within_reach(top, bottom, height, image.shape[0])
    columns = _within_reach(left, right, width, image.shape[1])
    near = Image.fromarray(np.ascontiguousarray(image[rows, columns]))
    moved = (left - columns.start, top - rows.start, right - columns.start, bottom - rows.start)
    return np.array(near.resize((width, height), INTERPOLATIONS[interpolation], box=moved))


def _within_reach(start: float, stop: float, size: int, length: int) -> slice:
    reach = _WIDEST_FILTER * max(1.0, (stop - start) / size) + 1.0
    return slice(max(0, math.floor(start - reach)), min(length, math.ceil(stop + reach)))


def fit_square(
    image: Rgb,
    input_size: int,
    *,
    fit: Fit,
    resize_size: int | None = None,
    fill: tuple[int, int, int] = (124, 117, 104),
) -> Rgb:
    """Scale a picture (H, W, 3) to `resize_size` (default: `input_size`) and crop its centre (S, S, 3).

    `squash` scales both sides to `resize_size`, `crop` the shorter side, `letterbox` the longer side, with borders
    filled with `fill`. Only pixels of the square are computed, so extreme aspect ratios cost no more. Raises
    `InputError` if resize_size < input_size.
    """
    resize_size = input_size if resize_size is None else resize_size
    if input_size < 1 or resize_size < input_size:
        raise InputError(
            f"a picture scaled to {resize_size} px cannot fill a square of {input_size} px: "
            "resize_size must be >= input_size >= 1"
        )
    height, width = image.shape[:2]
    scaled_width, scaled_height = scaled_size(width, height, resize_size, fit)
    left, right, inner_width = _centre(width, scaled_width, input_size)
    top, bottom, inner_height = _centre(height, scaled_height, input_size)
    inner = resize_image(image, inner_width, inner_height, box=(left, top, right, bottom))
    if (inner_width, inner_height) == (input_size, input_size):
        return inner
    square = np.full((input_size, input_size, 3), fill, dtype=np.uint8)
    x, y = (input_size - inner_width) // 2, (input_size - inner_height) // 2
    square[y : y + inner_height, x : x + inner_width] = inner
    return square


def scaled_size(width: int, height: int, resize_size: int, fit: Fit) -> tuple[int, int]:
    """(width, height) of the whole scaled picture, before its centre is cropped."""
    if fit == "squash":
        return resize_size, resize_size
    whole = min(width, height) if fit == "crop" else max(width, height)
    return max(1, round(width * resize_size / whole)), max(1, round(height * resize_size / whole))


def _centre(length: int, scaled: int, input_size: int) -> tuple[float, float, int]:
    """Along one axis: start and stop in the original picture, and how many of the `input_size` pixels they fill."""
    shown = min(scaled, input_size)
    start = (scaled - shown) // 2
    return start * length / scaled, (start + shown) * length / scaled, shown
