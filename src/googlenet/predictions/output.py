"""Writes prediction files atomically, but without losing rows when writing is interrupted.

Rows are appended to FILE.partial and flushed one by one; after the last row it is renamed to FILE. An interruption
(Ctrl-C, `kill -9`, a full disk, a power failure) leaves FILE.partial, which `read_existing` reads, and
FILE.partial.json, a note of the model that wrote it. Parquet files cannot be appended to: their FILE.partial is JSON
lines, which are converted at the end.
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
    check_can_write,
    check_not_replaced,
    current_folder,
    is_at,
    open_atomically,
    open_locked,
    recreate_folder,
    remove_unfinished,
    write_atomically,
)
from googlenet.predictions.formats import PredictionFormat, format_of, read_predictions
from googlenet.predictions.names import PictureNames
from googlenet.predictions.parquet import write_parquet
from googlenet.predictions.row import Note, PredictionRow, Write
from googlenet.predictions.table import Columns

DEFAULT_COLUMNS = Columns()

SAMPLES = 20
"""The number of rows of a resumed file that are kept, to compare their predictions with new ones."""


@dataclass(frozen=True, slots=True)
class ExistingOutput:
    """What an output already contains: `rows` rows, `bad` of them errors, of the pictures `names`.

    `samples`: the first rows without errors. `file`: the file, whose first `end` bytes are the rows; None if there is
    no such file. `note`: the model and settings they were written with, as far as known.
    """

    file: Path | None = None
    end: int = 0
    rows: int = 0
    bad: int = 0
    names: PictureNames = field(default_factory=PictureNames, repr=False, compare=False)
    samples: tuple[PredictionRow, ...] = field(default=(), repr=False)
    note: Note = field(default_factory=dict)


def partial_path(path: Path) -> Path:
    """Where rows are written until the file is complete."""
    return path.with_name(f"{path.name}.partial")


def note_path(path: Path) -> Path:
    """Where the model and settings of an incomplete file are noted."""
    return path.with_name(f"{path.name}.partial.json")


def check_output(
    path: Path, *, features: bool = False, force: bool = False, can_resume: bool = True, option: str = "--output"
) -> None:
    """Raise InputError for an output that cannot be written, or that exists, unless `force`.

    `features`: whether rows have an embedding, for which a CSV file has no column. `can_resume`: whether the command
    has --resume, so that an unfinished output is kept, too. `option` names the file on the command line.
    """
    row_format = _checked_format(path)
    if features and not row_format.has_features:
        raise InputError(f"{path} has no columns for embeddings: write FILE.parquet or FILE.jsonl")
    check_not_replaced(path, option=option, force=force, resume=can_resume)
    if can_resume and partial_path(path).exists() and not force:
        raise InputError(
            f"{partial_path(path)} has the rows of an unfinished run; use --resume to continue it, or --force to "
            "start again"
        )


def read_existing(path: Path) -> ExistingOutput:
    """Read what exists of an output: the interrupted file, else the finished one, else nothing.

    Rows are read one by one; 16 bytes are kept per picture. Raises InputError for anything but a prediction file.
    """
    row_format = _checked_format(path)
    partial = partial_path(path)
    if partial.is_file():
        existing = _count(partial, _read_growing(row_format, partial))
        return replace(existing, note=existing.note | _read_note(note_path(path)))
    if path.is_file():
        in_place = row_format.read_finished is None
        return _count(
            path, _read_growing(row_format, path) if in_place else ((row, 0) for row in read_predictions(path))
        )
    return ExistingOutput()


@contextmanager
def open_predictions(
    path: Path | None,
    *,
    existing: ExistingOutput | None = None,
    note: Note | None = None,
    columns: Columns = DEFAULT_COLUMNS,
) -> Iterator[Write]:
    """Yield a function that writes a row to `path` (.csv, .jsonl, .parquet); without a path it does nothing.

    With `existing` its rows come first, and if the block fails, the rows written so far are kept, with their `note`.
    Without it a new file is written, and removed if the block fails. `columns` are those of a CSV file. A file that is
    deleted while it is written is restored when the block ends. Raises InputError for an unsupported suffix, a folder
    that cannot be written to, a full disk, or an existing CSV file with other columns.
    """
    if path is None:
        yield lambda row: None
        return
    row_format, partial = _checked_format(path), partial_path(path)
    started = existing or ExistingOutput()
    written = started.rows

    def write(row: PredictionRow) -> None:
        nonlocal written
        with _as_sentence(path, kept=existing is not None):
            row_format.write(row, file, columns)
        written += 1

    done, ours, current = False, True, current_folder()
    with _as_sentence(path, kept=False):
        file, locked = _open_partial(path, row_format, started, columns)
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
        with _as_sentence(path, kept=existing is not None):
            os.fsync(file.fileno())
            if not locked:
                file.close()  # systems without locks cannot rename an open file
            _finish(path, row_format)
        done = True
    finally:
        with suppress(OSError):
            file.close()  # may fail again on a full disk, which has been reported
        if ours and (done or existing is None or written == 0):
            for left in (note_path(path), *(() if done else (partial,))):
                with suppress(OSError):
                    left.unlink()


def _checked_format(path: Path) -> PredictionFormat:
    row_format = format_of(path, what="cannot write")
    row_format.check()
    check_can_write(path)
    return row_format


def _read_growing(row_format: PredictionFormat, path: Path) -> Iterator[tuple[PredictionRow, int]]:
    try:
        with path.open("rb") as file:
            for stored in row_format.read_growing(file, where=str(path)):
                yield stored.row, stored.end
    except OSError as error:
        raise cannot_read(path, error) from error


def _count(file: Path, rows: Iterator[tuple[PredictionRow, int]]) -> ExistingOutput:
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
    return ExistingOutput(file, last, count, bad, names, tuple(samples), note)


def _read_note(path: Path) -> Note:
    """The model and settings of an incomplete file; empty if the note is missing or damaged."""
    try:
        fields = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(key): value for key, value in fields.items()} if isinstance(fields, dict) else {}


def _open_partial(
    path: Path, row_format: PredictionFormat, existing: ExistingOutput, columns: Columns
) -> tuple[BinaryIO, bool]:
    """Open the partial file after its last complete row; also returns whether it is locked."""
    partial = partial_path(path)
    if existing.file == path:
        with open_atomically(partial) as copy:
            if row_format.read_finished is None:
                with path.open("rb") as finished:
                    shutil.copyfileobj(finished, copy, 2**20)
            else:
                for row in row_format.read_finished(path):
                    row_format.write(row, copy, columns)
                existing = ExistingOutput(path, copy.tell())
    file, locked = open_locked(partial, _taken(partial))
    try:
        for target in (path, partial):  # writing one of 100,000 rows takes seconds, so a run may be killed meanwhile
            remove_unfinished(target)
        header = row_format.header(columns)
        if existing.end and file.read(len(header)) != header:
            raise InputError(f"{existing.file} has other columns: resume it with the --top that it was written with")
        file.truncate(existing.end)
        file.seek(existing.end)
        if not existing.end:
            file.write(header)
            file.flush()
    except BaseException:
        file.close()
        raise
    return file, locked


def _taken(partial: Path) -> str:
    return f"another run is writing {partial}; wait for it to finish, or use another output"


def _write_again(file: BinaryIO, partial: Path, current: Path | None) -> None:
    """Write a partial file again that was deleted, from the open file; InputError if another run has created one."""
    recreate_folder(partial.parent, current)
    if partial.exists():
        raise InputError(_taken(partial))
    file.seek(0)
    with open_atomically(partial) as copy:
        shutil.copyfileobj(file, copy, 2**20)


def _finish(path: Path, row_format: PredictionFormat) -> None:
    """Turn the complete partial file into the finished one."""
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
    """Turn a system error on writing `path` into an InputError; `kept`: the rows are kept and can be resumed."""
    try:
        yield
    except OSError as error:
        rest = f"; the rows so far are in {partial_path(path)}, use --resume to continue" if kept else ""
        raise cannot_write(path, error, rest) from error
