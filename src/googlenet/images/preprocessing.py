"""The `Preprocessing` record: all that a model says about how a picture becomes its input."""

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
"""What red, green and blue count in grey: ITU-R 601, as Pillow's convert("L")."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """From a picture to the input: scale to `resize_size`, cut the centre `input_size`, then (pixel - mean) * scale.

    `mean` and `scale` are on 0..255, in the order of the channels that the network gets. Raises `InputError` for values
    that cannot be.
    """

    input_size: int
    resize_size: int
    fit: Fit
    channel_order: ChannelOrder
    mean: tuple[float, ...]
    scale: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be, naming the key."""
        for key in ("input_size", "resize_size"):
            value = getattr(self, key)
            _demand(type(value) is int and value >= 1, key, value, "a whole number of pixels from 1")
        _demand(
            self.resize_size >= self.input_size,
            "resize_size",
            self.resize_size,
            f"at least input_size, which is {self.input_size}",
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
        """The mean as a colour, red first, 0..255: what a border that the network does not see is filled with."""
        mean = self.mean * 3 if self.channels == 1 else self.mean
        ordered = reversed(mean) if self.channel_order == "BGR" else mean
        red, green, blue = (round(min(max(value, 0.0), 255.0)) for value in ordered)
        return red, green, blue

    def to_dict(self) -> dict[str, Any]:
        """Give the record as plain values for JSON."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in record.items()}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Preprocessing:
        """Read what `to_dict` wrote; unknown, missing and impossible keys are an `InputError` that names them."""
        known = {field.name for field in fields(cls)}
        for what, keys in (("unknown", record.keys() - known), ("missing", known - record.keys())):
            if keys:
                raise InputError(f"preprocessing: {what} key(s) {', '.join(sorted(keys))}")
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in record.items()
        }
        return cls(**values)


def to_square(image: Rgb, preprocessing: Preprocessing) -> Rgb:
    """Make a whole picture the (S, S, 3) uint8 RGB square that an engine takes."""
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
        raise InputError(f"preprocessing: {key} is {value!r}, it must be {what}")


DEFAULT_PREPROCESSING = Preprocessing(224, 256, "crop", "RGB", IMAGENET_MEAN_RGB, (1 / 58,) * 3)
