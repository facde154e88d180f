"""The names of the pictures in a prediction file, as a set with 16 bytes per name."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from googlenet.predictions.row import written_name

DIGEST_SIZE = 16  # bytes: collisions are practically impossible


class PictureNames:
    """A set of names, as written in files, that stores only their digests, sorted when they are first searched."""

    def __init__(self) -> None:
        self._added = bytearray()
        self._sorted = np.empty(0, f"S{DIGEST_SIZE}")

    def add(self, name: str) -> None:
        """Add a name."""
        self._added += _digest(name)

    def __contains__(self, name: str) -> bool:
        if self._added:
            new = np.frombuffer(bytes(self._added), self._sorted.dtype)
            self._sorted = np.sort(np.concatenate([self._sorted, new]))
            self._added.clear()
        wanted = np.array(_digest(name), self._sorted.dtype)
        start, end = (np.searchsorted(self._sorted, wanted, side) for side in ("left", "right"))
        return bool(start < end)


def _digest(name: str) -> bytes:
    return blake2b(written_name(name).encode(), digest_size=DIGEST_SIZE).digest()
