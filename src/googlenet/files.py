"""Files that are there whole or not at all, and that one program at a time writes."""

from __future__ import annotations

import glob
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO
from uuid import uuid4

from googlenet.errors import InputError

MODEL_FILE = "model.safetensors"
ENSEMBLE_FILE = "ensemble.json"
"""What a folder that is a model holds: one network, or the list of an ensemble's members."""

MARK = 8  # letters that tell one writer's temporary file from another's


SPECIAL = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
"""What is neither a file nor a folder: opening or reading it may never end."""


def special_kind(mode: int) -> str | None:
    """What a path with this `st_mode` is, where it is one of `SPECIAL`."""
    return next((what for is_special, what in SPECIAL if is_special(mode)), None)


def check_not_special(path: Path) -> None:
    """Raise InputError where `path` is one of `SPECIAL`, before it is opened."""
    if path.exists() and (what := special_kind(path.stat().st_mode)):
        raise InputError(f"cannot read {path}: it is {what}, not a regular file")


def cannot_read(path: Path | str, error: OSError) -> InputError:
    """What the system says about reading `path`, as a sentence for the user."""
    return InputError(f"cannot read {path}: {_reason(error)}")


def cannot_write(path: Path | str, error: OSError, rest: str = "") -> InputError:
    """What the system says about writing `path`, as a sentence for the user, with the `rest` that follows it."""
    return InputError(f"cannot write {path}: {_reason(error)}{rest}")


def _reason(error: OSError) -> str:
    """In a few words: libraries raise OSErrors of their own, which have many lines and no `strerror`."""
    return error.strerror or " ".join(str(error).split())[:100]


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
        raise cannot_write(path, error) from error
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
        raise cannot_write(path, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def open_locked(path: Path, refusal: str) -> tuple[BinaryIO, bool]:
    """Open `path` for reading and writing, made where it is missing, and lock other programs out until it is closed.

    With the file comes whether they are locked out: not every system has such locks. The lock of a program that was
    killed is gone with it. Raises InputError with the sentence `refusal` where another program holds it, OSError where
    it cannot be opened.
    """
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666), "r+b")
        try:
            locked = _lock(file, refusal)
            if not locked or is_at(file, path):
                return file, locked
        except BaseException:
            file.close()
            raise
        file.close()  # between opening and locking it, the one who held it renamed or deleted it


def _lock(file: BinaryIO, refusal: str) -> bool:
    try:
        import fcntl
    except ModuleNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(refusal) from None
    except OSError:  # a file system without locks
        return False
    return True


def is_at(file: BinaryIO, path: Path) -> bool:
    """Whether an open file is still the one called `path`, which may have been deleted or replaced."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def current_folder() -> Path | None:
    """The current folder; None where it was deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def check_current_folder() -> None:
    """Raise InputError where the current folder was deleted: paths lead nowhere, and importing torch ends a program."""
    if current_folder() is None:
        raise InputError("the current folder was deleted; go to one that exists, and try again")


def make_again(folder: Path, current: Path | None) -> None:
    """Make a folder that was deleted while it was in use, and before it the current folder `current` as it was."""
    if current is not None and current_folder() is None:
        current.mkdir(parents=True, exist_ok=True)
        os.chdir(current)
    folder.mkdir(parents=True, exist_ok=True)


class FolderLock:
    """Keeps other programs out of a folder, which it makes, by a lock on a hidden file in it; a context manager.

    Raises InputError where the folder cannot be written to, and with the sentence `refusal` where another program has
    it.
    """

    def __init__(self, folder: Path, refusal: str) -> None:
        """Nothing is made or locked before the block begins."""
        self.folder = folder
        self.path = folder / ".lock"
        self.refusal = refusal
        self.current = current_folder()
        self._file: BinaryIO | None = None

    def __enter__(self) -> FolderLock:
        try:
            self.keep()
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            if is_at(self._file, self.path):
                with suppress(OSError):  # some systems do not delete an open file; it does no harm
                    self.path.unlink()
            self._file.close()

    def keep(self) -> bool:
        """Make the folder and lock it again where it was deleted meanwhile; whether it was.

        Raises InputError where another program has it now, OSError where it cannot be made.
        """
        if self._file is not None and is_at(self._file, self.path):
            return False
        make_again(self.folder, self.current)
        file, _ = open_locked(self.path, self.refusal)
        if self._file is not None:
            self._file.close()
        self._file = file
        return True
