"""The pictures that a user names: files, folders, globs, tars, and `-` for a list of paths on standard input."""

from __future__ import annotations

import codecs
import glob
import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, TypeVar

from googlenet.errors import InputError

if TYPE_CHECKING:
    from googlenet.dataset import Dataset, Samples
    from googlenet.dataset.shards import ShardPictures
    from googlenet.dataset.tar import TarPictures

_SEPARATOR = "[" + re.escape(os.sep + (os.altsep or "")) + "]"
_ANY_DEPTH = re.compile(rf"(?:^|(?<={_SEPARATOR}))\*\*(?:{_SEPARATOR}+|$)")

_INTO_TAR = re.compile(rf"\.tar{_SEPARATOR}", re.IGNORECASE)
_T = TypeVar("_T")

LeftOut = dict[str, list[str]]
"""Paths that were skipped, by reason, for `Ignored.of`."""


Source: TypeAlias = str | BinaryIO
"""A path, or a picture in a tar as an open file; `googlenet.images.picture_name` tells its name."""


def expand_sources(sources: Iterable[str], left_out: LeftOut | None = None) -> Iterator[Source]:
    """Yield pictures in order, those of a folder or tar sorted; a missing path is yielded too, and fails as a picture.

    Other files in folders and tars are added to `left_out`. Raises InputError for a folder, tar or glob without
    pictures, which would otherwise pass silently, for a list on standard input that cannot be read, and for a file
    that ends in .tar but is none; DataError for a damaged tar.
    """
    left_out = {} if left_out is None else left_out
    for path in _expand_paths(sources, left_out):
        if _is_tar(path):
            yield from _not_empty(_members(path, left_out), f"{path} contains no pictures", left_out)
        else:
            yield open_source(path)


def open_source(path: str) -> Source:
    """A path as it is, or, for a path that leads into a tar (photos.tar/cat/1.jpg), the picture inside."""
    if _INTO_TAR.search(path) and not os.path.lexists(path):
        for found in _INTO_TAR.finditer(path):
            tar, member = path[: found.end() - 1], path[found.end() :]
            if _is_tar(tar) and member in (pictures := _open_tar(tar)).members:
                return pictures.open(member)
    return path


def _is_tar(path: str) -> bool:
    """Whether a path is a tar, or the address of one, or a shard whose index says what it should contain."""
    from googlenet.images import is_address

    if path[-4:].lower() != ".tar":
        return False
    return os.path.isfile(path) or is_address(path) or os.path.isfile(f"{path[:-4]}.index.json")


def _named_shards(source: str) -> tuple[str, ...] | None:
    """The tars of a pattern with braces, of a folder of shards, or at an address; None for anything else."""
    from googlenet.images import is_address

    is_remote = is_address(source) and source.endswith((".tar", "/"))
    has_braces = "{" in source and source.endswith(".tar") and not is_address(source)
    if not (is_remote or has_braces or os.path.isdir(source)):
        return None
    from googlenet.dataset.shard_names import find_shards

    return find_shards(source)


def _members(path: str, left_out: LeftOut) -> Iterator[BinaryIO]:
    pictures = _open_tar(path)
    for why, names in pictures.left_out.items():
        left_out.setdefault(why, []).extend(os.path.join(path, name) for name in names)
    return map(pictures.open, pictures.members)


def _open_tar(path: str) -> TarPictures | ShardPictures:
    """The pictures of a tar, whose headers are read again only if it changed."""
    try:
        status = os.stat(path)
    except OSError:  # at an address, or missing beside its index
        return _open_tar_once(path, 0, 0)
    return _open_tar_once(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4)
def _open_tar_once(path: str, changed: int, size: int) -> TarPictures | ShardPictures:
    from googlenet.dataset.shards import open_pictures

    return open_pictures(path)


def _expand_paths(sources: Iterable[str], left_out: LeftOut) -> Iterator[str]:
    for source in sources:
        if source == "-":
            yield from _not_empty(_listed(), "the list on standard input is empty", {})
        elif (shards := _named_shards(source)) is not None:
            yield from shards
        elif os.path.isdir(source):
            yield from _not_empty(_pictures(source, left_out), f"the folder {source} contains no pictures", left_out)
        elif _is_glob(source):
            yield from _not_empty(_matches(source, left_out), f"nothing matches {source}", left_out)
        else:
            yield source


def count_sources(sources: Iterable[str]) -> int | None:
    """How many paths `expand_sources` will yield; None for standard input, which can only be read once."""
    counted = 0
    for source in sources:
        if source == "-":
            return None
        shards = _named_shards(source)
        if shards is None and os.path.isdir(source):
            counted += sum(1 for _ in _pictures(source, {}))
        else:
            matches = shards or (_matches(source, {}) if _is_glob(source) else [source])
            counted += sum(len(_open_tar(path).members) if _is_tar(path) else 1 for path in matches)
    return counted


def ignored_sentence(left_out: LeftOut, *, output: Path | None = None) -> str | None:
    """Describe what `expand_sources` skipped, except the files of `output`; None if that is nothing."""
    if not left_out:
        return None
    from googlenet.dataset import Ignored

    def is_own(path: str) -> bool:
        folder, name = os.path.split(os.path.abspath(path))
        own = output is not None and name.removeprefix(".").startswith(output.name)
        return output is not None and own and folder == os.path.abspath(output.parent)

    others = {why: [path for path in paths if not is_own(path)] for why, paths in left_out.items()}
    return Ignored.of(**others).sentence()


def remarks(dataset: Dataset, samples: Samples) -> Iterator[str]:
    """What a user should know about data before they are used: files ignored, and pictures that are almost black."""
    yield from filter(None, (dataset.ignored.sentence(), samples.note()))


def _is_glob(source: str) -> bool:
    from googlenet.images import is_address

    return glob.has_magic(source) and not os.path.lexists(source) and not is_address(source)


def _matches(pattern: str, left_out: LeftOut) -> Iterator[str]:
    """What a glob matches, each once: files, and the pictures in folders, as if the shell had expanded it."""
    found: dict[str, None] = {}
    for match in sorted(_expand(pattern)):
        found |= dict.fromkeys(_pictures(match, left_out) if os.path.isdir(match) else (match,))
    yield from found


def _expand(pattern: str) -> set[str]:
    """The files and folders that a glob matches; `**` is walked here, because `glob` would follow loops of links."""
    from googlenet.dataset import find_folders

    found = _ANY_DEPTH.search(pattern)
    if found is None:
        return set(glob.iglob(pattern))
    before, after = pattern[: found.start()], pattern[found.end() :]
    bases = [base for base in glob.iglob(before) if os.path.isdir(base)] if before else [""]
    if not after:
        return set(bases) if before else {os.curdir}
    folders = [*bases, *(folder for base in bases for folder in find_folders(base))]
    return {match for folder in folders for match in _expand(glob.escape(os.path.join(folder, "")) + after)}


def _pictures(folder: str, left_out: LeftOut) -> Iterator[str]:
    from googlenet.dataset import find_pictures

    return find_pictures(folder, left_out)


def _listed() -> Iterator[str]:
    """The paths on standard input, one per line, in UTF-8, the file system's encoding, or UTF-16 as Windows writes."""
    if sys.stdin is None:
        raise InputError("standard input is closed: pipe a list of paths into it, one per line")
    try:
        stream = sys.stdin.buffer
        first = stream.readline()
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in first[:2]:
            names: Iterable[str] = _from_utf16(first + stream.read()).replace("\r\n", "\n").split("\n")
        else:
            lines = chain([first.removeprefix(codecs.BOM_UTF8)], stream)
            names = (os.fsdecode(line.rstrip(b"\r\n")) for line in lines)
        yield from (name for name in names if name.strip())
    except (OSError, ValueError) as error:  # ValueError: closed, or not UTF-16
        raise InputError(f"the list on standard input cannot be read: {error}") from error


def _from_utf16(data: bytes) -> str:
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if marked else "utf-16-be" if data[:1] == b"\0" else "utf-16-le")


def _not_empty(paths: Iterable[_T], sentence: str, left_out: LeftOut) -> Iterator[_T]:
    found = False
    for path in paths:
        found = True
        yield path
    if not found:
        ignored = ignored_sentence(left_out)
        raise InputError(f"{sentence}; {ignored}" if ignored else sentence)
