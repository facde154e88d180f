"""JSON as files carry it: each key once, and no numbers that JSON does not have."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any


def parse_json(text: str | bytes) -> Any:
    """The values of a JSON text; what Python writes for a number that is not finite becomes None.

    Raises ValueError for what is no JSON and for an object that has a key twice: readers differ in which one counts.
    """
    return json.loads(text, object_pairs_hook=_unique, parse_constant=lambda name: None, parse_float=_finite)


def write_json(value: Any, *, indent: int | None = None) -> str:
    """ASCII, with escapes (a class may be called what no XML can hold); null for numbers that are not finite.

    `indent`: for people; left out, there are no blanks.
    """
    separators = (",", ":") if indent is None else None
    return json.dumps(without_infinities(value), indent=indent, separators=separators, allow_nan=False)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if isfinite(value) else None


def without_infinities(value: Any) -> Any:
    """The value with None for every number that is not finite, which JSON does not have."""
    if isinstance(value, dict):
        return {key: without_infinities(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_infinities(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value
