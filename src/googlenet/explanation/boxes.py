"""Boxes from class-activation maps, as Zhou et al. (2016) make them: a threshold, then the largest component."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import ReceptiveField
from googlenet.errors import InputError
from googlenet.explanation.placement import Placement, upsample

THRESHOLD = 0.2
"""Share of the map's maximum above which a place belongs to the object: 20 %, as in the paper's Section 3.2."""

GRID = 56
"""Places along the longer side of the grid on which components are found: eight for each value of a 7x7 map."""


@dataclass(frozen=True, slots=True)
class PictureBox:
    """A box in whole pixels of the picture: its left upper corner (`x`, `y`), `width` and `height`."""

    x: int
    y: int
    width: int
    height: int

    def to_dict(self) -> dict[str, int]:
        """The four numbers by name."""
        return asdict(self)


def find_box(
    values: NDArray[np.float32], *, placement: Placement, field: ReceptiveField | None, threshold: float = THRESHOLD
) -> PictureBox | None:
    """The box around the largest connected part of a map (h, w) that is above `threshold` times its maximum.

    The map is upsampled over the part of the picture that the network sees. None if nothing there is evidence for
    the class, that is, if no value is positive. Raises InputError for a threshold outside of 0 to 1.
    """
    if not 0 <= threshold < 1:
        raise InputError(f"the threshold of a box must be at least 0 and less than 1, not {threshold}")
    grid, corner, step = _grid(values, placement, field)
    if not grid.max() > 0:
        return None
    rows, columns = np.nonzero(largest_component(grid > threshold * grid.max()))
    left, right = (round(corner[0] + edge * step[0], 6) for edge in (int(columns.min()), int(columns.max()) + 1))
    top, bottom = (round(corner[1] + edge * step[1], 6) for edge in (int(rows.min()), int(rows.max()) + 1))
    x, y = math.floor(left), math.floor(top)
    return PictureBox(x, y, math.ceil(right) - x, math.ceil(bottom) - y)


def find_peak(values: NDArray[np.float32], *, placement: Placement, field: ReceptiveField | None) -> tuple[int, int]:
    """The place (x, y) in whole pixels of the picture where a map (h, w) is largest."""
    grid, corner, step = _grid(values, placement, field)
    row, column = np.unravel_index(grid.argmax(), grid.shape)
    return int(corner[0] + (column + 0.5) * step[0]), int(corner[1] + (row + 0.5) * step[1])


def _grid(
    values: NDArray[np.float32], placement: Placement, field: ReceptiveField | None
) -> tuple[NDArray[np.float32], tuple[float, float], tuple[float, float]]:
    """The map on a grid over the part of the picture that is seen: its values, left upper corner and steps in px."""
    left, top, right, bottom = placement.seen
    longer = max(right - left, bottom - top)
    columns, rows = (max(1, round(GRID * length / longer)) for length in (right - left, bottom - top))
    grid = upsample(values, columns, rows, placement=placement, field=field)
    return grid, (left, top), ((right - left) / columns, (bottom - top) / rows)


def largest_component(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected part of a mask (h, w) with at least one place; neighbours touch along an edge or a corner.

    Of several equally large ones, the first in reading order.
    """
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    largest: list[tuple[int, int]] = []
    for start in sorted(left):
        if start not in left:
            continue
        left.discard(start)
        found = [start]
        for y, x in found:  # grows while it is walked
            near = {(y + down, x + right) for down in (-1, 0, 1) for right in (-1, 0, 1)} & left
            left -= near
            found += near
        largest = max(largest, found, key=len)
    component = np.zeros_like(mask)
    component[tuple(np.transpose(largest))] = True
    return component
