"""The tars that DATA names: a folder of shards, a pattern such as `shards/{000000..000123}.tar`, web addresses."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path

from googlenet.dataset.remote import fetch
from googlenet.dataset.shard_index import INDEX_FILE, decode_set_index
from googlenet.dataset.walking import is_hidden, is_picture_name
from googlenet.errors import InputError
from googlenet.images import is_address

MOST_SHARDS = 1_000_000

_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"([0-9]+)\.\.([0-9]+)")


def is_shard_pattern(data: str) -> bool:
    """Whether DATA is an address, or a pattern of tars rather than an existing path."""
    if is_address(data):
        return True
    is_pattern = _BRACES.search(data) is not None or glob.has_magic(data)
    return is_pattern and data.endswith(".tar") and not os.path.lexists(data)


def find_shards(data: str) -> tuple[str, ...] | None:
    """The paths or addresses of the tars that DATA names; None if it is neither a pattern nor a folder of shards.

    Raises InputError if nothing matches, `DataError` for a damaged index of a folder.
    """
    if not is_shard_pattern(data):
        return _of_folder(Path(data)) if os.path.isdir(data) else None
    names = expand_braces(data)
    if is_address(data):
        if not data.lower().startswith(("http://", "https://")):
            raise InputError(f"{data}: only http:// and https:// are read; copy the shards, or mount them as a folder")
        return tuple(one for name in names for one in ([name] if name.endswith(".tar") else _of_address(name)))
    found = [match for name in names for match in (sorted(glob.glob(name)) if glob.has_magic(name) else [name])]
    if not any(map(os.path.exists, found)):
        raise InputError(f"nothing matches {data}")
    return tuple(dict.fromkeys(found))


def expand_braces(pattern: str) -> list[str]:
    """`{000..002}.tar` and `{a,b}.tar` as a shell expands them; raises InputError for more than a million names."""
    braces = _BRACES.search(pattern)
    if braces is None:
        return [pattern]
    rest = expand_braces(pattern[braces.end() :])
    choices = braces[1].split(",") if "," in braces[1] else [braces[0]]
    ends = _RANGE.fullmatch(braces[1])
    first, last = (1, len(choices)) if ends is None else (int(ends[1]), int(ends[2]))
    if (abs(last - first) + 1) * len(rest) > MOST_SHARDS:
        raise InputError(f"{pattern} names more than {MOST_SHARDS:,} shards")
    if ends is not None:
        step = 1 if first <= last else -1
        digits = len(ends[1]) if ends[1].startswith("0") else 0
        choices = [f"{number:0{digits}}" for number in range(first, last + step, step)]
    return [f"{pattern[: braces.start()]}{choice}{one}" for choice in choices for one in rest]


def _of_folder(folder: Path) -> tuple[str, ...] | None:
    """The tars of a folder with an index, or of one without pictures and folders; None for any other."""
    index = folder / INDEX_FILE
    if index.is_file():
        try:
            data = index.read_bytes()
        except OSError as error:
            raise InputError(f"cannot read {index}: {error.strerror or error}") from error
        if b'"shards"' in data and b'"classes"' in data:
            return tuple(str(folder / one.file) for one in decode_set_index(data, where=str(index)).shards)
    tars = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir() or is_picture_name(entry.name):
                    return None
                if entry.name.endswith(".tar") and not is_hidden(entry.name):
                    tars.append(str(folder / entry.name))
    except OSError:  # said where the folder is read as one
        return None
    return tuple(sorted(tars)) or None


def _of_address(address: str) -> list[str]:
    """The tars below the address of a folder, by its index."""
    folder = address.rstrip("/")
    where = f"{folder}/{INDEX_FILE}"
    try:
        index = decode_set_index(fetch(where), where=where)
    except OSError as error:
        raise InputError(f"cannot read {where}: {error}; name the tars: {folder}/{{000000..000009}}.tar") from error
    return [f"{folder}/{one.file}" for one in index.shards]
