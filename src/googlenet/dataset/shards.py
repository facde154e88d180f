"""Several tars as one dataset: each picture is read when it is asked for, at its offset in its shard.

A shard of `googlenet pack` is opened by its index alone. Any other tar is searched once: it has WebDataset's layout
(KEY.jpg beside KEY.cls or KEY.json), or class folders, as a folder of pictures has.
"""

from __future__ import annotations

import io
import os
import posixpath
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from googlenet.dataset.class_names import normal_name
from googlenet.dataset.layout import NO_HINT, Layout, LayoutHint, Split, classify_names, split_of_words
from googlenet.dataset.remote import BLOCK, RemoteFile, fetch, fetch_range
from googlenet.dataset.samples import Sample, Source
from googlenet.dataset.shard_index import IndexedPicture, ShardIndex, decode_shard_index, index_name
from googlenet.dataset.tar import Headers, TarPictures, open_tar, read_headers, read_tar
from googlenet.dataset.walking import Ignored, is_picture_name
from googlenet.dataset.webdataset import find_labels
from googlenet.errors import DataError
from googlenet.images import BadImage, Enough, Rgb, decode_image, is_address, too_large_file
from googlenet.parallel import map_in_order

if TYPE_CHECKING:
    from typing_extensions import Buffer

Place = tuple[int, int, int, int | None]
"""The number of a shard, offset and size in bytes, and the checksum where it is known."""


@dataclass(frozen=True, slots=True, repr=False)
class ShardSource:
    """Reads pictures at their places in `shards`, which are paths or addresses; `data`: what the user named."""

    data: str
    shards: tuple[str, ...]
    places: Mapping[str, Place]

    def __repr__(self) -> str:
        return f"<ShardSource: {len(self.places):,} pictures in {len(self.shards):,} shards>"

    def decode(
        self, name: str, shortest_side: int | None, enough: Enough | None = None, notes: list[str] | None = None
    ) -> Rgb | BadImage:
        """Read and decode the picture `name`."""
        data = self.read(name)
        if isinstance(data, BadImage):
            return data
        return decode_image(data, shortest_side=shortest_side, enough=enough, notes=notes)

    def read(self, name: str) -> bytes | BadImage:
        """The bytes of the picture `name`; why they cannot be read names its shard."""
        if (too_large := too_large_file(self.size(name))) is not None:
            return too_large
        try:
            return self.read_whole(name)
        except OSError as error:
            return BadImage(f"cannot be read ({error})")

    def read_whole(self, name: str) -> bytes:
        """The bytes of the picture `name`; raises `OSError`, naming its shard, if they cannot be had as packed."""
        number, offset, size, checksum = self.places[name]
        shard = self.shards[number]
        try:
            data = read_at(shard, offset, size)
        except OSError as error:
            raise OSError(f"{shard}: {error.strerror or error}") from error
        if len(data) < size:
            raise OSError(f"{shard} is truncated")
        if checksum is not None and zlib.crc32(data) != checksum:
            raise OSError(f"{shard} is damaged: a checksum differs")
        return data

    def size(self, name: str) -> int:
        """The size of the picture `name` in bytes."""
        return self.places[name][2]


def read_at(shard: str, offset: int, size: int) -> bytes:
    """Bytes of a path or an address, fewer where it ends before; raises `OSError` if it cannot be read.

    A file is opened each time: there may be more shards than files that can be open, and threads share no position.
    """
    if is_address(shard):
        return fetch_range(shard, offset, size)
    with open(shard, "rb", buffering=0) as file:
        file.seek(offset)
        return file.read(size)


@dataclass(frozen=True, slots=True)
class ShardPictures:
    """The pictures of one shard, whatever their classes: `members` by name, and what was left out."""

    source: ShardSource
    left_out: Mapping[str, Sequence[str]]

    @property
    def members(self) -> Mapping[str, Place]:
        """The pictures."""
        return self.source.places

    def open(self, member: str) -> BinaryIO:
        """A picture as an open file, whose name is that of the shard and the member's; KeyError if there is none."""
        return io.BufferedReader(_OpenPicture(member, self.source))


class _OpenPicture(io.RawIOBase):
    """A picture in a shard as an open file with a `name`; read as a whole when asked for."""

    def __init__(self, member: str, source: ShardSource) -> None:
        """`source` has only one shard."""
        self.name = posixpath.join(source.shards[0], member)
        self._member, self._source = member, source
        self._rest: memoryview | None = None

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Read the next bytes into `buffer`; raises `OSError` for a picture that cannot be read."""
        if self._rest is None:
            if too_large := too_large_file(self._source.size(self._member)):
                raise OSError(too_large.reason)
            self._rest = memoryview(self._source.read_whole(self._member))
        room = memoryview(buffer).cast("B")
        part, self._rest = self._rest[: len(room)], self._rest[len(room) :]
        room[: len(part)] = part
        return len(part)


def open_pictures(shard: str) -> ShardPictures | TarPictures:
    """Find the pictures of a tar by its index, or else by their names; raises as `read_shards` does."""
    beside = index_name(shard)
    index = _read_if_there(beside)
    if index is not None:
        pictures = decode_shard_index(index, where=beside).pictures
        places: dict[str, Place] = {one.name: (0, one.offset, one.size, one.crc32) for one in pictures}
        return ShardPictures(ShardSource(shard, (shard,), places), {})
    if not is_address(shard):
        return open_tar(Path(shard))
    files = _headers(shard).files
    places = {name: (0, *files[name], None) for name in sorted(files) if is_picture_name(name)}
    return ShardPictures(ShardSource(shard, (shard,), places), {})


def read_shards(data: str, shards: Sequence[str], hint: LayoutHint = NO_HINT) -> tuple[Layout, Source]:
    """Find the pictures of all shards and their classes.

    Raises `InputError` for a tar without an index that cannot be read, `DataError` for a damaged one, for shards of
    different kinds, and for a name that is in two shards.
    """
    opened = list(map_in_order(_open_shard, shards))
    if len(shards) == 1 and isinstance(opened[0], Headers) and not is_address(shards[0]):
        return read_tar(Path(shards[0]), hint, headers=opened[0])
    indexed = [one for one in opened if isinstance(one, ShardIndex)]
    if not indexed:
        return _by_folders(data, shards, [one for one in opened if isinstance(one, Headers)], hint)
    if len(indexed) < len(opened):
        other = next(shard for shard, one in zip(shards, opened, strict=True) if not isinstance(one, ShardIndex))
        raise DataError(f"{data}: {other} has no classes beside its pictures (KEY.jpg, KEY.cls), other shards have")
    return _by_index(data, shards, indexed)


def _open_shard(shard: str) -> ShardIndex | Headers:
    """The index of a shard, made from its members where it is of WebDataset's layout, else its headers."""
    beside = index_name(shard)
    index = _read_if_there(beside)
    if index is not None:
        return decode_shard_index(index, where=beside)
    headers = _headers(shard)
    labels = find_labels(headers.files, lambda offset, size: read_at(shard, offset, size), where=shard)
    if labels is None:
        return headers
    stem = posixpath.basename(shard.replace(os.sep, "/")).removesuffix(".tar")
    classes = tuple(_in_order({one.class_name for one in labels}))
    positions = {name: position for position, name in enumerate(classes)}
    pictures = (
        IndexedPicture(one.name or f"{stem}/{one.member}", positions[one.class_name], *headers.files[one.member])
        for one in labels
    )
    split = split_of_words(stem) or "all"
    return ShardIndex(bytes=headers.end, split=split, classes=classes, pictures=tuple(pictures))


def _read_if_there(path: str) -> bytes | None:
    try:
        return fetch(path) if is_address(path) else Path(path).read_bytes()
    except OSError:
        return None


def _headers(shard: str) -> Headers:
    if not is_address(shard):
        return read_headers(Path(shard))
    with io.BufferedReader(RemoteFile(shard), BLOCK) as file:
        return read_headers(shard, file)


def _by_index(data: str, shards: Sequence[str], opened: Sequence[ShardIndex]) -> tuple[Layout, Source]:
    known = {one.classes for one in opened}
    classes = known.pop() if len(known) == 1 else tuple(_in_order({name for one in opened for name in one.classes}))
    labels = {name: label for label, name in enumerate(classes)}
    has_splits = all(one.split != "all" for one in opened)
    samples: dict[Split, list[Sample]] = defaultdict(list)
    places: dict[str, Place] = {}
    for number, index in enumerate(opened):
        to_label = [labels[name] for name in index.classes]
        for one in index.pictures:
            _check_new(one.name, places, number, shards)
            places[one.name] = (number, one.offset, one.size, one.crc32)
            samples[index.split if has_splits else "all"].append(Sample(one.name, to_label[one.label]))
    splits = {split: tuple(sorted(rows, key=lambda row: row.name)) for split, rows in sorted(samples.items())}
    if not splits:
        raise DataError(f"{data} contains no pictures")
    return Layout(classes, splits, Ignored()), ShardSource(data, tuple(shards), places)


def _by_folders(data: str, shards: Sequence[str], opened: Sequence[Headers], hint: LayoutHint) -> tuple[Layout, Source]:
    places: dict[str, Place] = {}
    for number, headers in enumerate(opened):
        for name, (offset, size) in headers.files.items():
            if is_picture_name(name):
                _check_new(name, places, number, shards)
            places[name] = (number, offset, size, None)
    folders = {name for headers in opened for name in headers.folders}
    links = [name for headers in opened for name in headers.links]
    layout = classify_names(places, folders=folders, links=links, data=data, hint=hint)
    inside = {name.removeprefix(layout.wrapper): place for name, place in places.items()}
    return layout, ShardSource(data, tuple(shards), inside)


def _check_new(name: str, places: Mapping[str, Place], number: int, shards: Sequence[str]) -> None:
    if name in places:
        raise DataError(f"{name!a} is in {shards[places[name][0]]} and in {shards[number]}: name one of them only")


def _in_order(classes: Iterable[str]) -> Iterator[str]:
    """Classes in the order of their labels: numbers by their value, names by the alphabet."""
    names = [normal_name(name) for name in classes]
    numbers = all(name.isascii() and name.isdecimal() for name in names)
    yield from sorted(names, key=(lambda name: (int(name), name)) if numbers else None)
