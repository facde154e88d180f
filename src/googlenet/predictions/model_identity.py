"""Identifies the model that made the features of a file, by its name or path and the checksum of its file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from googlenet.files import cannot_read
from googlenet.predictions.row import Note


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """A model as rows record it. `model`: its name or absolute path; `sha256`: the checksum of its file."""

    model: str
    sha256: str

    def as_row(self) -> Note:
        """The columns of a row that record it."""
        return {"model": self.model, "model_sha256": self.sha256}


def identity_of(model: str, *files: Path) -> ModelIdentity:
    """The identity of `model` from its file, or from the files of an ensemble's members, in order.

    Raises InputError if one cannot be read.
    """
    checksums = [_checksum(file) for file in files]
    if len(checksums) > 1:
        return ModelIdentity(model, hashlib.sha256("".join(checksums).encode()).hexdigest())
    return ModelIdentity(model, checksums[0])


def _checksum(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise cannot_read(file, error) from error
