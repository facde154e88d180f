"""The index beside each shard: where every picture is in the tar, its class and its checksum.

`000000.tar` has `000000.index.json` beside it, so that any picture can be read without looking at the others; the
folder has `index.json`, which lists the shards.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from googlenet.dataset.layout import Split
from googlenet.errors import DataError

INDEX_FILE = "index.json"
VERSION = 1


class IndexedPicture(msgspec.Struct, frozen=True, array_like=True):
    """A picture in a shard: its name in DATA, its label, and where its bytes are; `crc32` is their checksum."""

    name: str
    label: int
    offset: int
    size: int
    crc32: int | None = None


class ShardIndex(msgspec.Struct, frozen=True, kw_only=True):
    """The pictures of one shard of `bytes` bytes; labels are positions in `classes`, those of the whole set."""

    version: int = VERSION
    bytes: int
    split: Split
    classes: tuple[str, ...]
    pictures: tuple[IndexedPicture, ...]


class ShardEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A shard in the index of a folder; `sha256` is the checksum of the whole file, in hex."""

    file: str
    split: Split
    pictures: int
    bytes: int
    sha256: str


class SetIndex(msgspec.Struct, frozen=True, kw_only=True):
    """The index of a folder of shards: how often each class occurs in each split, and the shards in order."""

    version: int = VERSION
    name: str
    classes: tuple[str, ...]
    pictures: dict[Split, dict[str, int]]
    shards: tuple[ShardEntry, ...]


def index_name(shard: str) -> str:
    """The name or address of a shard's index: `shards/000000.tar` -> `shards/000000.index.json`."""
    return f"{shard.removesuffix('.tar')}.index.json"


def encode_index(index: ShardIndex | SetIndex) -> bytes:
    """An index as JSON; the standard library's, because file names need not be valid text."""
    indent = None if isinstance(index, ShardIndex) else 1
    return json.dumps(msgspec.to_builtins(index), indent=indent).encode()


def decode_shard_index(data: bytes, *, where: str) -> ShardIndex:
    """Read the index of a shard; raises `DataError`, naming `where`, if it is damaged or of a later version."""
    index: ShardIndex = _decoded(data, ShardIndex, where)
    out_of_range = (one for one in index.pictures if not 0 <= one.label < len(index.classes) or one.offset < 0)
    if (wrong := next(out_of_range, None)) is not None:
        raise DataError(f"{where} is damaged: {wrong.name!a} has no place or no class; pack the data again")
    return index


def decode_set_index(data: bytes, *, where: str) -> SetIndex:
    """Read the index of a folder; raises `DataError` as `decode_shard_index` does."""
    index: SetIndex = _decoded(data, SetIndex, where)
    if outside := next((one.file for one in index.shards if "/" in one.file or "\\" in one.file), None):
        raise DataError(f"{where} is damaged: the shard {outside!a} is not in its folder")
    return index


def _decoded(data: bytes, kind: Any, where: str) -> Any:
    try:
        values = json.loads(data)
        if isinstance(values, dict) and values.get("version", VERSION) != VERSION:
            raise DataError(f"{where} has version {values['version']!a}, this googlenet reads {VERSION}: upgrade it")
        return msgspec.convert(values, kind)
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:100]
        raise DataError(f"{where} is damaged, or not an index of shards ({reason}): pack the data again") from error
