"""One share of the pictures for each of several processes, and the note that a share leaves for `merge_shards`.

Shard I of N gets the pictures at positions I-1, I-1+N, I-1+2N ... of the list, so that every picture is in exactly one
shard and the list can be put together again in order. All processes must list the same pictures: each notes how many
there were and a checksum of their names, which `merge_shards` compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import msgspec

from googlenet.errors import InputError
from googlenet.files import write_atomically
from googlenet.predictions.model_identity import ModelIdentity
from googlenet.predictions.output import ExistingOutput
from googlenet.predictions.row import written_name
from googlenet.predictions.table import Columns

_T = TypeVar("_T")

_SHARD = re.compile(r"([0-9]+)/([0-9]+)")


@dataclass(frozen=True, slots=True)
class Shard:
    """Share `number`, from 1, of `count`."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `3/8`; raises InputError for anything else."""
        if (found := _SHARD.fullmatch(text)) is None:
            raise InputError(f"--shard must be I/N, such as 1/8 for the first of eight, not {text!a}")
        number, count = map(int, found.groups())
        if not 1 <= number <= count:
            advice = "; if yours counts from 0, add 1" if number == 0 else ""
            raise InputError(f"--shard {text}: I counts from 1 to N{advice}")
        return cls(number, count)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def path(self, output: Path) -> Path:
        """The file of this shard: `rows.csv` -> `rows-00003-of-00008.csv`."""
        return output.with_name(f"{output.stem}-{self.number:05}-of-{self.count:05}{output.suffix}")

    def size(self, pictures: int) -> int:
        """How many of `pictures` are in this shard."""
        return len(range(self.number - 1, pictures, self.count))


class Listing:
    """The names of all pictures in order, as their number and one checksum."""

    def __init__(self) -> None:
        self.pictures = 0
        self._digest = blake2b(digest_size=16)

    def add(self, name: str) -> None:
        """Add the next name."""
        self.pictures += 1
        self._digest.update(written_name(name).encode() + b"\0")

    @property
    def checksum(self) -> str:
        """The checksum of the names so far, in hex."""
        return self._digest.hexdigest()


class ShardNote(msgspec.Struct, frozen=True, kw_only=True):
    """What a finished shard says of itself, in a file beside it: the list of all pictures, and how rows were made."""

    shard: int
    shards: int
    pictures: int
    listing: str
    model: str
    model_sha256: str
    crops: int
    embeddings: bool
    columns: Columns


def shard_note_path(path: Path) -> Path:
    """Where the note of the finished shard at `path` is."""
    return path.with_name(f"{path.name}.shard.json")


def write_shard_note(
    path: Path,
    shard: Shard,
    listing: Listing,
    model: ModelIdentity,
    *,
    crops: int,
    embeddings: bool,
    columns: Columns,
) -> None:
    """Write the note of the finished shard at `path`; raises InputError if that is not possible."""
    note = ShardNote(
        shard=shard.number,
        shards=shard.count,
        pictures=listing.pictures,
        listing=listing.checksum,
        model=model.model,
        model_sha256=model.sha256,
        crops=crops,
        embeddings=embeddings,
        columns=columns,
    )
    write_atomically(shard_note_path(path), msgspec.json.format(msgspec.json.encode(note)))


def remove_shard_note(path: Path) -> None:
    """Remove the note of an earlier file at `path`, before another is written."""
    with suppress(OSError):
        shard_note_path(path).unlink()


def take_shard(
    named: Iterable[tuple[str, _T]], shard: Shard, listing: Listing, existing: ExistingOutput
) -> Iterator[_T]:
    """Yield the pictures of `shard` that `existing` lacks, from (name, picture); all names are added to `listing`.

    The rows of a shard are the first of its pictures, without gaps: raises InputError if one of those is not among the
    existing names, because then the list has changed.
    """
    for position, (name, one) in enumerate(named):
        listing.add(name)
        place, remainder = divmod(position, shard.count)
        if remainder != shard.number - 1:
            continue
        if place >= existing.rows:
            yield one
        elif name not in existing.names:
            raise InputError(
                f"{existing.file} cannot be resumed: the pictures have changed since, {name!a} is now in "
                f"shard {shard}; run all shards again with --force"
            )
