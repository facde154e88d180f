"""Files that are there whole or not at all."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from googlenet.errors import InputError

MARK = 8  # letters that tell one writer's temporary file from another's


@contextmanager
def open_atomically(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the place of `path` when the block ends well, and vanishes when it does not.

    Written beside `path` under a hidden temporary name, flushed to the disk, then renamed. Raises InputError where the
    folder cannot be written to or the disk is full. A closed pipe is never this file, and passes as it is.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:MARK]}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def remove_unfinished(path: Path) -> None:
    """Remove what writers of `path` that were killed left beside it; for who knows that nobody else is writing it."""
    for temporary in path.parent.glob(f".{glob.escape(path.name)}.{'?' * MARK}.tmp"):
        with suppress(OSError):
            temporary.unlink()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a whole file at once; raises InputError as `open_atomically`."""
    with open_atomically(path) as file:
        file.write(data)


def move_into_place(source: Path, path: Path) -> None:
    """Give a file or folder that is whole the name `path`, in place of what is there; InputError where that fails.

    Both lie on one disk. A folder that is replaced is moved aside between two renamings, and put back where the second
    one fails.
    """
    aside = path.with_name(f".{path.name}.{uuid4().hex[:8]}.old")
    try:
        if source.is_dir() and path.is_dir():
            path.replace(aside)
        source.replace(path)
    except OSError as error:
        if aside.exists() and not path.exists():
            aside.replace(path)
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
