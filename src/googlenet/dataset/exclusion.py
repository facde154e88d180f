"""`exclude.txt`: the pictures to leave out, one path relative to DATA on each line."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from googlenet.dataset.class_names import quote_names
from googlenet.dataset.dataset import Dataset
from googlenet.errors import InputError
from googlenet.files import cannot_read, check_not_special, write_atomically
from googlenet.printable import printable

_UNEDITED = "# googlenet replaces this list, unless you edit it; checksum "


@dataclass(frozen=True, slots=True)
class ExcludeSection:
    """Names under a comment; those that are only `suggested` are commented out, for the user to decide."""

    comment: str
    names: tuple[str, ...]
    suggested: bool = False


def read_exclude(path: str | Path) -> frozenset[str]:
    r"""Read the names listed in a file: one on each line, without the whitespace around it.

    Empty lines and lines that begin with `#` are skipped, and so is a leading "./". A name in double quotes is a JSON
    string, for names that a plain line cannot hold (`"cat/\nodd.jpg"`). Raises `InputError` if the file cannot be
    read or a quoted name is damaged.
    """
    path = Path(path)
    check_not_special(path)
    try:
        # Names need not be UTF-8; surrogateescape is how Python itself reads them from a folder.
        text = path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise cannot_read(path, error) from error
    lines = ((number, line.strip()) for number, line in enumerate(text.split("\n"), start=1))
    return frozenset(_parse(line, path, number) for number, line in lines if line and not line.startswith("#"))


def write_exclude(path: str | Path, sections: Iterable[ExcludeSection], *, heading: str = "") -> Path:
    """Write sections of names, which `read_exclude` reads back, below a comment; returns where they were written.

    An existing file is replaced if it is as this function wrote it. If it was edited, or is another file, it is kept,
    and the next free name is taken: exclude-2.txt. Raises `InputError` if the file cannot be written.
    """
    lines: list[str] = []
    for section in sections:
        mark = "# " if section.suggested else ""
        lines += ["", f"# {printable(section.comment)}", *(f"{mark}{_quoted(name)}" for name in section.names)]
    head = f"# {printable(heading)}\n" if heading else ""
    body = (head + "\n".join(lines) + "\n").encode()
    place = _free(Path(path))
    write_atomically(place, f"{_UNEDITED}{_sum(body)}\n".encode() + body)
    return place


def _free(path: Path) -> Path:
    """The path itself, or with a number, whichever first is free or holds a list that nobody edited."""
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    return next(place for place in chain([path], numbered) if not os.path.lexists(place) or _is_unedited(place))


def _is_unedited(path: Path) -> bool:
    try:
        first, _, body = path.read_bytes().partition(b"\n") if path.is_file() else (b"", b"", b"")
    except OSError:
        return False
    return first.decode(errors="replace") == f"{_UNEDITED}{_sum(body)}"


def _sum(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=8).hexdigest()


def describe_exclusion(dataset: Dataset, names: Collection[str]) -> str:
    """A sentence on what `dataset.without(names)` leaves out, and on names that are not in the dataset."""
    known = dataset.names
    unknown = sorted(set(names) - known)
    sentence = f"excluded {len(names) - len(unknown):,} of {len(known):,} pictures"
    if not unknown:
        return sentence
    listed = "1 listed name is" if len(unknown) == 1 else f"{len(unknown):,} listed names are"
    return f"{sentence}; {listed} not in {dataset.name}: {quote_names(unknown)}"


def _parse(line: str, path: Path, number: int) -> str:
    if not line.startswith('"'):
        return line.removeprefix("./")
    try:
        name = json.loads(line)
    except ValueError as error:
        raise InputError(
            f'{path}, line {number}: a name that begins with " must be a JSON string, such as "cat/1.jpg" ({error})'
        ) from error
    return str(name)


def _quoted(name: str) -> str:
    """A name as a line of its own; as a JSON string if it would be read back differently, or cannot be seen."""
    plain = name.isprintable() and name == name.strip() and not name.startswith(("#", '"', "./"))
    return name if plain else json.dumps(name)
