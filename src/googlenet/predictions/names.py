"""The names of the pictures that a file of rows holds: 16 bytes for each, however long it is."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from googlenet.predictions.row import written_name

SUM = 16  # bytes of a sum: no two names that there will ever be share one


class PictureNames:
    """A set of names, as files hold them, of which only the sums are kept, in sorted order once they are asked for."""

    def __init__(self) -> None:
        self._added = bytearray()
        self._sorted = np.empty(0, f"S{SUM}")

    def add(self, name: str) -> None:
        """Take up a name."""
        self._added += _sum(name)

    def __contains__(self, name: str) -> bool:
        if self._added:
            new = np.frombuffer(bytes(self._added), self._sorted.dtype)
            self._sorted = np.sort(np.concatenate([self._sorted, new]))
            self._added.clear()
        wanted = np.array(_sum(name), self._sorted.dtype)
        first, behind = (np.searchsorted(self._sorted, wanted, side) for side in ("left", "right"))
        return bool(first < behind)


def _sum(name: str) -> bytes:
    return blake2b(written_name(name).encode(), digest_size=SUM).digest()
