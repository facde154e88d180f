"""Atomic writes, and locks against concurrent writers."""

from __future__ import annotations

import glob
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO
from uuid import uuid4

from googlenet.errors import InputError

MODEL_FILE = "model.safetensors"
ENSEMBLE_FILE = "ensemble.json"
"""The files in a model folder: one network, or the list of an ensemble's members."""

MARK = 8  # random characters in the name of a writer's temporary file


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


def check_can_write(path: Path, *, what: str = "", suffixes: Sequence[str] = ()) -> None:
    """Raise InputError, before long work whose result goes to `path`, for a folder and where there is no folder for it.

    `suffixes`: in lower case, that the name must end in, because of `what` ("the report is an HTML file").
    """
    if suffixes and path.suffix.lower() not in suffixes:
        raise InputError(f"cannot write {path}: {what}, so its name must end in {suffixes[0]}")
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder")
    if not path.absolute().parent.is_dir():
        raise InputError(f"cannot write {path}: the folder {path.parent} does not exist")


def check_not_replaced(path: Path, *, option: str, force: bool, resume: bool = False) -> None:
    """Raise InputError for a file that exists, unless `force`, and for a folder.

    `option` names the file on the command line; `resume`: the command could also add to it.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; {option} must be a file")
    if path.exists() and not force:
        add = " --resume to add to it," if resume else ""
        raise InputError(f"{path} already exists; use {option} to write another file,{add} or --force to replace it")


def cannot_read(path: Path | str, error: OSError) -> InputError:
    """The system's error on reading `path`, as a message for the user."""
    return InputError(f"cannot read {path}: {_reason(error)}")


def cannot_write(path: Path | str, error: OSError, rest: str = "") -> InputError:
    """The system's error on writing `path`, as a message for the user, followed by `rest`."""
    return InputError(f"cannot write {path}: {_reason(error)}{rest}")


def _reason(error: OSError) -> str:
    """The reason in a few words: libraries raise OSErrors of their own, with many lines and no `strerror`."""
    return error.strerror or " ".join(str(error).split())[:100]


@contextmanager
def open_atomically(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that replaces `path` when the block succeeds, and is removed when it fails.

    It is written next to `path` under a hidden temporary name, flushed to disk, then renamed. Raises InputError if the
    folder cannot be written to or the disk is full. BrokenPipeError concerns other streams and is passed through.
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
    """Remove the temporary files of killed writers of `path`; only safe while nobody else is writing it."""
    for temporary in path.parent.glob(f".{glob.escape(path.name)}.{'?' * MARK}.tmp"):
        with suppress(OSError):
            temporary.unlink()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a whole file atomically; raises InputError as `open_atomically` does."""
    with open_atomically(path) as file:
        file.write(data)


def move_into_place(source: Path, path: Path) -> None:
    """Rename a complete file or folder to `path`, replacing an existing one; raises InputError if that fails.

    Both must be on the same file system. An existing folder is first renamed, and restored if the second renaming
    fails.
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
    """Open `path` for reading and writing, create it if missing, and lock other programs out until it is closed.

    Also returns whether it is locked: not every system has such locks. The lock of a killed program is released.
    Raises InputError with the message `refusal` if another program holds the lock, OSError if it cannot be opened.
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
        file.close()  # its previous owner renamed or deleted it between our opening and locking it


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
    """Whether an open file is still the one at `path`, which may have been deleted or replaced."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def current_folder() -> Path | None:
    """The current folder; None if it was deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def check_current_folder() -> None:
    """Raise InputError if the current folder was deleted: paths lead nowhere, and importing torch ends a program."""
    if current_folder() is None:
        raise InputError("the current folder was deleted; change to an existing folder and try again")


def recreate_folder(folder: Path, current: Path | None) -> None:
    """Create a folder again that was deleted while in use, after the current folder `current` if that was deleted."""
    if current is not None and current_folder() is None:
        current.mkdir(parents=True, exist_ok=True)
        os.chdir(current)
    folder.mkdir(parents=True, exist_ok=True)


class FolderLock:
    """Creates a folder and locks other programs out of it, by a lock on a hidden file; a context manager.

    Raises InputError if the folder cannot be written to, and with the message `refusal` if another program has it.
    """

    def __init__(self, folder: Path, refusal: str) -> None:
        """The folder is created and locked when the block is entered."""
        self.folder = folder
        self.path = folder / ".lock"
        self.refusal = refusal
        self.current = current_folder()
        self._file: BinaryIO | None = None

    def __enter__(self) -> FolderLock:
        try:
            self.restore()
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            if is_at(self._file, self.path):
                with suppress(OSError):  # some systems cannot delete an open file, which does no harm
                    self.path.unlink()
            self._file.close()

    def restore(self) -> bool:
        """Create and lock the folder again if it was deleted; returns whether it was.

        Raises InputError if another program has it now, OSError if it cannot be created.
        """
        if self._file is not None and is_at(self._file, self.path):
            return False
        recreate_folder(self.folder, self.current)
        file, _ = open_locked(self.path, self.refusal)
        if self._file is not None:
            self._file.close()
        self._file = file
        return True
