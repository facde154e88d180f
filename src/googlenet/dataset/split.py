"""Holds pictures back for validation, by name: the choice does not change when pictures are added or removed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass

from googlenet.dataset.class_names import normal_name, quote_names
from googlenet.dataset.samples import Samples
from googlenet.errors import DataError, InputError


@dataclass(frozen=True, slots=True)
class SplitRule:
    """Which pictures are held back: about `share` (0 to 1, exclusive) of each class, chosen by `seed`."""

    seed: int
    share: float

    def __post_init__(self) -> None:
        """Reject a share that would leave one part empty."""
        if not 0.0 < self.share < 1.0:
            raise InputError(
                f"the share of pictures held back is {self.share}: it must lie between 0 and 1, such as 0.2"
            )


def split_samples(samples: Samples, rule: SplitRule) -> tuple[Samples, Samples]:
    """Split into (kept, held back), both in the order of `samples`, with at least one picture of each class in both.

    A picture is held back if the hash of seed, class and file is below the share; if that would leave one part of a
    class empty, the picture with the lowest hash is held back, or the one with the highest is kept. Raises `DataError`
    for classes with fewer than 2 pictures.
    """
    by_class: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for index, item in enumerate(samples.items):
        class_name = samples.classes[item.label]
        by_class[class_name].append((_position(rule.seed, class_name, item.name), index))
    alone = sorted(class_name for class_name, rows in by_class.items() if len(rows) < 2)
    if alone:
        raise DataError(f"a class needs at least 2 pictures to hold one back: {quote_names(alone)} has 1")
    held: set[int] = set()
    for rows in by_class.values():
        rows.sort()
        below = sum(position < rule.share for position, _ in rows)
        held.update(index for _, index in rows[: min(max(below, 1), len(rows) - 1)])
    kept = [index for index in range(len(samples)) if index not in held]
    return samples.select(kept), samples.select(sorted(held))


def _position(seed: int, class_name: str, name: str) -> float:
    """A picture's fixed position in [0, 1), the same in `CLASS/...` and `train/CLASS/...`, folder and tar."""
    # The folder's original spelling: the position must not change because the class name was normalised.
    folder = next((part for part in name.split("/") if normal_name(part) == class_name), class_name)
    file = f"/{name}".split(f"/{folder}/", 1)[-1]
    # surrogateescape: file names need not be UTF-8
    digest = hashlib.blake2b(f"{seed}/{folder}/{file}".encode(errors="surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
