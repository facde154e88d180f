"""Prediction files as text that can be appended to: CSV and JSON lines.

A file whose writer was interrupted (a power failure, `kill -9`) may end with part of a row. Readers skip that part and
report where the last complete row ends; damage anywhere else is an error.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import msgspec

from googlenet.errors import InputError
from googlenet.predictions.row import BEST, PredictionRow, StoredRow, best_columns, checked_row, json_line

LARGEST_FIELD = 2**24  # characters: 100,000 classes fit
_AS_JSON = ("predictions", "embedding")  # columns of a CSV file whose values are JSON


def write_jsonl(row: PredictionRow, file: BinaryIO, *, first: bool) -> None:
    """Append a row as a line; `first` has no effect."""
    _append(f"{json_line(row)}\n", file)


def write_csv(row: PredictionRow, file: BinaryIO, *, first: bool) -> None:
    """Append a row as a record, after a header if it is the `first` of its file.

    The best prediction has columns of its own, and `predictions` contains all of them as JSON.
    """
    flat = {key: _flat(key, value) for key, value in row.items()} | best_columns(row)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(flat))
    if first:
        writer.writeheader()
    writer.writerow(flat)
    _append(text.getvalue(), file)


def read_jsonl(file: BinaryIO, *, where: str) -> Iterator[StoredRow]:
    """Yield the complete rows of JSON lines; raises InputError, naming the line, for one that is not a row."""
    end = 0
    for number, line in enumerate(file, start=1):
        if not line.endswith(b"\n"):
            return
        place = f"{where}: line {number:,}"
        end += len(line)
        yield StoredRow(checked_row(_parsed(line, where=place), where=place), end)


def read_csv(file: BinaryIO, *, where: str) -> Iterator[StoredRow]:
    """Yield the complete rows of CSV as `write_csv` writes it; raises InputError, naming the line, for other text."""
    csv.field_size_limit(LARGEST_FIELD)
    lines = _CountedLines(file)
    records = csv.reader(lines, strict=True)
    header: list[str] | None = None
    while True:
        place = f"{where}: line {lines.number + 1:,}"
        try:
            fields = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            if lines.ended or not lines.whole:
                return
            raise InputError(f"{place} is damaged ({error})") from error
        if not lines.whole:
            return
        if header is None:
            header = fields
        elif len(fields) != len(header):
            raise InputError(f"{place} has {len(fields)} columns, but the first line has {len(header)}")
        else:
            row = {key: _from_flat(key, text, place) for key, text in zip(header, fields, strict=True)}
            yield StoredRow(checked_row({key: row[key] for key in row if key not in BEST}, where=place), lines.end)


class _CountedLines:
    """The lines of a file as text; `end` is the offset after the last line, `whole` whether it has a line break."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.end = self.number = 0
        self.whole, self.ended = True, False

    def __iter__(self) -> _CountedLines:
        return self

    def __next__(self) -> str:
        line = self.file.readline()
        if not line:
            self.ended = True
            raise StopIteration
        self.end += len(line)
        self.number += 1
        self.whole = line.endswith(b"\n")
        return line.decode(errors="replace")


def _append(text: str, file: BinaryIO) -> None:
    """Write and flush a row, so that no rows are lost if the process is killed."""
    # backslashreplace: a file's name need not be UTF-8; surrogates become JSON escapes \udcXX
    file.write(text.encode("utf-8", "backslashreplace"))
    file.flush()


def _parsed(text: bytes | str, *, where: str) -> Any:
    with suppress(ValueError, RecursionError):  # also for names with escaped surrogates, which only json.loads reads
        return msgspec.json.decode(text)  # several times as fast as json.loads for long lists of floats
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is damaged: it is not JSON") from error


def _flat(key: str, value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if key in _AS_JSON and value is not None else value


def _from_flat(key: str, text: str, place: str) -> Any:
    if key in _AS_JSON and text:
        return _parsed(text, where=f"{place}, column {key},")
    return text or None if key != "image" else text
