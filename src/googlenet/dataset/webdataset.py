"""Finds the classes in a tar of WebDataset's layout: members with the same key belong to one sample.

The key of a member ends at the first dot of its file's name: `cat/001.jpg`, `cat/001.cls` and `cat/001.json` are one
sample. (https://github.com/webdataset/webdataset)
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from googlenet.dataset.walking import is_hidden, is_picture_name
from googlenet.errors import DataError

LABEL_SUFFIXES = (".cls", ".class")
CLASS_KEYS = ("class", "class_name", "label", "cls")
"""Keys of a sample's JSON that name its class; the first that it has."""

LARGEST_LABEL = 2**20  # bytes

ReadAt = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture of a sample: its member in the tar, its class, and its name in the data that were packed, if known."""

    member: str
    class_name: str
    name: str | None = None


def find_labels(files: Mapping[str, tuple[int, int]], read_at: ReadAt, *, where: str) -> list[Labelled] | None:
    """The pictures among the members (name -> offset, size) that have a class beside them; None if none has one.

    Class folders take precedence over a JSON file beside each picture, which may say anything. Raises `DataError`,
    naming `where`, for a class that cannot be read, and for a picture without one among others that have one.
    """
    has_labels = any(member.lower().endswith(LABEL_SUFFIXES) for member in files)
    if not has_labels and any("/" in member for member in files if is_picture_name(member)):
        return None
    samples: dict[str, list[str]] = defaultdict(list)
    for member in files:
        if not any(map(is_hidden, member.split("/"))):
            samples[sample_key(member)].append(member)
    found: list[Labelled] = []
    without: list[str] = []
    for members in samples.values():
        pictures = [member for member in members if is_picture_name(member)]
        known = _class_of(members, files, read_at, where) if pictures else None
        if known is None:
            without.extend(pictures)
        else:
            found.extend(Labelled(one, known[0], known[1] if len(pictures) == 1 else None) for one in pictures)
    if found and without:
        raise DataError(f"{where}: {without[0]!a} has no class beside it ({sample_key(without[0])}.cls), others have")
    return found or None


def sample_key(member: str) -> str:
    """The key of a member: its name up to the first dot after its folder."""
    folder, slash, file = member.rpartition("/")
    return folder + slash + file.partition(".")[0]


def _class_of(
    members: list[str], files: Mapping[str, tuple[int, int]], read_at: ReadAt, where: str
) -> tuple[str, str | None] | None:
    """The class of a sample, and its name before it was packed: JSON of `googlenet pack` says more than a number."""
    about: Any = None
    for member in members:
        if member.lower().endswith(".json"):
            about = _parsed(_text(member, files, read_at, where))
    named = isinstance(about, dict) and isinstance(about.get("class"), str)
    if named and isinstance(about.get("name"), str):
        return about["class"], about["name"]
    for member in members:
        if member.lower().endswith(LABEL_SUFFIXES):
            return about["class"] if named else _text(member, files, read_at, where).strip(), None
    if isinstance(about, dict):
        known = next((about[key] for key in CLASS_KEYS if isinstance(about.get(key), str | int)), None)
        return None if known is None else (str(known), None)
    return None


def _text(member: str, files: Mapping[str, tuple[int, int]], read_at: ReadAt, where: str) -> str:
    offset, size = files[member]
    try:
        text = read_at(offset, min(size, LARGEST_LABEL)).decode()
    except (OSError, ValueError) as error:
        raise DataError(f"{where}: the class in {member!a} cannot be read ({error})") from error
    if not text.strip() or size > LARGEST_LABEL:
        raise DataError(f"{where}: the class in {member!a} is {'empty' if size == 0 else 'not a name or a number'}")
    return text


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
