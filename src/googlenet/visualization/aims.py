"""What images are to excite, as a user names it: units of a layer, classes, or directions from a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import Architecture
from googlenet.architecture.layer_names import LayerInfo, find_layer, layer_names
from googlenet.errors import InputError
from googlenet.explanation import find_classes
from googlenet.files import cannot_read, check_not_special
from googlenet.model import ClassLabel

MOST_DIRECTIONS = 10_000  # in a file

UNITS = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*,?")


@dataclass(frozen=True, slots=True, eq=False)
class Aim:
    """What one image is to excite: a direction (C,) in the channels of a layer, for a unit 1 there and 0 elsewhere.

    `name` is written below the image: "4c:130", or the name of a class.
    """

    name: str
    direction: NDArray[np.float32]
    unit: int | None = None


def aims_of_units(architecture: Architecture, classes: Sequence[ClassLabel], text: str) -> tuple[LayerInfo, list[Aim]]:
    """`LAYER[:UNITS]` -> the layer, and an aim for each unit in the order of `text`; without UNITS, for all.

    UNITS are numbers and ranges (`0,5,10-20`), for the last layer also classes by name or id. Raises InputError for a
    layer or unit that the network does not have, with those that it has.
    """
    layer_text, _, units_text = text.partition(":")
    name, _ = find_layer(architecture, layer_text)
    layer = layer_names(architecture)[name]
    if not units_text.strip():
        if text.endswith(":"):
            raise InputError(f"no unit is named after the colon in {text!r}; {name} alone means all its units")
        units = list(range(layer.shape[2]))
    elif name == _logits(architecture):
        units = _class_units(classes, units_text, layer)
    else:
        units = _numbers(units_text, layer)
    labels = [label.name for label in classes] if name == _logits(architecture) else []
    return layer, [_unit_aim(layer, unit, labels) for unit in dict.fromkeys(units)]


def aims_of_directions(layer: LayerInfo, path: Path) -> list[Aim]:
    """Aims for the directions (C,) or (K, C) in a .npy file, each scaled to length 1.

    Raises InputError for a file that is not such an array of finite numbers, or has a direction of zeros.
    """
    channels = layer.shape[2]
    check_not_special(path)
    try:
        with np.errstate(over="ignore"):
            directions = np.lib.format.open_memmap(path, mode="r")  # compares the shape with the file's size
    except OSError as error:
        raise cannot_read(path, error) from error
    except Exception:  # numpy raises half a dozen types for damaged headers
        raise InputError(f"cannot read {path}: it is not an array of numbers as np.save writes it") from None
    if (
        directions.dtype.kind not in "fiu"
        or directions.ndim > 2
        or directions.shape[-1:] != (channels,)
        or not directions.size
    ):
        shape = " x ".join(map(str, directions.shape)) or "one number"
        raise InputError(
            f"cannot use {path}: it is {shape} ({directions.dtype}), but {layer.name} has {channels} channels: "
            f"give an array ({channels},) for one direction, (N, {channels}) for several"
        )
    rows = np.atleast_2d(directions)
    if len(rows) > MOST_DIRECTIONS:
        raise InputError(f"cannot use {path}: it has {len(rows):,} directions; give at most {MOST_DIRECTIONS:,}")
    with np.errstate(over="ignore"):  # what overflows is refused
        rows = rows.astype(np.float32)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise InputError(f"cannot use {path}: a direction must be finite and not all zeros")
    numbered = [""] if len(rows) == 1 else [f" {number}" for number in range(len(rows))]
    return [Aim(f"{path.stem}{number}", row) for number, row in zip(numbered, rows / lengths, strict=True)]


def _unit_aim(layer: LayerInfo, unit: int, labels: Sequence[str]) -> Aim:
    direction = np.zeros(layer.shape[2], np.float32)
    direction[unit] = 1
    return Aim(labels[unit] if labels else f"{layer.name}:{unit}", direction, unit)


def _logits(architecture: Architecture) -> str:
    return architecture.classifiers[0]


def _class_units(classes: Sequence[ClassLabel], text: str, layer: LayerInfo) -> list[int]:
    """Units of the last layer: one class, whose name may have commas, or several of numbers and classes."""
    try:
        return [int(unit) for unit in find_classes(classes, [text])]
    except InputError:
        if UNITS.fullmatch(text.strip()):
            return _numbers(text, layer)
        if "," not in text:
            raise
    return [int(unit) for unit in find_classes(classes, [one for one in text.split(",") if one.strip()])]


def _numbers(text: str, layer: LayerInfo) -> list[int]:
    last = layer.shape[2] - 1
    if not UNITS.fullmatch(text.strip()):
        raise InputError(f"cannot read the units {text!r}: give numbers and ranges, for example {layer.name}:0,5,10-20")
    units: list[int] = []
    for part in filter(None, text.strip().split(",")):
        first, _, end = part.partition("-")
        low, high = int(first), int(end or first)
        if low > high:
            raise InputError(f"the range {part} is empty: write {high}-{low}")
        if high > last:
            raise InputError(f"{layer.name} has no unit {high}: its units are 0 to {last}")
        units += range(low, high + 1)
    return units
