"""Weights as the kernels read them: panels of output channels, in lines of 64 bytes; Winograd's transforms."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

LINE = 64
"""Bytes to which whatever the kernels read and write is aligned."""

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
"""Of a row of a kernel, for tiles of that many outputs (Lavin and Gray, Fast Algorithms for Convolutional Neural
Networks, 2015); the kernels in C have the two other transforms that belong to it."""


def aligned_zeros(size: int, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """`size` zeros that begin at a line."""
    length = size * np.dtype(dtype).itemsize
    memory = np.zeros(length + LINE, np.uint8)
    first = -memory.ctypes.data % LINE
    return memory[first : first + length].view(dtype)


def pack_direct(kernel: NDArray[Any], panel: int) -> NDArray[np.float32]:
    """(out, in, size, size) -> (panels, size * size * in, panel): the order in which a row of a kernel is one run."""
    rows = kernel.transpose(2, 3, 1, 0).reshape(-1, len(kernel), 1)
    return _pack(rows.astype(np.float32, copy=False), panel)[..., 0]


def pack_winograd(kernel: NDArray[Any], tile: int, panel: int) -> NDArray[np.float32]:
    """(out, in, 3, 3) -> (panels, places, in, panel) of the transformed kernels, transform * kernel * its transpose."""
    both = np.kron(TRANSFORMS[tile], TRANSFORMS[tile]).astype(np.float32)
    rows = both @ kernel.transpose(2, 3, 1, 0).reshape(9, -1)
    return _pack(rows.reshape(len(both), kernel.shape[1], len(kernel), 1), panel)[..., 0]


def pack_biases(biases: NDArray[Any], panel: int) -> NDArray[np.float32]:
    """(out,) -> (panels, panel)."""
    return _pack(biases.reshape(-1, 1).astype(np.float32), panel)[..., 0]


def join_packed(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Packed arrays one behind the other, along their first axis."""
    if len(parts) == 1:
        return parts[0]
    joined = aligned_zeros(sum(part.size for part in parts), parts[0].dtype).reshape(-1, *parts[0].shape[1:])
    return np.concatenate(parts, out=joined)


def _pack(rows: NDArray[Any], panel: int) -> NDArray[Any]:
    """(..., out, beside) -> (panels, ..., panel, beside), zeros behind the last output."""
    *before, channels, beside = rows.shape
    panels = -(-channels // panel)
    packed = aligned_zeros(panels * prod(before) * panel * beside, rows.dtype)
    packed = packed.reshape(panels, *before, panel, beside)
    for number in range(panels):
        part = rows[..., number * panel : (number + 1) * panel, :]
        packed[number, ..., : part.shape[-2], :] = part
    return packed


INPUT_TRANSFORMS: dict[int, NDArray[np.int64]] = {
    2: np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]]),
    4: np.array(
        [
            [4, 0, -5, 0, 1, 0],
            [0, -4, -4, 1, 1, 0],
            [0, 4, -4, -1, 1, 0],
            [0, -2, -1, 2, 1, 0],
            [0, 2, -1, -2, 1, 0],
            [0, 4, 0, -5, 0, 1],
        ]
    ),
}
"""Of a square of the input, as the kernels compute them."""

INT16_FACTORS = {2: np.ones(4), 4: np.array([4, 4, 4, 4, 4, 1.0])}
"""What the rows of a transformed kernel are multiplied by before they are rounded; the kernels in C divide by it."""


def pack_winograd_int16(
    kernel: NDArray[Any], tile: int, panel: int, qmax: int
) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """(out, in, 3, 3) -> transformed kernels in 16 bits, (panels, places, in / 2, panel, 2), and the scales (out,).

    As fine as 32 bits hold the sums of, for inputs up to `qmax`.
    """
    factors = TRANSFORMS[tile] * INT16_FACTORS[tile][:, None]
    transformed = np.kron(factors, factors).astype(np.float32) @ kernel.transpose(2, 3, 1, 0).reshape(9, -1)
    rows = transformed.reshape(-1, kernel.shape[1], len(kernel))
    reach = np.abs(INPUT_TRANSFORMS[tile]).sum(1)
    largest_input = np.outer(reach, reach).reshape(-1) * qmax
    sizes = np.abs(rows)
    sums = (sizes.sum(1) * largest_input[:, None]).max(0) * (1 + 1e-5)  # these are float32
    rounding = kernel.shape[1] * largest_input.max() / 2
    scales = np.maximum(sizes.max((0, 1)) / (2**15 - 1), sums / (2**31 - 1 - rounding))
    scales[scales == 0] = 1
    rows /= scales.astype(np.float32)
    rounded = np.rint(rows, out=rows).astype(np.int16)
    pairs = rounded.reshape(len(rounded), -1, 2, len(kernel)).swapaxes(2, 3)
    return _pack(pairs, panel), scales / (INT16_FACTORS[tile][0] ** 2)


def fit_int16_sums(
    weights: NDArray[np.int8], scales: NDArray[Any], group: int, qmax: int
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Weights (out, in, size, size) and scales: 16 bits hold `group` products of pairs with inputs up to `qmax`.

    Filters that would overflow are made coarser, until they do not.
    """
    fitted, share = weights.copy(), np.ones(len(weights))
    bound = (2**15 - 1) // qmax
    while (over := (reach := _largest_sums(fitted, group)) > bound).any():
        share[over] *= 0.99 * bound / reach[over]
        fitted[over] = np.rint(weights[over] * share[over, None, None, None])
    return fitted, scales / share


def _largest_sums(weights: NDArray[np.int8], group: int) -> NDArray[np.int16]:
    """The largest sum of positive, or of negative, weights that meet in one number of 16 bits, of each filter."""
    rows = _rows_of_bytes(weights, 4 * group).astype(np.int16)
    largest = np.zeros(len(weights), np.int16)
    for one_sign in (np.maximum(rows, 0), np.maximum(-rows, 0)):
        pairs = one_sign[..., ::2] + one_sign[..., 1::2]
        steps = pairs.reshape(len(weights), -1, group, 2)
        sums = sum(steps[:, :, step] for step in range(group))
        np.maximum(largest, np.max(sums, axis=(1, 2)), out=largest)
    return largest


def _rows_of_bytes(weights: NDArray[np.int8], part: int) -> NDArray[np.int8]:
    """(out, in, size, size) -> (out, rows, run): each row of a kernel as a run of whole parts, zeros behind it."""
    rows = weights.transpose(0, 2, 3, 1).reshape(len(weights), weights.shape[2], -1)
    return np.pad(rows, ((0, 0), (0, 0), (0, -rows.shape[2] % part)))


def pack_int8(weights: NDArray[np.int8], panel: int, part: int) -> NDArray[np.int8]:
    """(out, in, size, size) -> (panels, runs / 4, panel, 4)."""
    return _pack(_rows_of_bytes(weights, part).reshape(len(weights), -1, 4).swapaxes(0, 1), panel)
