"""The one model whose weights a network is to have, from what a user calls it."""

from __future__ import annotations

from pathlib import Path

from googlenet.argument_types import PathArgument
from googlenet.errors import InputError, ModelFileError
from googlenet.model import BEGINNING, Model, check_shapes, file_format, load_model, member_paths
from googlenet.pretrained import find_model


def pretrained_model(model: PathArgument | Model) -> Model:
    """The model of a model file, a run folder or a name such as "bvlc"; a `Model` as it is.

    Raises InputError for an ensemble, an exported file, and a path that cannot be read; ModelFileError for files of
    other programs and damaged ones.
    """
    if isinstance(model, Model):
        check_shapes(model.spec, {name: weight.shape for name, weight in model.weights.items()}, where="the model")
        return model
    path = find_model(model)
    members = member_paths(path)
    if len(members) > 1:
        raise InputError(f"{path} is an ensemble of {len(members)} networks: give one of them, such as {members[0]}")
    path = members[0]
    if _is_exported(path):
        raise InputError(f"{path} is an exported file, which is only run: give the model that it was exported from")
    try:
        return load_model(path)
    except ModelFileError as error:
        if _format(path) in ("zip", "pickle", "Caffe", "ONNX"):
            raise ModelFileError(f"{error}; `googlenet import` makes a model file of other programs' weights") from None
        raise


def _is_exported(path: Path) -> bool:
    """Whether this package exports such files: an IR folder, a .onnx or .pt2 file."""
    return (path / "model.xml").is_file() if path.is_dir() else path.suffix in (".onnx", ".pt2") and path.is_file()


def _format(path: Path) -> str:
    with path.open("rb") as file:
        return file_format(file.read(BEGINNING))
