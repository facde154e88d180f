"""Which pictures a model classifies correctly, and the paired difference of two models on the same pictures."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from googlenet.evaluation.intervals import paired_interval


def read_hits(rows: Path) -> dict[str, bool]:
    """Picture (class/name) -> classified correctly, from the output of `googlenet evaluate --output FILE.jsonl`."""
    lines = map(json.loads, rows.read_text(encoding="utf-8").splitlines())
    return {short_name(row["image"]): row["predictions"][0]["label"] == row["class"] for row in lines}


def short_name(name: str) -> str:
    """Class/name of a picture's whole name."""
    return "/".join(Path(name).parts[-2:])


def compare_hits(first: Mapping[str, bool], second: Mapping[str, bool]) -> dict[str, Any]:
    """Top-1 of the first minus the second's, with its 95 % interval; raises ValueError where the pictures differ."""
    if first.keys() != second.keys():
        raise ValueError("two models can only be compared on the same pictures")
    counts = Counter((first[name], second[name]) for name in first)
    only_first, only_second = counts[True, False], counts[False, True]
    return {
        "difference": (only_first - only_second) / len(first),
        "difference_interval": paired_interval(counts[True, True], only_first, only_second, counts[False, False]),
    }
