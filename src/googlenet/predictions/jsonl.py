"""Prediction files as JSON lines, which can be appended to.

A file whose writer was interrupted (a power failure, `kill -9`) may end with part of a row. Readers skip that part and
report where the last complete row ends; damage anywhere else is an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import msgspec

from googlenet.errors import InputError
from googlenet.predictions.row import PredictionRow, StoredRow, checked_row, json_line


def write_jsonl(row: PredictionRow, file: BinaryIO) -> None:
    """Append a row as a line."""
    append(f"{json_line(row)}\n", file)


def read_jsonl(file: BinaryIO, *, where: str) -> Iterator[StoredRow]:
    """Yield the complete rows of JSON lines; raises InputError, naming the line, for one that is not a row."""
    end = 0
    for number, line in enumerate(file, start=1):
        if not line.endswith(b"\n"):
            return
        place = f"{where}: line {number:,}"
        end += len(line)
        yield StoredRow(checked_row(_parsed(line, where=place), where=place), end)


def append(text: str, file: BinaryIO) -> None:
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
