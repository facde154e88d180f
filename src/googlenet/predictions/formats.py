"""The kinds of files of rows, by their suffix: how each grows, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from googlenet.errors import InputError
from googlenet.files import cannot_read
from googlenet.predictions.parquet import check_pyarrow, read_parquet
from googlenet.predictions.row import PredictionRow, StoredRow
from googlenet.predictions.text import read_csv, read_jsonl, write_csv, write_jsonl


class WriteRow(Protocol):
    """Appends a row to an open file, at once; `first` where the file has none yet."""

    def __call__(self, row: PredictionRow, file: BinaryIO, *, first: bool) -> None:
        """Append it."""
        ...


class ReadGrowing(Protocol):
    """Reads the whole rows of an open file that may end with part of one; `where` names it in errors."""

    def __call__(self, file: BinaryIO, *, where: str) -> Iterator[StoredRow]:
        """Yield them."""
        ...


@dataclass(frozen=True, slots=True)
class RowFormat:
    """A kind of file: while it grows it is text, which `write` appends to and `read_growing` reads.

    Where `read_finished` is None, that text is the finished file. `check` raises where a package is missing.
    """

    write: WriteRow
    read_growing: ReadGrowing
    read_finished: Callable[[Path], Iterator[PredictionRow]] | None = None
    check: Callable[[], None] = lambda: None


FORMATS: dict[str, RowFormat] = {
    ".csv": RowFormat(write_csv, read_csv),
    ".jsonl": RowFormat(write_jsonl, read_jsonl),
    ".parquet": RowFormat(write_jsonl, read_jsonl, read_parquet, check_pyarrow),
}


def format_of(path: Path, *, what: str) -> RowFormat:
    """The format that a file's suffix says; raises InputError, which begins with `what` cannot be done, for another."""
    if path.suffix not in FORMATS:
        raise InputError(
            f"{what} {path}: a file of rows ends in {', '.join(list(FORMATS)[:-1])} or {list(FORMATS)[-1]}"
        )
    return FORMATS[path.suffix]


def read_rows(path: Path) -> Iterator[PredictionRow]:
    """Yield the rows of a finished file; raises InputError where it cannot be read or holds something else."""
    row_format = format_of(path, what="cannot read")
    if row_format.read_finished is not None:
        yield from row_format.read_finished(path)
        return
    try:
        with path.open("rb") as file:
            for stored in row_format.read_growing(file, where=str(path)):
                yield stored.row
    except OSError as error:
        raise cannot_read(path, error) from error
