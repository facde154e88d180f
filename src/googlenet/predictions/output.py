"""A file of rows that is there whole or not at all, and yet loses nothing when its writing is interrupted.

While it is written, FILE grows beside its name as FILE.partial, each row at once; when the last one is there, it takes
its name. What is interrupted (a key, `kill -9`, a full disk, no power) leaves FILE.partial behind, which `read_begun`
takes up, and FILE.partial.json, a note of the model that began it. A Parquet file cannot grow: its FILE.partial is JSON
lines, of which it is made at the end.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from googlenet.errors import InputError
from googlenet.files import (
    cannot_read,
    cannot_write,
    current_folder,
    is_at,
    make_again,
    open_atomically,
    open_locked,
    remove_unfinished,
    write_atomically,
)
from googlenet.predictions.formats import RowFormat, format_of, read_rows
from googlenet.predictions.names import PictureNames
from googlenet.predictions.parquet import write_parquet
from googlenet.predictions.row import Note, PredictionRow, Write

SAMPLES = 20
"""How many rows of a file that is gone on with are kept, to compare what is said now with what was said then."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What an output holds already: `rows` rows, `bad` of them errors, of the pictures `names`.

    `samples`: the first rows that are no errors. `file`: where they are, whose first `end` bytes they are; None where
    there is no such file. `note`: what they were written with, as far as that is known.
    """

    file: Path | None = None
    end: int = 0
    rows: int = 0
    bad: int = 0
    names: PictureNames = field(default_factory=PictureNames, repr=False, compare=False)
    samples: tuple[PredictionRow, ...] = field(default=(), repr=False)
    note: Note = field(default_factory=dict)


def partial_path(path: Path) -> Path:
    """Where a file of rows grows."""
    return path.with_name(f"{path.name}.partial")


def note_path(path: Path) -> Path:
    """Where it is noted which model has begun a file of rows, as long as that grows."""
    return path.with_name(f"{path.name}.partial.json")


def read_begun(path: Path) -> Begun:
    """Find what there is of an output: the interrupted file, else the finished one, else nothing.

    Its rows are read one by one; each picture's name is kept in 16 bytes. Raises InputError for a file that holds
    something else.
    """
    row_format = _checked_format(path)
    partial = partial_path(path)
    if partial.is_file():
        begun = _count(partial, _read_growing(row_format, partial))
        return replace(begun, note=begun.note | _read_note(note_path(path)))
    if path.is_file():
        in_place = row_format.read_finished is None
        return _count(path, _read_growing(row_format, path) if in_place else ((row, 0) for row in read_rows(path)))
    return Begun()


@contextmanager
def open_rows(path: Path | None, *, begun: Begun | None = None, note: Note | None = None) -> Iterator[Write]:
    """Give a function that writes a row to `path` (.csv, .jsonl, .parquet); without a path it does nothing.

    With `begun` the rows that it knows come first, and what is written stays where the block ends early, beside its
    `note`. Without it the file is written anew, and nothing of it stays. In CSV and Parquet the best prediction has
    columns of its own. What is deleted while it grows is there again when the block ends. Raises InputError for another
    suffix, a place that cannot be written to, a full disk.
    """
    if path is None:
        yield lambda row: None
        return
    row_format, partial = _checked_format(path), partial_path(path)
    started = begun or Begun()
    written = started.rows

    def write(row: PredictionRow) -> None:
        nonlocal written
        with _as_sentence(path, kept=begun is not None):
            row_format.write(row, file, first=written == 0)
        written += 1

    done, ours, current = False, True, current_folder()
    with _as_sentence(path, kept=False):
        file, locked = _open_partial(path, row_format, started)
    try:
        if note is not None:
            write_atomically(note_path(path), json.dumps(note).encode())
        try:
            yield write
        finally:
            ours = is_at(file, partial)
            if not ours:
                with _as_sentence(path, kept=False):
                    _write_again(file, partial, current)
                    if note is not None:
                        write_atomically(note_path(path), json.dumps(note).encode())
                ours = True
        with _as_sentence(path, kept=begun is not None):
            os.fsync(file.fileno())
            if not locked:
                file.close()  # systems without locks do not rename a file that is open
            _finish(path, row_format)
        done = True
    finally:
        with suppress(OSError):
            file.close()  # again a full disk, which has been reported
        if ours and (done or begun is None or written == 0):
            for left in (note_path(path), *(() if done else (partial,))):
                with suppress(OSError):
                    left.unlink()


def _checked_format(path: Path) -> RowFormat:
    row_format = format_of(path, what="cannot write")
    row_format.check()
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder")
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path}: there is no folder {path.parent}")
    return row_format


def _read_growing(row_format: RowFormat, path: Path) -> Iterator[tuple[PredictionRow, int]]:
    try:
        with path.open("rb") as file:
            for stored in row_format.read_growing(file, where=str(path)):
                yield stored.row, stored.end
    except OSError as error:
        raise cannot_read(path, error) from error


def _count(file: Path, rows: Iterator[tuple[PredictionRow, int]]) -> Begun:
    names = PictureNames()
    samples: list[PredictionRow] = []
    count = bad = last = 0
    for row, end in rows:
        names.add(row["image"])
        count, last = count + 1, end
        bad += row["error"] is not None
        if row["error"] is None and len(samples) < SAMPLES:
            samples.append(row)
    first = samples[0] if samples else {}
    note: Note = {key: str(first[key]) for key in ("model", "model_sha256") if key in first}
    return Begun(file, last, count, bad, names, tuple(samples), note)


def _read_note(path: Path) -> Note:
    """What the rows of a growing file are written with; nothing where no note says it, or none that is whole."""
    try:
        fields = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(key): value for key, value in fields.items()} if isinstance(fields, dict) else {}


def _open_partial(path: Path, row_format: RowFormat, begun: Begun) -> tuple[BinaryIO, bool]:
    """Open the growing file behind the last of the rows that there are, and say whether all others are locked out."""
    partial = partial_path(path)
    if begun.file == path:
        with open_atomically(partial) as copy:
            if row_format.read_finished is None:
                with path.open("rb") as finished:
                    shutil.copyfileobj(finished, copy, 2**20)
            else:
                for number, row in enumerate(row_format.read_finished(path)):
                    row_format.write(row, copy, first=number == 0)
                begun = Begun(path, copy.tell())
    file, locked = open_locked(partial, _taken(partial))
    try:
        for whole in (path, partial):  # making one of 100,000 rows takes seconds, in which a run may be killed
            remove_unfinished(whole)
        file.truncate(begun.end)
        file.seek(begun.end)
    except BaseException:
        file.close()
        raise
    return file, locked


def _taken(partial: Path) -> str:
    return f"another run is writing {partial}; wait for its end, or name another output"


def _write_again(file: BinaryIO, partial: Path, current: Path | None) -> None:
    """Write a growing file that was deleted once more, from what is open of it; InputError where another has begun."""
    make_again(partial.parent, current)
    if partial.exists():
        raise InputError(_taken(partial))
    file.seek(0)
    with open_atomically(partial) as copy:
        shutil.copyfileobj(file, copy, 2**20)


def _finish(path: Path, row_format: RowFormat) -> None:
    """Give the whole file its name."""
    partial = partial_path(path)
    if row_format.read_finished is None:
        partial.replace(path)
        return
    features = next(
        (len(row["embedding"]) for row, _ in _read_growing(row_format, partial) if row.get("embedding")), None
    )
    with open_atomically(path) as file:
        write_parquet((row for row, _ in _read_growing(row_format, partial)), file, features=features)
    partial.unlink()


@contextmanager
def _as_sentence(path: Path, *, kept: bool) -> Iterator[None]:
    """What the system says about writing `path`, as an InputError; `kept`: its rows stay, to be gone on with."""
    try:
        yield
    except OSError as error:
        rest = f"; what there is of it stays in {partial_path(path)}, and --resume goes on from there" if kept else ""
        raise cannot_write(path, error, rest) from error
