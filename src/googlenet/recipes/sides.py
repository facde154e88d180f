"""The side of training squares as it grows with the training: `0:64,0.5:96,0.8:128`."""

from __future__ import annotations

from itertools import pairwise

from googlenet.errors import SettingsError

Sides = tuple[tuple[float, int], ...]
"""(share of the budget done, side in px from there on), ascending from 0: `((0.0, 64), (0.5, 96), (0.8, 128))`."""


def image_side_at(sides: Sides, progress: float) -> int:
    """The side in px of the last entry that starts at or before `progress` (0 to 1)."""
    return [side for start, side in sides if start <= progress][-1]


def parse_sides(text: str) -> Sides:
    """Read "0:64,0.5:96,0.8:128", or "128" alone.

    Raises SettingsError unless the starts ascend from 0 and stay below 1, and the sides are above 0.
    """
    try:
        if ":" not in text:
            return _checked(((0.0, int(text)),))
        pairs = (entry.split(":") for entry in text.split(","))
        return _checked(tuple((float(start), int(side)) for start, side in pairs))
    except ValueError:
        raise SettingsError(f"train_sides {text!r} cannot be read: write 128, or 0:64,0.5:96,0.8:128") from None


def format_sides(sides: Sides) -> str:
    """Write `sides` so that `parse_sides` reads the same."""
    if len(sides) == 1 and sides[0][0] == 0:
        return str(sides[0][1])
    return ",".join(f"{repr(float(start)).removesuffix('.0')}:{side}" for start, side in sides)


def scaled_sides(sides: Sides, factor: float) -> Sides:
    """The sides times `factor`, to the nearest multiple of 8 and at least 8, for a network of another side."""
    return tuple((start, max(8, round(side * factor / 8) * 8)) for start, side in sides)


def _checked(sides: Sides) -> Sides:
    starts = [start for start, _ in sides]
    if not starts or starts[0] != 0:
        raise SettingsError(f"train_sides {format_sides(sides)!r} must start at 0, as in 0:64,0.5:96")
    if not all(before < after < 1 for before, after in pairwise(starts)):
        raise SettingsError(
            f"train_sides {format_sides(sides)!r} must have ascending starts below 1, as in 0:64,0.5:96"
        )
    if min(side for _, side in sides) < 1:
        raise SettingsError(f"train_sides {format_sides(sides)!r} must be 1 px or more")
    return sides
