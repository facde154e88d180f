"""Pictures with more than 8 bits per value -> 8 bits: which value becomes black and which white.

| values                       | black        | white                                                            |
|------------------------------|--------------|------------------------------------------------------------------|
| unsigned, 16 bits (12)       | 0            | 65,535 (4,095)                                                   |
| unsigned, 32 bits            | 0            | 65,535, or the picture's largest where that is more              |
| floats, none below 0         | 0            | the first of 1, 255, 65,535 that holds all, or else the largest  |
| signed, or floats below 0    | the smallest | the largest                                                      |

Linear in between. NaN becomes black, infinite values black or white. A white-is-zero TIFF is inverted. Colour with 16
bits per channel keeps the upper 8 (as Pillow does).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # tags of TIFF
_WHITE_IS_ZERO, _UNSIGNED, _SIGNED = 0, 1, 2  # values of the last two tags

_FEW = 4  # a note is written if this many times as many levels could be used
_SAMPLE = 1_000_000  # most pixels whose distinct values are counted


def deep_grey(image: Image.Image) -> NDArray[np.uint8] | None:
    """(H, W) uint8 of a grey picture with more than 8 bits per value, by the table above; None for other pictures."""
    if not _is_deep_grey(image):
        return None
    values = _values(image)
    black, white = _range(values, image)
    span = (white - black) or 1.0
    with np.errstate(invalid="ignore"):  # some NaNs warn when they are converted
        scaled = (np.nan_to_num(values.astype(np.float64), nan=black, posinf=white, neginf=black) - black) / span
    grey = (scaled.clip(0.0, 1.0) * 255.0).round().astype(np.uint8)
    if _tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO:
        grey = 255 - grey
    if isinstance(transparent := image.info.get("transparency"), int):
        grey[values == transparent] = 255  # on white, as every picture
    return grey


def is_deep(image: Image.Image) -> bool:
    """Whether a picture has more than 8 bits per value; a colour picture must be opened but not yet loaded."""
    return _is_deep_grey(image) or ";16" in str(getattr(image, "tile", ""))


def level_note(image: Image.Image, rgb: Image.Image) -> str | None:
    """A note if a deep picture uses few of the 256 levels: 12 bits stored in 16, for example, are almost black."""
    histogram = np.array(rgb.histogram()).reshape(-1, 256).sum(axis=0)
    levels = np.flatnonzero(histogram)
    found = _found_in_grey(image, len(levels)) if _is_deep_grey(image) else _found_in_colour(int(levels[-1]))
    return found and f"its values ({found}) become {len(levels)} of 256 levels: scale them to the full range"


def _found_in_grey(image: Image.Image, levels: int) -> str | None:
    """The values of a deep grey picture, as a phrase, if they could use more levels; else None."""
    values = _values(image)
    few = _FEW * levels <= 256 and _FEW * levels <= len(np.unique(values.ravel()[:: 1 + values.size // _SAMPLE]))
    if not few:
        return None
    black, white = _range(values, image)
    low, high = np.nanmin(values), np.nanmax(values)
    return f"from {low:,.7g} to {high:,.7g}, where {black:,.7g} is black and {white:,.7g} is white"


def _found_in_colour(brightest: int) -> str | None:
    """The values of a picture with 16 bits per channel, as a phrase, if they could use more levels; else None."""
    return f"16 bits each, the brightest {brightest} of 255" if _FEW * brightest < 256 else None


def _is_deep_grey(image: Image.Image) -> bool:
    signed_bytes = image.mode == "L" and _tag(image, _SAMPLE_FORMAT) == _SIGNED
    return signed_bytes or image.mode.startswith(("I", "F"))


def _values(image: Image.Image) -> NDArray[Any]:
    """(H, W) integers or floats of a deep grey picture, in the type of its file."""
    values = np.asarray(image)
    if image.mode == "L":
        return values.view(np.int8)
    unsigned = _tag(image, _BITS) == 32 and _tag(image, _SAMPLE_FORMAT) == _UNSIGNED
    return values.view(np.uint32) if image.mode == "I" and unsigned else values


def _range(values: NDArray[Any], image: Image.Image) -> tuple[float, float]:
    """(black, white) of deep grey values, by the table above."""
    if image.mode.startswith("I;16"):
        return 0.0, 4095.0 if _tag(image, _BITS) == 12 else 65535.0
    finite = values[np.isfinite(values)]
    darkest, brightest = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if darkest < 0 or _tag(image, _SAMPLE_FORMAT) == _SIGNED:
        return darkest, brightest
    whites = (1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)
    return 0.0, next((white for white in whites if brightest <= white), brightest)


def _tag(image: Image.Image, number: int) -> int | None:
    """The first value of a TIFF tag; None for other files."""
    value = getattr(image, "tag_v2", {}).get(number)
    first = value[0] if isinstance(value, tuple) and value else value
    return first if isinstance(first, int) else None
