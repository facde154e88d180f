"""Labelled pictures: `Sample`, `Samples`, and the `Source` that they are read from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from googlenet.images import BadImage, Enough, Rgb

_NOTED = 8  # pictures that are checked for a note


class Source(Protocol):
    """Where pictures are read from by name; thread-safe and picklable."""

    def decode(
        self, name: str, shortest_side: int | None, enough: Enough | None = None, notes: list[str] | None = None
    ) -> Rgb | BadImage:
        """Read and decode the picture `name` as `decode_image` does; may raise `OSError`."""
        ...


@runtime_checkable
class FileSource(Source, Protocol):
    """A source whose pictures are files: not those of an embedded set."""

    def read(self, name: str) -> bytes | BadImage:
        """The bytes of the file `name`; may raise `OSError`."""
        ...

    def size(self, name: str) -> int:
        """The size of the file `name` in bytes; may raise `OSError`."""
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture: `name` is its path below the data ("train/cat/001.jpg"), `label` the position of its class."""

    name: str
    label: int


@dataclass(frozen=True, slots=True, repr=False)
class Samples:
    """Pictures in a fixed order, their classes, and where they are read from."""

    classes: tuple[str, ...]
    items: tuple[Sample, ...]
    source: Source

    def __repr__(self) -> str:
        return f"<Samples: {len(self):,} pictures of {len(self.classes):,} classes>"

    def __len__(self) -> int:
        """Count the pictures, including bad ones, which only decoding reveals."""
        return len(self.items)

    def decode(
        self,
        index: int,
        *,
        shortest_side: int | None = None,
        enough: Enough | None = None,
        notes: list[str] | None = None,
    ) -> Rgb | BadImage:
        """Read picture `index`: (H, W, 3) uint8 RGB, reduced as by `decode_image`, or a BadImage."""
        try:
            return self.source.decode(self.items[index].name, shortest_side, enough, notes)
        except OSError as error:
            return _unreadable(error)

    def read(self, index: int) -> bytes | BadImage | None:
        """The bytes of the file of picture `index`, or why they cannot be read; None if it is not a file."""
        if not isinstance(self.source, FileSource):
            return None
        try:
            return self.source.read(self.items[index].name)
        except OSError as error:
            return _unreadable(error)

    def size(self, index: int) -> int | None:
        """The size of the file of picture `index` in bytes; None if it cannot be reached or is not a file."""
        if not isinstance(self.source, FileSource):
            return None
        with suppress(OSError):
            return self.source.size(self.items[index].name)
        return None

    def note(self) -> str | None:
        """The first note of `decode_image` on a few pictures spread evenly over all of them; None if there is none."""
        notes: list[str] = []
        for number in range(min(_NOTED, len(self))):
            index = number * len(self) // min(_NOTED, len(self))
            self.decode(index, notes=notes)
            if notes:
                return f"{self.items[index].name}: note: {notes[0]}"
        return None

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,) int64: the label of each picture."""
        return np.array([item.label for item in self.items], dtype=np.int64)

    @property
    def counts(self) -> dict[str, int]:
        """Pictures of each class, in the order of `classes`, 0 included."""
        counts = np.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, counts.tolist(), strict=True))

    def select(self, indices: Sequence[int]) -> Samples:
        """Keep the pictures at `indices`, in that order."""
        return replace(self, items=tuple(self.items[index] for index in indices))


def _unreadable(error: OSError) -> BadImage:
    """A picture that vanished, or lies on a disk or network that fails, or may not be read."""
    return BadImage(f"cannot be read ({error.strerror or error})")
