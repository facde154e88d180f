"""Where a report's pictures are read from; one that is missing is a BadImage with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from googlenet.dataset import Dataset, Samples, SplitRule, hold_back, open_dataset
from googlenet.errors import GoogLeNetError
from googlenet.images import BadImage, Enough, Rgb

Reader: TypeAlias = Callable[[str, Enough | None], Rgb | BadImage]
"""(name relative to DATA, the size that is enough) -> (H, W, 3) uint8 RGB or a BadImage; thread-safe."""


def read_samples(*splits: Samples) -> Reader:
    """A reader of the pictures of these samples, and of no others: a name from a file cannot lead elsewhere."""
    places = {item.name: (samples, index) for samples in splits for index, item in enumerate(samples.items)}

    def read(name: str, enough: Enough | None = None) -> Rgb | BadImage:
        if name not in places:
            return BadImage("no longer in the data")
        samples, index = places[name]
        return samples.decode(index, enough=enough)

    return read


def read_nothing(reason: str) -> Reader:
    """A reader for which every picture is bad, for the same reason."""

    def read(name: str, enough: Enough | None = None) -> BadImage:
        return BadImage(reason)

    return read


def open_pictures(data: str | None, classes: Sequence[str], rule: SplitRule | None = None) -> Dataset | str:
    """Open DATA, with "val" held back by `rule`; or the reason why it cannot be opened."""
    if data is None:
        return "the pictures were not given (--data)"
    try:
        dataset = open_dataset(data, split_rule=None, classes=classes)
    except GoogLeNetError as error:
        return str(error)
    return dataset if rule is None else hold_back(dataset, rule)


def read_pictures(opened: Dataset | str) -> Reader:
    """The reader for what `open_pictures` returned."""
    return read_nothing(opened) if isinstance(opened, str) else read_samples(*opened.splits.values())
