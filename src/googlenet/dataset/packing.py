"""Packs a dataset into shards: tars of WebDataset's layout with an index, read in any order as quickly as in sequence.

Each picture has three members with the same key: `cat/001.jpg`, the file itself; `cat/001.cls`, its label as a number;
`cat/001.json`, its name and class. (https://github.com/webdataset/webdataset)
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from googlenet.dataset.dataset import Dataset
from googlenet.dataset.layout import Split
from googlenet.dataset.samples import Samples
from googlenet.dataset.shard_index import (
    INDEX_FILE,
    IndexedPicture,
    SetIndex,
    ShardEntry,
    ShardIndex,
    encode_index,
    index_name,
)
from googlenet.errors import DataError, InputError
from googlenet.files import FolderLock, cannot_write, move_into_place, open_atomically, write_atomically
from googlenet.images import (
    HEAD_BYTES,
    PICTURE_FORMATS,
    BadImage,
    decode_image,
    jpeg_bytes,
    picture_size,
    png_bytes,
    recognize,
)
from googlenet.parallel import map_in_order

SHARD_SIZE = 256_000_000  # bytes
QUALITY = 95
"""The JPEG quality of a picture that is resized."""

_SUFFIX_OF = {one.name: one.suffixes[0] for one in PICTURE_FORMATS}
_SKIPPED = re.compile(r"__[^/]*__($|/)")  # WebDataset's reader takes such names for its own notes

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed into `folder`; `bad`: (name, reason) of the pictures that were left out."""

    folder: Path
    index: SetIndex
    bad: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """A summary as JSON values."""
        return {
            "folder": str(self.folder),
            "pictures": sum(one.pictures for one in self.index.shards),
            "classes": len(self.index.classes),
            "shards": len(self.index.shards),
            "bytes": sum(one.bytes for one in self.index.shards),
            "bad_pictures": [list(one) for one in self.bad],
        }


def check_pack(folder: Path, *, force: bool = False) -> None:
    """Raise InputError for a folder that exists; with `force`, unless it is one of shards, which is replaced."""
    if not folder.exists():
        return
    if not (folder / INDEX_FILE).is_file():
        raise InputError(f"{folder} already exists, and is not a folder of shards: give OUT another name")
    if not force:
        raise InputError(f"{folder} already exists; give OUT another name, or --force to replace it")


def pack(
    dataset: Dataset,
    folder: Path,
    *,
    shard_size: int = SHARD_SIZE,
    resize: int | None = None,
    seed: int = 0,
    on_progress: Progress = lambda done, total: None,
) -> Packed:
    """Write the pictures of a dataset into shards of at most `shard_size` bytes, in an order drawn from `seed`.

    Files are stored as they are; with `resize`, a picture whose shorter side exceeds that many pixels is reduced to it
    and stored as JPEG. Pictures that cannot be read are left out. The folder appears when it is complete. Raises
    InputError if it cannot be written, DataError if no picture can be read.
    """
    unfinished = folder.with_name(f"{folder.name}.partial")
    total = sum(map(len, dataset.splits.values()))
    refusal = f"another run is writing {unfinished}; wait for it to finish, or give OUT another name"
    packer = _Packer(unfinished, dataset.classes, shard_size, lambda done: on_progress(done, total))
    with FolderLock(unfinished, refusal):
        _empty(unfinished)
        try:
            for split, samples in dataset.splits.items():
                order = np.random.default_rng(seed).permutation(len(samples))
                packer.add(split, samples, [int(index) for index in order], resize)
            if not packer.shards:
                raise DataError(f"none of the {total:,} pictures of {dataset.name} can be read: {packer.bad[0][1]}")
            index = SetIndex(
                name=dataset.name, classes=dataset.classes, pictures=packer.counts, shards=tuple(packer.shards)
            )
            write_atomically(unfinished / INDEX_FILE, encode_index(index))
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    move_into_place(unfinished, folder)
    return Packed(folder, index, tuple(packer.bad))


@dataclass(slots=True)
class _Packer:
    """Writes pictures into one shard after the other."""

    folder: Path
    classes: tuple[str, ...]
    shard_size: int
    on_progress: Callable[[int], None]
    shards: list[ShardEntry] = field(default_factory=list)
    counts: dict[Split, dict[str, int]] = field(default_factory=dict)
    bad: list[tuple[str, str]] = field(default_factory=list)
    done: int = 0
    _keys: set[str] = field(default_factory=set)

    def add(self, split: Split, samples: Samples, order: list[int], resize: int | None) -> None:
        """Write the pictures of a split in `order`."""
        counts = dict.fromkeys(self.classes, 0)
        pictures = self._readable(samples, order, resize)
        first = next(pictures, None)
        number = 0
        while first is not None:
            name = f"{number:06}.tar" if split == "all" else f"{split}-{number:06}.tar"
            first = self._write_shard(name, split, first, pictures, counts)
            number += 1
        self.counts[split] = counts

    def _readable(self, samples: Samples, order: list[int], resize: int | None) -> Iterator[tuple[str, int, bytes]]:
        """Yield (name, label, bytes) of the pictures that can be read."""
        contents = map_in_order(lambda index: _content(samples, index, resize), order)
        for index, content in zip(order, contents, strict=True):
            item = samples.items[index]
            self.done += 1
            self.on_progress(self.done)
            if isinstance(content, BadImage):
                self.bad.append((item.name, content.reason))
            else:
                yield item.name, item.label, content

    def _write_shard(
        self,
        name: str,
        split: Split,
        first: tuple[str, int, bytes],
        pictures: Iterator[tuple[str, int, bytes]],
        counts: dict[str, int],
    ) -> tuple[str, int, bytes] | None:
        """Write a shard that begins with `first`; returns the picture that has no room in it, None after the last."""
        path = self.folder / name
        indexed: list[IndexedPicture] = []
        one: tuple[str, int, bytes] | None = first
        with open_atomically(path) as file:
            writer = _HashedFile(file)
            with tarfile.open(fileobj=writer, mode="w", format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
                while one is not None and (not indexed or tar.offset + _room(*one) <= self.shard_size):
                    indexed.append(self._write_picture(tar, *one))
                    counts[self.classes[one[1]]] += 1
                    one = next(pictures, None)
        index = ShardIndex(bytes=writer.size, split=split, classes=self.classes, pictures=tuple(indexed))
        write_atomically(self.folder / index_name(name), encode_index(index))
        self.shards.append(
            ShardEntry(file=name, split=split, pictures=len(indexed), bytes=writer.size, sha256=writer.sha256)
        )
        return one

    def _write_picture(self, tar: tarfile.TarFile, name: str, label: int, data: bytes) -> IndexedPicture:
        key = self._key(name)
        offset = _add(tar, key + _SUFFIX_OF[recognize(data[:HEAD_BYTES]) or "JPEG"], data)
        _add(tar, f"{key}.cls", str(label).encode())
        _add(tar, f"{key}.json", json.dumps({"name": name, "class": self.classes[label]}).encode())
        return IndexedPicture(name, label, offset, len(data), zlib.crc32(data))

    def _key(self, name: str) -> str:
        """The name without its suffix, and without the dots at which WebDataset would cut it; each only once."""
        folder, file = posixpath.split(name)
        key = posixpath.join(folder, posixpath.splitext(file)[0].replace(".", "_"))
        key = f"pictures/{key}" if _SKIPPED.match(key) else key
        unique, number = key, 1
        while unique in self._keys:
            number += 1
            unique = f"{key}_{number}"
        self._keys.add(unique)
        return unique


class _HashedFile:
    """A file that is only written to, with its size and checksum."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest, self.size = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self.size

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def _room(name: str, label: int, data: bytes) -> int:
    """The most bytes that a picture and the end of a tar take: the longer its name, the longer headers and JSON are."""
    return len(data) + 8 * tarfile.BLOCKSIZE + 12 * len(name) + tarfile.RECORDSIZE


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> int:
    """Write a member, without owner and time, so that the same pictures give the same file; returns its offset."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
    return int(tar.offset) - -(-len(data) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _content(samples: Samples, index: int, resize: int | None) -> bytes | BadImage:
    """The bytes that are stored for a picture, after it was decoded once: as its file has them, or reduced."""
    data = samples.read(index)
    if isinstance(data, BadImage):
        return data
    if data is None:  # of an embedded set
        image = samples.decode(index, shortest_side=resize)
        return image if isinstance(image, BadImage) else png_bytes(Image.fromarray(image))
    # At a fraction of its size where nothing is to be stored: this shows whether the file is whole.
    image = decode_image(data, shortest_side=resize or 1)
    if isinstance(image, BadImage):
        return image
    size = picture_size(data)
    if resize is None or size is None or min(size) <= resize:
        return data
    return jpeg_bytes(Image.fromarray(image), quality=QUALITY)


def _empty(folder: Path) -> None:
    """Remove what a killed run left behind."""
    try:
        for path in folder.iterdir():
            if path.suffix in (".tar", ".json", ".tmp"):
                path.unlink()
    except OSError as error:
        raise cannot_write(folder, error) from error
