"""The formats of prediction files by suffix: how each is written and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from googlenet.errors import InputError
from googlenet.files import cannot_read
from googlenet.predictions.jsonl import read_jsonl, write_jsonl
from googlenet.predictions.parquet import check_pyarrow, read_parquet
from googlenet.predictions.row import PredictionRow, StoredRow
from googlenet.predictions.table import Columns, csv_header, read_csv, write_csv


class WriteRow(Protocol):
    """Appends a row to an open file and flushes it; only tables have `columns`."""

    def __call__(self, row: PredictionRow, file: BinaryIO, columns: Columns) -> None:
        """Append the row."""
        ...


class ReadGrowing(Protocol):
    """Reads the complete rows of an open file that may end with part of one; `where` names the file in errors."""

    def __call__(self, file: BinaryIO, *, where: str) -> Iterator[StoredRow]:
        """Yield the rows."""
        ...


@dataclass(frozen=True, slots=True)
class PredictionFormat:
    """A file format: an unfinished file is text, which `write` appends to and `read_growing` reads.

    If `read_finished` is None, the finished file has the same format. `check` raises if a package is missing. `header`
    gives the bytes before the first row; `has_features`: whether rows can have an embedding.
    """

    write: WriteRow
    read_growing: ReadGrowing
    read_finished: Callable[[Path], Iterator[PredictionRow]] | None = None
    check: Callable[[], None] = lambda: None
    header: Callable[[Columns], bytes] = lambda columns: b""
    has_features: bool = True


def _write_line(row: PredictionRow, file: BinaryIO, columns: Columns) -> None:
    write_jsonl(row, file)


FORMATS: dict[str, PredictionFormat] = {
    ".csv": PredictionFormat(write_csv, read_csv, header=csv_header, has_features=False),
    ".jsonl": PredictionFormat(_write_line, read_jsonl),
    ".parquet": PredictionFormat(_write_line, read_jsonl, read_parquet, check_pyarrow),
}


def format_of(path: Path, *, what: str) -> PredictionFormat:
    """The format of a file by its suffix; raises InputError, which starts with `what`, for an unsupported one."""
    if path.suffix not in FORMATS:
        raise InputError(
            f"{what} {path}: the file name must end in {', '.join(list(FORMATS)[:-1])} or {list(FORMATS)[-1]}"
        )
    return FORMATS[path.suffix]


def read_predictions(path: Path) -> Iterator[PredictionRow]:
    """Yield the rows of a finished file; raises InputError if it cannot be read or is not a prediction file."""
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
