"""A perceptual hash (pHash): 64 bits that change little when a picture is scaled, compressed or brightened.

The 8x8 lowest frequencies of the picture's 32x32 greys, each a bit: whether it is above their median. Pictures whose
hashes differ in few bits are candidates; `similarity` decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BITS = 64
MOST_BITS_APART = 8
"""Bits in which hashes of near duplicates may differ: 98 % of pictures cropped by 2 % a side keep it."""

MOST_NEIGHBOURS = 16
"""Close pictures named for each one in a bucket: of thousands that are all alike, more pairs would say no more."""

_SIDE = 32  # px of the picture that is transformed
_LOW = 8  # frequencies kept in each direction
_DCT = np.cos(np.pi / (2 * _SIDE) * np.outer(np.arange(_LOW), 2 * np.arange(_SIDE) + 1))
_BANDS = MOST_BITS_APART + 1  # of hashes that differ in k bits, k + 1 bands cannot all differ
_AT_ONCE = 2**19  # hashes compared with each other at once


def perceptual_hash(grey: Image.Image) -> int:
    """The hash of a grey picture, as an integer below 2**64."""
    frequencies = (_DCT @ small(grey) @ _DCT.T).ravel()
    return int.from_bytes(np.packbits(frequencies > np.median(frequencies[1:])).tobytes(), "big")


def small(grey: Image.Image) -> NDArray[np.uint8]:
    """(32, 32): the picture reduced to a square, its sides scaled as they come."""
    return np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BOX), np.uint8)


def similarity(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The correlation of two pictures as `small` makes them, -1 to 1; 0 if one is of a single grey."""
    first, second = one - one.mean(), other - other.mean()
    norms = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / norms) if norms > 0 else 0.0


def close_pairs(hashes: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
    """Yield the pairs (i, j), i < j, of hashes (N,) that differ in at most `MOST_BITS_APART` bits, each once.

    Of very many close ones each is paired with the `MOST_NEIGHBOURS` after it, equal ones first, so that they are still
    connected. Hashes are sorted into buckets by bands of 7 or 8 bits, of which close ones share at least one, and
    compared within their bucket: for 10,000 pictures a hundredth of all pairs.
    """
    edges = np.linspace(0, BITS, _BANDS + 1).round().astype(int)
    bands = [(hashes >> np.uint64(low)) & np.uint64(2 ** (high - low) - 1) for low, high in pairwise(edges)]
    for number, band in enumerate(bands):
        order = np.lexsort((hashes, band))
        starts = np.flatnonzero(np.diff(band[order])) + 1
        for bucket in np.split(order, starts):
            rows = max(1, _AT_ONCE // max(1, len(bucket)))
            for top in range(0, len(bucket), rows):
                yield from _close_in_bucket(hashes, bands[:number], bucket[top:], rows)


def _close_in_bucket(
    hashes: NDArray[np.uint64], earlier: list[NDArray[np.uint64]], bucket: NDArray[np.intp], rows: int
) -> Iterator[tuple[int, int]]:
    """The close pairs of the first `rows` members of a bucket with those after them; not those of an earlier band."""
    bits = _count_bits(hashes[bucket[:rows]][:, np.newaxis] ^ hashes[bucket])
    close = np.triu(bits <= MOST_BITS_APART, 1)
    close &= np.cumsum(close, axis=1, dtype=np.int32) <= MOST_NEIGHBOURS
    for row, column in zip(*np.nonzero(close), strict=True):
        one, other = int(bucket[row]), int(bucket[column])
        if not any(band[one] == band[other] for band in earlier):
            yield min(one, other), max(one, other)


def _count_bits(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The number of bits that are 1, for each value (numpy has this only since 2.0)."""
    for shift, mask in ((1, 0x5555555555555555), (2, 0x3333333333333333), (4, 0x0F0F0F0F0F0F0F0F)):
        values = (values & np.uint64(mask)) + ((values >> np.uint64(shift)) & np.uint64(mask))
    return (values * np.uint64(0x0101010101010101)) >> np.uint64(56)
