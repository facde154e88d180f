"""What a user calls MODEL -> a model that runs: a model file, a RUN folder, an ensemble's, or an exported file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from googlenet.artifacts.exported import EXPORT_FORMATS, ExportedModel, Target, read_exported
from googlenet.artifacts.openvino import XML_FILE
from googlenet.model import (
    BEGINNING,
    FileFormat,
    Model,
    ModelHeader,
    file_format,
    load_model,
    load_models,
    read_header,
    resolve_model_path,
)

AnyModel: TypeAlias = Model | ExportedModel
"""What an engine runs, and a classifier is made of."""


@dataclass(frozen=True, slots=True)
class ModelKind:
    """A kind of MODEL: whether a path is one, how it is read, and how only what it says of itself is."""

    fits: Callable[[Path], bool]
    load: Callable[[Path], AnyModel]
    describe: Callable[[Path], ModelHeader | ExportedModel]


def _format_of(path: Path) -> FileFormat:
    try:
        if not path.is_file():  # a named pipe would be waited for
            return ""
        with path.open("rb") as file:
            return file_format(file.read(BEGINNING))
    except OSError:  # the last kind says why it cannot be read
        return ""


def _is_pt2(path: Path) -> bool:
    return path.suffix == ".pt2" and _format_of(path) == "zip"


def _exported(target: Target, fits: Callable[[Path], bool]) -> ModelKind:
    read = partial(read_exported, target=target)
    return ModelKind(fits, read, read)


MODEL_KINDS: dict[str, ModelKind] = {
    "onnx": _exported("onnx", lambda path: _format_of(path) == "ONNX"),
    "openvino": _exported("openvino", lambda path: (path / XML_FILE).is_file()),
    "pt2": _exported("pt2", _is_pt2),
    "model": ModelKind(lambda path: True, load_model, read_header),
}
"""Kinds of MODEL, the first that fits counts; the last one says what a path is that is none."""


def kind_of(path: Path) -> ModelKind:
    """The kind of a path that `member_paths` gave."""
    return next(kind for kind in MODEL_KINDS.values() if kind.fits(path))


def open_model(path: Path) -> AnyModel:
    """Read one model of any kind; raises ModelFileError and InputError as `load_model` and `read_exported` do."""
    return kind_of(path).load(path)


def open_models(paths: Sequence[Path]) -> tuple[AnyModel, ...]:
    """Read the models of all paths, those of ensembles one by one; raises as `load_models` does."""
    return load_models(paths, open_model)


def describe_model(path: Path) -> ModelHeader | ExportedModel:
    """Read what a model says of itself, of a model file without its weights; raises as `open_model` does."""
    return kind_of(path).describe(path)


def model_files(path: Path) -> tuple[Path, ...]:
    """The files that a path given by `member_paths` stands for; raises InputError where there are none."""
    if (path / XML_FILE).is_file():
        return tuple(path / name for name in EXPORT_FORMATS["openvino"].files)
    return (resolve_model_path(path),)
