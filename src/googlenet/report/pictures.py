"""Where a report's pictures are read from; one that is missing is a BadImage with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from googlenet.dataset import Samples, open_dataset
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


def read_data(data: str | None, classes: Sequence[str]) -> Reader:
    """A reader of the pictures of DATA; where it cannot be opened, every picture is bad for that reason."""
    if data is None:
        return lambda name, enough=None: BadImage("the pictures were not given (--data)")
    try:
        dataset = open_dataset(data, split_rule=None, classes=classes)
    except GoogLeNetError as error:
        reason = str(error)
        return lambda name, enough=None: BadImage(reason)
    return read_samples(*dataset.splits.values())
