"""The input size over the course of a training: `0:64,0.5:96,0.8:128`."""

from __future__ import annotations

from itertools import pairwise

from googlenet.errors import SettingsError

TrainSizes = tuple[tuple[float, int], ...]
"""(share of the budget, input size in px from there on), ascending from 0: `((0.0, 64), (0.5, 96), (0.8, 128))`."""


def train_size_at(sizes: TrainSizes, progress: float) -> int:
    """The input size in px of the last entry that starts at or before `progress` (0 to 1)."""
    return [input_size for start, input_size in sizes if start <= progress][-1]


def parse_train_sizes(text: str) -> TrainSizes:
    """Parse "0:64,0.5:96,0.8:128", or "128" alone.

    Raises SettingsError unless the starts ascend from 0 and are below 1, and the sizes are above 0.
    """
    try:
        if ":" not in text:
            return _checked(((0.0, int(text)),))
        pairs = (entry.split(":") for entry in text.split(","))
        return _checked(tuple((float(start), int(input_size)) for start, input_size in pairs))
    except ValueError:
        raise SettingsError(f"train_sizes {text!r} cannot be read: write 128, or 0:64,0.5:96,0.8:128") from None


def format_train_sizes(sizes: TrainSizes) -> str:
    """Format `sizes`; the inverse of `parse_train_sizes`."""
    if len(sizes) == 1 and sizes[0][0] == 0:
        return str(sizes[0][1])
    return ",".join(f"{repr(float(start)).removesuffix('.0')}:{input_size}" for start, input_size in sizes)


def scaled_train_sizes(sizes: TrainSizes, factor: float) -> TrainSizes:
    """The sizes times `factor`, rounded to multiples of 8 and at least 8, for another input size."""
    return tuple((start, max(8, round(input_size * factor / 8) * 8)) for start, input_size in sizes)


def _checked(sizes: TrainSizes) -> TrainSizes:
    starts = [start for start, _ in sizes]
    if not starts or starts[0] != 0:
        raise SettingsError(f"train_sizes {format_train_sizes(sizes)!r} must start at 0, as in 0:64,0.5:96")
    if not all(before < after < 1 for before, after in pairwise(starts)):
        raise SettingsError(
            f"train_sizes {format_train_sizes(sizes)!r} must have ascending starts below 1, as in 0:64,0.5:96"
        )
    if min(input_size for _, input_size in sizes) < 1:
        raise SettingsError(f"train_sizes {format_train_sizes(sizes)!r} must be 1 px or more")
    return sizes
