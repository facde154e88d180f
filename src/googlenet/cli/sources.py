"""What a user names as pictures -> paths: files, folders, globs, and `-` for a list on standard input."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from googlenet.errors import InputError


def expand_sources(sources: Iterable[str]) -> Iterator[str]:
    """Yield paths in order, a folder's sorted; a path that does not exist is yielded too, to fail as a picture.

    Raises InputError for a folder or a glob without pictures: nothing would be said about them.
    """
    for source in sources:
        if source == "-":
            lines = (os.fsdecode(line.rstrip(b"\r\n")) for line in sys.stdin.buffer)
            yield from (line for line in lines if line.strip())
        elif Path(source).is_dir():
            yield from _not_empty(_pictures_below(source), f"the folder {source} holds no pictures")
        elif glob.has_magic(source) and not Path(source).exists():
            yield from _not_empty(_matches(source), f"nothing matches {source}")
        else:
            yield source


def count_sources(sources: Iterable[str]) -> int | None:
    """How many paths `expand_sources` will yield; None where they come from standard input, which is read but once."""
    counted = 0
    for source in sources:
        if source == "-":
            return None
        counted += sum(1 for _ in _pictures_below(source)) if Path(source).is_dir() else sum(1 for _ in _named(source))
    return counted


def _named(source: str) -> Iterator[str]:
    """What a source that is no folder names."""
    return _matches(source) if glob.has_magic(source) and not Path(source).exists() else iter((source,))


def _matches(pattern: str) -> Iterator[str]:
    """What a glob names, each once: files, and the pictures of folders, as if a shell had written the names out."""
    found: dict[str, None] = {}
    for match in sorted(glob.iglob(pattern, recursive=True)):
        found |= dict.fromkeys(_pictures_below(match) if os.path.isdir(match) else (match,))
    yield from found


def _pictures_below(folder: str) -> Iterator[str]:
    from googlenet.dataset import is_hidden, is_picture_name

    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        pictures = (name for name in sorted(files) if is_picture_name(name) and not is_hidden(name))
        yield from (os.path.join(parent, name) for name in pictures)


def _not_empty(paths: Iterable[str], sentence: str) -> Iterator[str]:
    found = False
    for path in paths:
        found = True
        yield path
    if not found:
        raise InputError(sentence)
