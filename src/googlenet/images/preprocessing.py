"""The `Preprocessing` record: how a picture becomes a model's input."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from googlenet.errors import InputError
from googlenet.images.decode import Rgb
from googlenet.images.resize import FITS, Fit, fit_square

ChannelOrder = Literal["RGB", "BGR", "GREY"]
CHANNEL_ORDERS: tuple[ChannelOrder, ...] = get_args(ChannelOrder)

IMAGENET_MEAN_RGB = (124.0, 117.0, 104.0)
GREY_WEIGHTS = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey: ITU-R 601, as in Pillow's convert("L")."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """From a picture to the input: scale to `resize_size`, crop the centre to `input_size`, (pixel - mean) * scale.

    `mean` and `scale` are for pixels of 0..255, in the network's channel order. Raises `InputError` for invalid values.
    """

    input_size: int
    resize_size: int
    fit: Fit
    channel_order: ChannelOrder
    mean: tuple[float, ...]
    scale: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check all values; errors name the key."""
        for key in ("input_size", "resize_size"):
            value = getattr(self, key)
            _demand(type(value) is int and value >= 1, key, value, "an integer of at least 1 (pixels)")
        _demand(
            self.resize_size >= self.input_size,
            "resize_size",
            self.resize_size,
            f"at least input_size ({self.input_size})",
        )
        _demand(self.fit in FITS, "fit", self.fit, f"one of {', '.join(FITS)}")
        orders = ", ".join(CHANNEL_ORDERS)
        _demand(self.channel_order in CHANNEL_ORDERS, "channel_order", self.channel_order, f"one of {orders}")
        for key in ("mean", "scale"):
            values = getattr(self, key)
            numbers = isinstance(values, tuple) and all(_is_finite_number(value) for value in values)
            _demand(
                numbers and len(values) == self.channels,
                key,
                values,
                f"{self.channels} finite number(s), because channel_order is {self.channel_order}",
            )
        _demand(all(value > 0 for value in self.scale), "scale", self.scale, "greater than 0")

    @property
    def channels(self) -> int:
        """Channels of the network's input: 3, or 1 for GREY."""
        return 1 if self.channel_order == "GREY" else 3

    @property
    def mean_rgb(self) -> tuple[int, int, int]:
        """The mean as an RGB colour, 0..255, used to fill borders: it is 0 after preprocessing."""
        mean = self.mean * 3 if self.channels == 1 else self.mean
        ordered = reversed(mean) if self.channel_order == "BGR" else mean
        red, green, blue = (round(min(max(value, 0.0), 255.0)) for value in ordered)
        return red, green, blue

    def to_dict(self) -> dict[str, Any]:
        """The record as plain values, for JSON."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in record.items()}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Preprocessing:
        """The inverse of `to_dict`; raises `InputError` for unknown and missing keys and invalid values."""
        known = {field.name for field in fields(cls)}
        for what, keys in (("unknown", record.keys() - known), ("missing", known - record.keys())):
            if keys:
                raise InputError(f"preprocessing: {what} key(s) {', '.join(sorted(keys))}")
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in record.items()
        }
        return cls(**values)


def to_square(image: Rgb, preprocessing: Preprocessing) -> Rgb:
    """Turn a whole picture into the (S, S, 3) uint8 RGB square that is an engine's input."""
    return fit_square(
        image,
        preprocessing.input_size,
        fit=preprocessing.fit,
        resize_size=preprocessing.resize_size,
        fill=preprocessing.mean_rgb,
    )


def _is_finite_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _demand(holds: bool, key: str, value: object, what: str) -> None:
    if not holds:
        raise InputError(f"preprocessing: {key} must be {what}, not {value!r}")


DEFAULT_PREPROCESSING = Preprocessing(224, 256, "crop", "RGB", IMAGENET_MEAN_RGB, (1 / 58,) * 3)
