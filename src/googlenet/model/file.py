"""The file of a model: a safetensors container whose metadata describe everything that is not a tensor.

Metadata `googlenet`: JSON with schema version, kind, architecture, classes, preprocessing, provenance and the sha256 of
the tensors. Metadata `googlenet_sha256`: the sha256 of that JSON. Tensors: the weights by name, and the known answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec
from googlenet.argument_types import PathArgument, as_path, check_type
from googlenet.errors import InputError, ModelFileError
from googlenet.files import MODEL_FILE, cannot_read, check_not_special, write_atomically
from googlenet.images import Preprocessing
from googlenet.model.checks import check_model, check_shapes
from googlenet.model.container import Container, read_container, read_tensors, with_sorted_metadata
from googlenet.model.description import DESCRIPTION_KEY, description_text, read_description, with_checksum
from googlenet.model.model import AUXILIARY_PREFIX, About, ClassLabel, KnownAnswer, Model
from googlenet.model.temperature import check_temperature

ANSWER_IMAGES = "known_answer/images"
ANSWER_PROBABILITIES = "known_answer/probabilities"
_RESERVED = (ANSWER_IMAGES, ANSWER_PROBABILITIES)


@dataclass(frozen=True, slots=True)
class ModelHeader:
    """The description of a model file, read without its weights; `sha256` is that of its tensors.

    `target` and `agreement` are for exported files, which are described with the same fields.
    """

    spec: ArchitectureSpec
    classes: tuple[ClassLabel, ...]
    preprocessing: Preprocessing
    about: About
    precision: Literal["float32", "float16"]
    has_auxiliary_classifiers: bool
    has_known_answer: bool
    sha256: str
    temperature: float = 1.0
    target: None = None
    agreement: None = None

    @property
    def specs(self) -> tuple[ArchitectureSpec, ...]:
        """The networks inside: one."""
        return (self.spec,)

    @property
    def origins(self) -> tuple[About, ...]:
        """Where each of them comes from."""
        return (self.about,)


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The JSON in the file; msgspec checks the types of all fields, including those of nested records."""

    schema_version: Literal[2] = 2
    kind: Literal["model"] = "model"
    architecture: ArchitectureSpec
    classes: tuple[ClassLabel, ...]
    preprocessing: Preprocessing
    about: About
    temperature: float = 1.0
    sha256: str


def save_model(model: Model, path: PathArgument, *, half: bool = False) -> None:
    """Write a model to one file, atomically; `half` stores the weights as float16.

    Raises ModelFileError for an inconsistent model, InputError if the file cannot be written.
    """
    check_type(model, "model", Model, "a googlenet.Model")
    path = as_path(path, "path")
    tensors = _tensors_to_store(model, "<f2" if half else "<f4")
    check_shapes(model.spec, {name: weight.shape for name, weight in model.weights.items()}, where=str(path))
    check_model(replace(model, weights={name: tensors[name] for name in model.weights}), where=str(path))
    header = _Header(
        architecture=model.spec,
        classes=model.classes,
        preprocessing=model.preprocessing,
        about=model.about,
        temperature=model.temperature,
        sha256=_checksum(tensors),
    )
    metadata = with_checksum(description_text(header))
    write_atomically(path, with_sorted_metadata(safetensors.numpy.save(tensors, metadata)))


def load_model(path: PathArgument) -> Model:
    """Read a model file (or the one in a RUN folder); float16 weights are converted to float32.

    Everything is checked: header, names and shapes against the architecture, finite values, checksums. Raises
    ModelFileError for an invalid file, InputError for a path that cannot be read.
    """
    path = resolve_model_path(path)
    with _opened(path) as file:
        container = read_container(file, path, marker=DESCRIPTION_KEY)
        header = _read_header(container, path)
        tensors = read_tensors(file, container, path)
    answer = None
    if ANSWER_IMAGES in tensors:
        answer = KnownAnswer(tensors[ANSWER_IMAGES].copy(), tensors[ANSWER_PROBABILITIES].copy())
    model = Model(
        spec=header.architecture,
        weights=_as_float32({name: values for name, values in tensors.items() if name not in _RESERVED}),
        classes=header.classes,
        preprocessing=header.preprocessing,
        known_answer=answer,
        about=header.about,
        temperature=header.temperature,
    )
    check_model(model, where=str(path))
    if _checksum(tensors) != header.sha256:
        raise ModelFileError(f"{path} is damaged: its weights were changed (sha256 differs)")
    return model


def read_header(path: PathArgument) -> ModelHeader:
    """Read the description of a model file, without its weights; raises as `load_model` does, except for values."""
    path = resolve_model_path(path)
    with _opened(path) as file:
        container = read_container(file, path, marker=DESCRIPTION_KEY)
    header = _read_header(container, path)
    weights = {name: tensor for name, tensor in container.tensors.items() if name not in _RESERVED}
    return ModelHeader(
        spec=header.architecture,
        classes=header.classes,
        preprocessing=header.preprocessing,
        about=header.about,
        precision="float16" if any(tensor.dtype == "F16" for tensor in weights.values()) else "float32",
        has_auxiliary_classifiers=any(name.startswith(AUXILIARY_PREFIX) for name in weights),
        has_known_answer=ANSWER_IMAGES in container.tensors,
        sha256=header.sha256,
        temperature=header.temperature,
    )


def resolve_model_path(path: PathArgument) -> Path:
    """The model file at a path: itself, or `model.safetensors` in a RUN folder; InputError if neither exists."""
    path = as_path(path, "path")
    if path.is_dir():
        if not (path / MODEL_FILE).is_file():
            raise InputError(f"the folder {path} contains no {MODEL_FILE}")
        return path / MODEL_FILE
    check_not_special(path)
    if not path.is_file():
        raise InputError(f"{path}: no such model file")
    return path


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise cannot_read(path, error) from error


def _read_header(container: Container, path: Path) -> _Header:
    """Check the JSON, then names, dtypes and shapes of the tensors against it."""
    header = read_description(container.metadata, _Header, kind="model", where=str(path))
    check_temperature(header.temperature, where=str(path))
    _check_tensors(container, header.architecture, path)
    return header


def _check_tensors(container: Container, spec: ArchitectureSpec, path: Path) -> None:
    """Check that the weights are those of the architecture, as floats, and the known answer complete or absent."""
    answer = {name: tensor.dtype for name, tensor in container.tensors.items() if name in _RESERVED}
    if answer and answer != {ANSWER_IMAGES: "U8", ANSWER_PROBABILITIES: "F32"}:
        raise ModelFileError(f"{path} is damaged: its known answer is incomplete")
    weights = {name: tensor for name, tensor in container.tensors.items() if name not in _RESERVED}
    check_shapes(spec, {name: tensor.shape for name, tensor in weights.items()}, where=str(path))
    for name, tensor in weights.items():
        if tensor.dtype == "U8":
            raise ModelFileError(f"{path}: the weight {name} is stored as uint8, not as floats")


def _as_float32(weights: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """Float32 copies in one contiguous block of memory: one allocation is faster than a hundred."""
    memory = np.empty(sum(values.size for values in weights.values()), np.float32)
    ends = np.cumsum([values.size for values in weights.values()])
    copies = {}
    for (name, values), place in zip(weights.items(), np.split(memory, ends[:-1]), strict=True):
        copies[name] = place.reshape(values.shape)
        copies[name][...] = values
    return copies


def _tensors_to_store(model: Model, dtype: str) -> dict[str, NDArray[Any]]:
    with np.errstate(over="ignore"):  # values too large for float16 become infinite, which check_model reports
        tensors: dict[str, NDArray[Any]] = {
            name: np.ascontiguousarray(weight, dtype) for name, weight in model.weights.items()
        }
    if model.known_answer is not None:
        tensors[ANSWER_IMAGES] = np.ascontiguousarray(model.known_answer.images, np.uint8)
        tensors[ANSWER_PROBABILITIES] = np.ascontiguousarray(model.known_answer.probabilities, "<f4")
    return tensors


def _checksum(tensors: Mapping[str, NDArray[Any]]) -> str:
    """Sha256 of names, dtypes, shapes and values, sorted by name; also detects swapped tensors."""
    total = sha256()
    for name in sorted(tensors):
        values = tensors[name]
        total.update(f"{name} {values.dtype.str} {values.shape}\n".encode())
        total.update(values.data)
    return total.hexdigest()
