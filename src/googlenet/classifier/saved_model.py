"""A model file that a classifier was loaded from, so that a copy in another process can read it again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from googlenet.artifacts import AnyModel, ExportedModel, open_model
from googlenet.errors import InputError
from googlenet.images import Preprocessing
from googlenet.model import read_header


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A model file, identified by the checksum of its weights and its preprocessing."""

    path: Path
    sha256: str
    preprocessing: Preprocessing

    @classmethod
    def of(cls, path: Path, model: AnyModel) -> SavedModel:
        """Identify a model that was just read from `path`."""
        sha256 = model.sha256 if isinstance(model, ExportedModel) else read_header(path).sha256
        return cls(path.absolute(), sha256, model.preprocessing)

    def load(self) -> AnyModel:
        """Read it again; raises InputError if it has changed, and errors as `open_model` does."""
        model = open_model(self.path)
        if SavedModel.of(self.path, model) != self:
            raise InputError(f"{self.path} has changed since this classifier was loaded; load it again")
        return model
