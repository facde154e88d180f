"""Weights as the kernels read them: panels of output channels, in lines of 64 bytes; Winograd's transforms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LINE = 16
"""Floats in 64 bytes, to which whatever the kernels read and write is aligned."""

TRANSFORMS: dict[int, NDArray[np.float64]] = {
    2: np.array([[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]]),
    4: np.array(
        [
            [1 / 4, 0, 0],
            [-1 / 6, -1 / 6, -1 / 6],
            [-1 / 6, 1 / 6, -1 / 6],
            [1 / 24, 1 / 12, 1 / 6],
            [1 / 24, -1 / 12, 1 / 6],
            [0, 0, 1],
        ]
    ),
}
"""Of a kernel's side, for tiles of that many outputs (Lavin and Gray, Fast Algorithms for Convolutional Neural
Networks, 2015); the kernels in C have the two other transforms that belong to it."""


def aligned_zeros(size: int) -> NDArray[np.float32]:
    """Zeros that begin at a line."""
    memory = np.zeros(size + LINE, np.float32)
    first = -memory.ctypes.data // memory.itemsize % LINE
    return memory[first : first + size]


def pack_direct(kernel: NDArray[Any], panel: int) -> NDArray[np.float32]:
    """(out, in, side, side) -> (panels, side * side * in, panel): the order in which a row of a kernel is one run."""
    rows = kernel.transpose(2, 3, 1, 0).reshape(1, -1, len(kernel))
    return _pack(rows, panel)[:, 0]


def pack_winograd(kernel: NDArray[Any], tile: int, panel: int) -> NDArray[np.float32]:
    """(out, in, 3, 3) -> (panels, places, in, panel) of the transformed kernels, transform * kernel * its transpose."""
    both = np.kron(TRANSFORMS[tile], TRANSFORMS[tile]).astype(np.float32)
    rows = both @ kernel.transpose(2, 3, 1, 0).reshape(9, -1)
    return _pack(rows.reshape(len(both), kernel.shape[1], len(kernel)), panel)


def pack_biases(biases: NDArray[Any], panel: int) -> NDArray[np.float32]:
    """(out,) -> (panels, panel)."""
    return _pack(biases.reshape(1, 1, -1), panel)[:, 0, 0]


def join_packed(parts: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Packed arrays one behind the other, along their first axis."""
    joined = aligned_zeros(sum(part.size for part in parts)).reshape(-1, *parts[0].shape[1:])
    return np.concatenate(parts, out=joined)


def _pack(rows: NDArray[Any], panel: int) -> NDArray[np.float32]:
    """(places, depth, out) -> (panels, places, depth, panel), zeros behind the last output."""
    places, depth, channels = rows.shape
    panels = -(-channels // panel)
    packed = aligned_zeros(panels * places * depth * panel).reshape(panels, places, depth, panel)
    for number in range(panels):
        part = rows[..., number * panel : (number + 1) * panel]
        packed[number, ..., : part.shape[-1]] = part
    return packed
