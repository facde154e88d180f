"""Migrations of the headers of older model files to the current schema, one step at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Header = dict[str, Any]

RENAMED = {
    "side": "input_size",
    "resize": "resize_size",
    "train_sides": "train_sizes",
    "adaptive_side_pooling": "adaptive_auxiliary_pooling",
}
"""Keys of records and settings: name in schema 1 -> name since schema 2."""


def renamed(record: Any) -> Any:
    """A record or settings of schema 1 with the names of schema 2; anything else is returned unchanged.

    In schema 1, `inception5h` had the LRN of the PyTorch ports: it becomes `inception5h-port`, with the same outputs.
    """
    if not isinstance(record, dict) or RENAMED.keys().isdisjoint(record):
        return record
    today = {RENAMED.get(key, key): value for key, value in record.items()}
    return today | {"variant": "inception5h-port"} if today.get("variant") == "inception5h" else today


def _rename_sizes(header: Header) -> Header:
    about = header.get("about")
    if isinstance(about, dict) and "recipe" in about:
        header["about"] = about | {"recipe": renamed(about["recipe"])}
    return header | {key: renamed(header[key]) for key in ("architecture", "preprocessing") if key in header}


MIGRATIONS: tuple[Callable[[Header], Header], ...] = (_rename_sizes,)
"""Step i migrates a header from schema i + 1 to schema i + 2; a new schema appends one step."""

SCHEMA_VERSION = len(MIGRATIONS) + 1
"""The schema that is written, and the newest that can be read."""


def migrate(header: Header) -> Header:
    """Migrate a header of schema 1 to `SCHEMA_VERSION`, up to the latter; the argument is not modified."""
    for version in range(header["schema_version"], SCHEMA_VERSION):
        header = MIGRATIONS[version - 1](dict(header)) | {"schema_version": version + 1}
    return header
