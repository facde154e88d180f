"""All pictures of a dataset by one index, whatever their split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from googlenet.dataset import Dataset, Samples, Split

OnProgress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is done to pictures ("checked"), how many are done, and all."""

SPLIT_ORDER: tuple[Split, ...] = ("train", "val", "test", "all")
"""The order in which splits are named."""

HELD_OUT: tuple[Split, ...] = ("test", "val", "all", "train")
"""Of copies in several splits, the one in the first of these is kept: a score is worth more than one more example."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture belongs; `home` is its split, or "all" where a rule and not a folder makes the split."""

    name: str
    class_name: str
    home: Split

    @property
    def rank(self) -> tuple[int, str]:
        """The order in which copies are kept."""
        return HELD_OUT.index(self.home), self.name


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """The pictures of all splits, one after the other."""

    dataset: Dataset
    _ends: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        """Count the splits' pictures."""
        object.__setattr__(self, "_ends", np.cumsum([len(samples) for samples in self.dataset.splits.values()]))

    def __len__(self) -> int:
        """The number of pictures."""
        return int(self._ends[-1])

    def locate(self, index: int) -> tuple[Samples, int]:
        """The samples that hold picture `index`, and its index there."""
        _, samples, own = self._find(index)
        return samples, own

    def name(self, index: int) -> str:
        """The picture's path relative to DATA."""
        samples, own = self.locate(index)
        return samples.items[own].name

    def place(self, index: int) -> Place:
        """The picture's name, class and split."""
        split, samples, own = self._find(index)
        item = samples.items[own]
        by_rule = self.dataset.split_rule is not None and split in ("train", "val")
        return Place(item.name, samples.classes[item.label], "all" if by_rule else split)

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,): the class of each picture."""
        return np.concatenate([samples.labels for samples in self.dataset.splits.values()])

    def _find(self, index: int) -> tuple[Split, Samples, int]:
        at = int(np.searchsorted(self._ends, index, side="right"))
        split, samples = list(self.dataset.splits.items())[at]
        return split, samples, index - (int(self._ends[at - 1]) if at else 0)
