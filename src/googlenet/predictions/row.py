"""A row of a prediction file: the result for one picture as plain values, the same in all formats.

`image`, the picture's name; `class`, if it is known; `predictions`, the best first, each with `label`, `name`,
`probability`; `error`, why the picture could not be read, or None. With features also `embedding`, a list of floats or
None, and `model` and `model_sha256`, which identify the model (`ModelIdentity`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from googlenet.errors import InputError

PredictionRow: TypeAlias = dict[str, Any]
Write: TypeAlias = Callable[[PredictionRow], None]

Note: TypeAlias = dict[str, str | int]
"""What all rows of a file were written with: `model`, `model_sha256` and settings that rows do not contain."""

BEST = ("label", "name", "probability")
"""Keys of a prediction; in tables, the columns of the best prediction."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row read from an incomplete file, and the offset after it, from which writing can continue."""

    row: PredictionRow
    end: int


def json_line(row: PredictionRow) -> str:
    """A row as a line of JSON, without the line break."""
    return json.dumps(row, ensure_ascii=False)


def written_name(name: str) -> str:
    """A picture's name as it is written in files: bytes that are not UTF-8 become the escape that JSON would write."""
    return name.encode("utf-8", "backslashreplace").decode()


def best_columns(row: PredictionRow) -> PredictionRow:
    """The best prediction as columns, empty if there is none."""
    return row["predictions"][0] if row["predictions"] else dict.fromkeys(BEST, "")


def checked_row(values: object, *, where: str) -> PredictionRow:
    """Return `values` as a row; raises InputError if they are not one."""
    if isinstance(values, dict) and isinstance(values.get("image"), str) and _has_predictions(values):
        return values
    raise InputError(f"{where} is not a row of `googlenet predict`, which has image, predictions and error")


def _has_predictions(values: dict[str, Any]) -> bool:
    predictions, error = values.get("predictions"), values.get("error", 0)
    return (
        isinstance(predictions, list)
        and all(isinstance(one, dict) and one.keys() >= set(BEST) for one in predictions)
        and (error is None or isinstance(error, str))
    )
