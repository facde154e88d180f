"""Headers of older model files brought up to the schema that is read today, one step after the other."""

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
"""Keys of records and settings by their names in schema 1 -> their names since schema 2."""


def renamed(record: Any) -> Any:
    """A record of schema 1, or the settings of a run begun then, with today's names; anything else stays as it is.

    What was called `inception5h` had the LRN of that network's ports: it keeps its answers, as `inception5h-port`.
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
"""Step i takes a header of schema i + 1 to schema i + 2; a new schema appends one step."""

SCHEMA_VERSION = len(MIGRATIONS) + 1
"""The schema that is written, and the newest that is read."""


def migrate(header: Header) -> Header:
    """Bring a header of schema 1 ... `SCHEMA_VERSION` to `SCHEMA_VERSION`; the header given is left as it is."""
    for version in range(header["schema_version"], SCHEMA_VERSION):
        header = MIGRATIONS[version - 1](dict(header)) | {"schema_version": version + 1}
    return header
