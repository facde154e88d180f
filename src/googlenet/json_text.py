"""Strict JSON: no duplicate keys, and no NaN or infinity."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any


def parse_json(text: str | bytes) -> Any:
    """Parse a JSON text; Python's NaN and Infinity become None.

    Raises ValueError for invalid JSON and for duplicate keys, of which parsers use different ones.
    """
    return json.loads(text, object_pairs_hook=_unique, parse_constant=lambda name: None, parse_float=_finite)


def write_json(value: Any, *, indent: int | None = None) -> str:
    """Write JSON as ASCII with escapes (class names may contain what XML cannot hold); null for NaN and infinity.

    `indent`: for people; default: no whitespace.
    """
    separators = (",", ":") if indent is None else None
    return json.dumps(without_infinities(value), indent=indent, separators=separators, allow_nan=False)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("duplicate key in an object")
    return found


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if isfinite(value) else None


def without_infinities(value: Any) -> Any:
    """The value with None for every NaN and infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {key: without_infinities(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_infinities(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value
