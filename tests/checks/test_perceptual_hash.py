"""Close pairs of hashes: all of them, each once."""

from __future__ import annotations

import numpy as np

from googlenet.checks.duplicates import Groups
from googlenet.checks.perceptual_hash import (
    MOST_BITS_APART,
    MOST_NEIGHBOURS,
    close_pairs,
    perceptual_hash,
    similarity,
    small,
)
from tests.checks.conftest import photo


def test_the_pairs_are_those_that_comparing_all_would_find() -> None:
    generator = np.random.default_rng(0)
    hashes = generator.integers(0, 2**64, 300, np.uint64)
    for index in range(0, 300, 2):  # one to twelve bits away from the next
        bits = generator.choice(64, 1 + index % 12, replace=False)
        hashes[index] = hashes[index + 1] ^ np.bitwise_or.reduce(np.uint64(1) << bits.astype(np.uint64))
    hashes[10] = hashes[20] = hashes[30]
    expected = {
        (one, other)
        for one in range(300)
        for other in range(one + 1, 300)
        if int(hashes[one] ^ hashes[other]).bit_count() <= MOST_BITS_APART
    }
    pairs = list(close_pairs(hashes))
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == expected
    assert len(expected) > 90


def test_very_many_close_hashes_are_connected_by_few_pairs() -> None:
    groups = Groups()
    pairs = list(close_pairs(np.uint64(7) + np.arange(1500, dtype=np.uint64) % np.uint64(4)))
    for pair in pairs:
        groups.merge(*pair)
    assert [len(group) for group in groups.all()] == [1500]
    assert len(pairs) <= 1500 * MOST_NEIGHBOURS


def test_no_hashes_have_no_pairs() -> None:
    assert list(close_pairs(np.zeros(0, np.uint64))) == []


def test_other_pictures_are_far_apart() -> None:
    greys = [photo(seed).convert("L") for seed in range(40)]
    hashes = [perceptual_hash(grey) for grey in greys]
    assert min((one ^ other).bit_count() for at, one in enumerate(hashes) for other in hashes[:at]) > MOST_BITS_APART
    assert similarity(small(greys[0]), small(greys[1])) < 0.9
    assert similarity(small(greys[0]), small(greys[0])) > 0.999
    assert similarity(small(greys[0]), np.zeros((32, 32), np.uint8)) == 0
