"""Headers of older model files brought up to the schema that is read today, one step after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Header = dict[str, Any]

MIGRATIONS: tuple[Callable[[Header], Header], ...] = ()
"""Step i takes a header of schema i + 1 to schema i + 2; a new schema appends one step."""

SCHEMA_VERSION = len(MIGRATIONS) + 1
"""The schema that is written, and the newest that is read."""


def migrate(header: Header) -> Header:
    """Bring a header of schema 1 ... `SCHEMA_VERSION` to `SCHEMA_VERSION`; the header given is left as it is."""
    for version in range(header["schema_version"], SCHEMA_VERSION):
        header = MIGRATIONS[version - 1](dict(header)) | {"schema_version": version + 1}
    return header
