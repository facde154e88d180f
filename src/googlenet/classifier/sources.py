"""The models that a classifier was made from, and how to read them again: for copies, and for export."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from googlenet.argument_types import PathArgument, wrong_type
from googlenet.artifacts import AnyModel, ExportedModel, open_model
from googlenet.errors import InputError
from googlenet.images import Preprocessing
from googlenet.model import About, Model, check_same_classes, member_paths, read_header
from googlenet.pretrained import find_model


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A model file, identified by the checksum of its weights and its preprocessing.

    `name`: a short one, of the file or folder that a user named; `origins`: as in `Model`.
    """

    path: Path
    sha256: str = field(repr=False)
    preprocessing: Preprocessing = field(repr=False)
    name: str = field(default="", compare=False)
    origins: tuple[About, ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def of(cls, path: Path, model: AnyModel, *, name: str = "") -> SavedModel:
        """Identify a model that was just read from `path`."""
        sha256 = model.sha256 if isinstance(model, ExportedModel) else read_header(path).sha256
        return cls(path.absolute(), sha256, model.preprocessing, name, model.origins)

    def load(self) -> AnyModel:
        """Read it again; raises InputError if it has changed, and errors as `open_model` does."""
        model = open_model(self.path)
        if SavedModel.of(self.path, model) != self:
            raise InputError(f"{self.path} has changed since this classifier was loaded; load it again")
        return model


@dataclass(frozen=True, slots=True, eq=False)
class HeldModel:
    """A model in memory; copies and other processes get it with the classifier."""

    model: AnyModel

    @property
    def name(self) -> str:
        """A model in memory has no name."""
        return "model"

    @property
    def origins(self) -> tuple[About, ...]:
        """Where each of its networks comes from."""
        return self.model.origins

    def load(self) -> AnyModel:
        """The model itself."""
        return self.model


ModelSource: TypeAlias = SavedModel | HeldModel
"""Where the models of a classifier are read from again."""

_A_MODEL = "a path (str or Path), a name such as 'bvlc', a Model, or a list of them"


def open_sources(
    given: PathArgument | AnyModel | Sequence[PathArgument | AnyModel],
) -> tuple[tuple[ModelSource, ...], tuple[AnyModel, ...]]:
    """Open what a user names, including the members of ensembles: where each model comes from, and the model.

    Raises InputError for anything but paths and models, if there are none, and if their classes differ; and errors as
    `find_model` and `open_model` do.
    """
    sources: list[ModelSource] = []
    models: list[AnyModel] = []
    names: list[str] = []
    check_models(given, "path")
    for one in _each(given):
        for name, source, model in _opened(one):
            sources.append(source)
            models.append(model)
            names.append(name)
            check_same_classes(models[0].classes, model.classes, names=(names[0], name))
    if not models:
        raise InputError("name at least one model")
    return tuple(sources), tuple(models)


def only_source(sources: Sequence[ModelSource], *, needed: str, of_several: str) -> ModelSource:
    """The one model that a classifier was opened from.

    Raises InputError without a model, of which `needed` says what it is for, and for an ensemble, of which `of_several`
    says why it will not do and what to do with one of its networks.
    """
    if not sources:
        raise InputError(f"this classifier was not opened from a model, {needed}; use googlenet.load")
    first, *others = sources
    if others:
        such_as = f", such as {first.path}" if isinstance(first, SavedModel) else ""
        raise InputError(f"an ensemble of {1 + len(others)} networks {of_several} one of its networks{such_as}")
    return first


def check_models(given: object, name: str) -> None:
    """Raise InputError for an argument `name` that is neither a model nor a list of models, before any is opened."""
    for one in _each(given):
        if not isinstance(one, Model | ExportedModel | str | os.PathLike):
            raise wrong_type(name, _A_MODEL, one)


def _each(given: Any) -> Sequence[Any]:
    return [given] if isinstance(given, str | bytes) or not isinstance(given, Sequence) else given


def _opened(given: AnyModel | PathArgument) -> Iterator[tuple[str, ModelSource, AnyModel]]:
    if isinstance(given, Model | ExportedModel):
        yield "the model in memory", HeldModel(given), given
        return
    path = find_model(given)
    name = path.resolve().name if path.is_dir() else path.stem
    for file in member_paths(path):
        model = open_model(file)
        yield str(file), SavedModel.of(file, model, name=name), model
