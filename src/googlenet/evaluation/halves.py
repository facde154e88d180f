"""Pictures in two halves that have none in common: one to fit something on, the other to measure it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def halves(names: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Split N pictures by the hashes of their names: two masks (N,), of which each picture is in one.

    A picture's half does not depend on the other pictures; the halves can differ in size.
    """
    second = np.array([name_hash(name) % 2 == 1 for name in names], np.bool_)
    return ~second, second


def name_hash(name: str) -> int:
    """A picture's number, the same everywhere; pictures in its order are in no order of their names."""
    return int.from_bytes(hashlib.blake2b(name.encode(errors="surrogateescape"), digest_size=8).digest(), "big")
