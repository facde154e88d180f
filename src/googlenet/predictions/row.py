"""A row: what is said of one picture, as plain values, the same whatever the file that holds it.

`image`, the picture's name; `class`, where it is known; `predictions`, the best first, each `label`, `name`,
`probability`; `error`, why the picture could not be read, or None. With its features, too: `embedding`, a list of
floats or None, and `model` and `model_sha256`, which say what made it (`Origin`).
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
"""What all rows of a file were written with: `model`, `model_sha256` and other settings that a row does not hold."""

BEST = ("label", "name", "probability")
"""Keys of a prediction; in tables the best one has columns of its own, by these names."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row read from a file that is growing, and the byte behind it, from which the file can go on."""

    row: PredictionRow
    end: int


def json_line(row: PredictionRow) -> str:
    """A row as a line of JSON, without its end."""
    return json.dumps(row, ensure_ascii=False)


def written_name(name: str) -> str:
    """A picture's name as every file can hold it: what is no UTF-8 becomes the escape that JSON would write."""
    return name.encode("utf-8", "backslashreplace").decode()


def best_columns(row: PredictionRow) -> PredictionRow:
    """The best prediction as columns, empty where there is none."""
    return row["predictions"][0] if row["predictions"] else dict.fromkeys(BEST, "")


def checked_row(values: object, *, where: str) -> PredictionRow:
    """Take what a file holds for a row; raises InputError where it is something else."""
    if isinstance(values, dict) and isinstance(values.get("image"), str) and _has_predictions(values):
        return values
    raise InputError(f"{where} is no row of `googlenet predict`: it needs image, predictions and error")


def _has_predictions(values: dict[str, Any]) -> bool:
    predictions, error = values.get("predictions"), values.get("error", 0)
    return (
        isinstance(predictions, list)
        and all(isinstance(one, dict) and one.keys() >= set(BEST) for one in predictions)
        and (error is None or isinstance(error, str))
    )
