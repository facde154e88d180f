"""A class-activation map laid over a picture in colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import ReceptiveField
from googlenet.explanation.placement import Placement, upsample, whole_square
from googlenet.images import GREY_WEIGHTS, Rgb

ANCHORS = ((70, 20, 130), (190, 30, 110), (240, 90, 50), (255, 170, 40), (255, 240, 110))
"""Colours from weak to strong evidence. Their lightness increases, so that the order can also be seen without telling
red from green, and in grey."""

RAMP: NDArray[np.float32] = np.stack(
    [
        np.interp(np.linspace(0, 1, 256), np.linspace(0, 1, len(ANCHORS)), channel)
        for channel in zip(*ANCHORS, strict=True)
    ],
    axis=1,
).astype(np.float32)
"""(256, 3): the colours of strengths from 0 to 1."""

OPACITY, FADE = 0.82, 1.2
"""A colour's opacity is OPACITY * strength ** FADE: no evidence is transparent."""

DEPTH = 0.35
"""How much of the picture's own light and shade the colours keep, so that the picture stays visible below them."""

GREY_SHARE = 0.85
"""How far the picture is turned to grey, so that its own colours are not taken for evidence."""

UNSEEN = 0.6
"""How far what the network does not see is faded to white."""


def overlay(
    picture: Rgb,
    values: NDArray[np.float32],
    *,
    field: ReceptiveField | None = None,
    placement: Placement | None = None,
    maximum: float | None = None,
) -> Rgb:
    """Colour a picture (H, W, 3) by a map (h, w): the stronger the evidence for the class, the brighter and opaquer.

    Only positive values are shown: where the map is 0 or negative, the picture stays as it is, without its colours.
    `maximum`: the value with the brightest colour (default: the map's largest), for maps that are to be compared.
    `placement`: where the network's square lies in the picture (default: the picture is the square); what it does not
    see is faded. `field`: what a value of the map sees of the square (default: the values are spread evenly over it).
    """
    height, width = picture.shape[:2]
    place = placement or whole_square(width, height, input_size=width)
    left, top, right, bottom = (round(edge) for edge in place.seen)
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    part = picture[top:bottom, left:right]
    strength = upsample(values, part.shape[1], part.shape[0], placement=place, field=field)
    brightest = float(np.max(values)) if maximum is None else maximum
    strength = np.clip(strength / brightest, 0, 1) if brightest > 0 else np.zeros_like(strength)
    shown = np.asarray(picture, np.float32) * (1 - UNSEEN) + 255 * UNSEEN
    shown[top:bottom, left:right] = _coloured(part, strength)
    return np.asarray(np.rint(shown), np.uint8)


def _coloured(part: Rgb, strength: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blend a part of a picture (H, W, 3) with the colours of `strength` (H, W), 0 to 1."""
    pixels = np.asarray(part, np.float32)
    grey = (pixels @ np.array(GREY_WEIGHTS, np.float32))[..., np.newaxis]
    opacity = OPACITY * strength[..., np.newaxis] ** FADE
    light = 1 - DEPTH + DEPTH * grey / 255
    colours = RAMP[np.rint(strength * 255).astype(np.intp)] * light
    blended: NDArray[np.float32] = (pixels * (1 - GREY_SHARE) + grey * GREY_SHARE) * (1 - opacity) + colours * opacity
    return blended
