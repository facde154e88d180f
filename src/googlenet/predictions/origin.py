"""Which model made the features of a file: its name or place, and the sum of its file, by which it is known again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from googlenet.files import cannot_read
from googlenet.predictions.row import Note


@dataclass(frozen=True, slots=True)
class Origin:
    """A model as a row names it. `model`: what a user would call it, from any folder; `sha256`: of its file."""

    model: str
    sha256: str

    def as_row(self) -> Note:
        """The columns of a row that say it."""
        return {"model": self.model, "model_sha256": self.sha256}


def origin_of(model: str, *files: Path) -> Origin:
    """The origin `model` whose file this is, or whose members' files these are, in order.

    Raises InputError where one cannot be read.
    """
    sums = [_sum(file) for file in files]
    return Origin(model, sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest())


def _sum(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise cannot_read(file, error) from error
