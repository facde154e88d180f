"""A row a picture, as CSV or as JSON lines, into a file that appears when it is whole."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from googlenet.errors import InputError
from googlenet.files import open_atomically

Row = dict[str, Any]
Write = Callable[[Row], None]


@contextmanager
def open_rows(path: Path | None) -> Iterator[Write]:
    """Give a function that writes a row to `path` (.csv or .jsonl); without a path it does nothing.

    In CSV the best prediction has columns of its own, and `predictions` holds them all as JSON. Raises InputError for
    another suffix or a place that cannot be written to.
    """
    if path is None:
        yield lambda row: None
        return
    if path.suffix not in FORMATS:
        raise InputError(f"cannot write {path}: a file of rows ends in {' or '.join(FORMATS)}")
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder")
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path}: there is no folder {path.parent}")
    with open_atomically(path) as file:
        # backslashreplace: a file's name need not be UTF-8; what JSON cannot hold becomes its own escape \udcXX
        text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="", write_through=True)
        yield FORMATS[path.suffix](text)
        text.detach()


def _csv_writer(text: io.TextIOWrapper) -> Write:
    writer: list[csv.DictWriter[str]] = []

    def write(row: Row) -> None:
        flat = _flat(row)
        if not writer:
            writer.append(csv.DictWriter(text, list(flat)))
            writer[0].writeheader()
        writer[0].writerow(flat)

    return write


def _flat(row: Row) -> Row:
    best = row["predictions"][0] if row["predictions"] else {"label": "", "name": "", "probability": ""}
    return row | best | {"predictions": json.dumps(row["predictions"], ensure_ascii=False)}


def _jsonl_writer(text: io.TextIOWrapper) -> Write:
    return lambda row: print(json.dumps(row, ensure_ascii=False), file=text)


FORMATS: dict[str, Callable[[io.TextIOWrapper], Write]] = {".csv": _csv_writer, ".jsonl": _jsonl_writer}
