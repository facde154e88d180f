"""The description in a file of this package: JSON with a schema version and a kind, and the sha256 of that text.

Model files and exported files store it under the same two keys of their format's own metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TypeVar

import msgspec

from googlenet.errors import InputError, ModelFileError
from googlenet.json_text import parse_json, write_json
from googlenet.model.container import what_is_wrong
from googlenet.model.migrations import SCHEMA_VERSION, migrate

DESCRIPTION_KEY = "googlenet"
DESCRIPTION_SUM_KEY = "googlenet_sha256"

D = TypeVar("D", bound=msgspec.Struct)


def description_text(record: msgspec.Struct) -> str:
    """The JSON text of a description; without a temperature of 1, which is what no temperature means."""
    fields = msgspec.to_builtins(record)
    return write_json({key: value for key, value in fields.items() if (key, value) != ("temperature", 1)})


def with_checksum(text: str) -> dict[str, str]:
    """The metadata of a description: its JSON text and the sha256 of that."""
    return {DESCRIPTION_KEY: text, DESCRIPTION_SUM_KEY: _sum_of(text)}


def read_description(metadata: Mapping[str, str], record: type[D], *, kind: str, where: str) -> D:
    """Check the description in a file's `metadata`, migrate it to the current schema, and convert it to `record`.

    Raises ModelFileError, which begins with `where`, for a description that is damaged, whose checksum differs, of a
    newer schema, of another `kind`, or with invalid values.
    """
    text = metadata[DESCRIPTION_KEY]
    try:
        fields = parse_json(text)
        version, found_kind = fields["schema_version"], fields["kind"]
        if type(version) is not int or version < 1:
            raise ValueError(version)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ModelFileError(f"{where} is damaged: its description cannot be read") from error
    if version > SCHEMA_VERSION:
        raise ModelFileError(
            f"{where} was written by a newer googlenet (schema {version}, this one reads {SCHEMA_VERSION}): upgrade"
        )
    if metadata.get(DESCRIPTION_SUM_KEY) != _sum_of(text):
        raise ModelFileError(f"{where} is damaged: its description was changed (sha256 differs)")
    if found_kind != kind:
        article = "an" if kind[0] in "aeiou" else "a"
        raise ModelFileError(f"{where} is a googlenet {ascii(found_kind)[1:-1]}, not {article} {kind}")
    try:
        return msgspec.convert(migrate(fields), record)
    except msgspec.ValidationError as error:
        raise ModelFileError(f"{where}: in its description, {what_is_wrong(error)}") from error
    except InputError as error:  # raised by the records' own checks
        raise ModelFileError(f"{where}: in its description, {error}") from error


def _sum_of(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
