"""The training pictures, kept decoded in memory up to a limit."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from googlenet.dataset import Samples, Split
from googlenet.errors import DataError
from googlenet.images import BadImage, Rgb

BAD_SHARE = 0.01  # a training stops if more than this share of a split's pictures ...
BAD_COUNT = 5  # ... and more than this number are bad


@dataclass(slots=True)
class DecodedPictures:
    """Pictures of a split by index. Thread-safe.

    A picture whose shorter side exceeds `shortest_side` px is reduced to it. The first ones requested are kept until
    `limit_bytes` are used up; the others are decoded each time. A bad picture is decoded once and remembered.
    """

    samples: Samples
    shortest_side: int
    limit_bytes: int
    bad: dict[int, BadImage] = field(default_factory=dict)
    _kept: dict[int, Rgb] = field(default_factory=dict)
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        """The number of pictures, including bad ones."""
        return len(self.samples)

    def get(self, index: int) -> Rgb | BadImage:
        """The picture (H, W, 3) uint8 RGB, or why it is bad."""
        if index in self.bad:
            return self.bad[index]
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        image = self.samples.decode(index, shortest_side=self.shortest_side)
        with self._lock:
            if isinstance(image, BadImage):
                self.bad[index] = image
            elif index not in self._kept and self._bytes + image.nbytes <= self.limit_bytes:
                self._kept[index] = image
                self._bytes += image.nbytes
        return image


def check_bad_pictures(bad: int, total: int, *, split: Split = "train") -> None:
    """Raise DataError if more than 1 % and more than five of a split's pictures are bad."""
    if bad > BAD_COUNT and bad > BAD_SHARE * total:
        raise DataError(
            f"{bad} of {total:,} pictures in {split} cannot be read, more than 1 % and more than {BAD_COUNT}: "
            "bad_pictures.csv in the run folder lists them; fix or remove them, and start again"
        )
