"""A user's MODEL -> a model: from a model file, a RUN folder (also of an ensemble), or an exported file."""

from __future__ import annotations

import logging
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
"""Anything that an engine can run and a classifier can use."""


_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelFormat:
    """A format of a MODEL: whether a path has it, how to load it, and how to read only its description."""

    fits: Callable[[Path], bool]
    load: Callable[[Path], AnyModel]
    describe: Callable[[Path], ModelHeader | ExportedModel]


def _format_of(path: Path) -> FileFormat:
    try:
        if not path.is_file():  # a named pipe would be waited for
            return ""
        with path.open("rb") as file:
            return file_format(file.read(BEGINNING))
    except OSError:  # a folder or unreadable: the last format raises the error
        return ""


def _is_pt2(path: Path) -> bool:
    return path.suffix == ".pt2" and _format_of(path) == "zip"


def _exported(target: Target, fits: Callable[[Path], bool]) -> ModelFormat:
    read = partial(read_exported, target=target)
    return ModelFormat(fits, read, read)


MODEL_FORMATS: dict[str, ModelFormat] = {
    "onnx": _exported("onnx", lambda path: _format_of(path) == "ONNX"),
    "openvino": _exported("openvino", lambda path: (path / XML_FILE).is_file()),
    "pt2": _exported("pt2", _is_pt2),
    "model": ModelFormat(lambda path: True, load_model, read_header),
}
"""Formats of a MODEL; the first that fits is used, and the last one raises the error if a path is not a model."""


def format_of(path: Path) -> ModelFormat:
    """The format of a path from `member_paths`."""
    return next(one for one in MODEL_FORMATS.values() if one.fits(path))


def open_model(path: Path) -> AnyModel:
    """Read one model of any format; raises ModelFileError and InputError as `load_model` and `read_exported` do."""
    model = format_of(path).load(path)
    pictures = model.preprocessing
    _LOG.info(
        "model: %s, %s, %d classes; pictures: %s to %d px, centre %d px",
        *(path, ", ".join(spec.variant for spec in model.specs), len(model.classes)),
        *(pictures.fit, pictures.resize_size, pictures.input_size),
    )
    return model


def open_models(paths: Sequence[Path]) -> tuple[AnyModel, ...]:
    """Read the models at all paths, including the members of ensembles; raises as `load_models` does."""
    return load_models(paths, open_model)


def describe_model(path: Path) -> ModelHeader | ExportedModel:
    """Read the description of a model, without the weights of a model file; raises as `open_model` does."""
    return format_of(path).describe(path)


def model_files(path: Path) -> tuple[Path, ...]:
    """The files of the model at a path from `member_paths`; raises InputError if there are none."""
    if (path / XML_FILE).is_file():
        return tuple(path / name for name in EXPORT_FORMATS["openvino"].files)
    return (resolve_model_path(path),)
