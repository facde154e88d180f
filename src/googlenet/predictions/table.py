"""Prediction files as CSV, for people: a column for each class and probability, and no cell that a spreadsheet runs.

There is no byte-order mark, which would become part of the first column's name in Python, R and awk; a spreadsheet that
shows names in other scripts wrongly is told "UTF-8" in its import dialog.
"""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from googlenet.errors import InputError
from googlenet.predictions.jsonl import append
from googlenet.predictions.row import PredictionRow, StoredRow
from googlenet.spreadsheet import cell_text, safe_cell

LARGEST_FIELD = 2**24  # characters


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file: `ranks` classes per picture, their `names` beside the labels if these differ.

    `true_class`: whether the picture's own class has a column.
    """

    ranks: int = 5
    names: bool = True
    true_class: bool = False

    @property
    def header(self) -> tuple[str, ...]:
        """`image, label, probability, label_2, probability_2 ..., error`."""
        kinds = ("label", "name", "probability") if self.names else ("label", "probability")
        ranked = (kind if rank == 1 else f"{kind}_{rank}" for rank in range(1, self.ranks + 1) for kind in kinds)
        return ("image", *(["class"] if self.true_class else []), *ranked, "error")


def csv_header(columns: Columns) -> bytes:
    """The first line of a file."""
    return _record(columns.header).encode()


def write_csv(row: PredictionRow, file: BinaryIO, columns: Columns) -> None:
    """Append a row as a record; ranks that it does not have are empty. Raises ValueError for keys without a column."""
    if unknown := row.keys() - {"image", "predictions", "error", *(["class"] if columns.true_class else [])}:
        raise ValueError(f"a CSV file has no columns for {', '.join(sorted(unknown))}")
    cells = [safe_cell(row["image"]), *([safe_cell(row["class"])] if columns.true_class else [])]
    for one in row["predictions"]:
        name = [safe_cell(one["name"])] if columns.names else []
        cells += [safe_cell(one["label"]), *name, one["probability"]]
    cells += [""] * (len(columns.header) - 1 - len(cells))
    append(_record([*cells, safe_cell(row["error"] or "")]), file)


def read_csv(file: BinaryIO, *, where: str) -> Iterator[StoredRow]:
    """Yield the complete rows of CSV as `write_csv` writes it; raises InputError, naming the line, for other text."""
    csv.field_size_limit(LARGEST_FIELD)
    lines = _CountedLines(file)
    records = csv.reader(lines, strict=True)
    columns: Columns | None = None
    while True:
        place = f"{where}: line {lines.number + 1:,}"
        try:
            cells = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            if lines.ended or not lines.whole:
                return
            raise InputError(f"{place} is damaged ({error})") from error
        if not lines.whole:
            return
        if columns is None:
            columns = _columns_of(cells, where)
        elif len(cells) != len(columns.header):
            raise InputError(f"{place} has {len(cells)} columns, but the first line has {len(columns.header)}")
        else:
            yield StoredRow(_row(cells, columns, place), lines.end)


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
        return (line.removeprefix(BOM_UTF8) if self.number == 1 else line).decode(errors="replace")


def _columns_of(header: list[str], where: str) -> Columns:
    """The columns that a header names; raises InputError for one that `csv_header` does not write."""
    if "predictions" in header:
        raise InputError(
            f"{where} is a CSV file of an older version of googlenet, which had other columns; write it again"
        )
    true_class, names = "class" in header, "name" in header
    ranks = (len(header) - 2 - true_class) // (3 if names else 2)
    columns = Columns(ranks, names, true_class)
    if columns.header != tuple(header):
        raise InputError(f"{where}: line 1 is not a header of `googlenet predict`, which begins with image, label")
    return columns


def _row(cells: list[str], columns: Columns, place: str) -> PredictionRow:
    first, error = 1 + columns.true_class, cell_text(cells[-1])
    predictions = []
    for start in range(first, len(cells) - 1, 2 + columns.names):
        label, *rest, probability = cells[start : start + 2 + columns.names]
        if not probability:
            break
        try:
            share = float(probability)
        except ValueError:
            column = columns.header[start + 1 + columns.names]
            raise InputError(f"{place} is damaged: {column} is {probability!a}, not a number") from None
        name = rest[0] if rest else label
        predictions.append({"label": cell_text(label), "name": cell_text(name), "probability": share})
    known = {"class": cell_text(cells[1])} if columns.true_class else {}
    return {"image": cell_text(cells[0]), **known, "predictions": predictions, "error": error or None}


def _record(cells: Iterable[Any]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue()
