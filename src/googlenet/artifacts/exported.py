"""Exported files as models: the record, the table of formats, reading and writing.

An exported file has everything of a model, with a graph in place of the weights by name. The description is in the
format's own metadata (`googlenet.model.description`), with the sha256 of the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
import numpy as np

from googlenet.architecture import ArchitectureSpec
from googlenet.artifacts import onnx, openvino, torch_export
from googlenet.artifacts.content import CheckedContent, Content
from googlenet.artifacts.validate import check_size
from googlenet.errors import ModelFileError
from googlenet.files import cannot_read, cannot_write, write_atomically
from googlenet.graph import Graph
from googlenet.images import Preprocessing
from googlenet.model import (
    TOLERANCE,
    About,
    ClassLabel,
    KnownAnswer,
    check_fit,
    check_temperature,
    description_text,
    known_answer_images,
    read_description,
    with_checksum,
)
from googlenet.notebook import quoted

Target: TypeAlias = Literal["onnx", "openvino", "pt2"]
"""The formats of exported files; all of them can be run by this package."""

Precision: TypeAlias = Literal["float32", "bf16", "int8"]
"""The precision of most of an exported network's computation."""

KIND = "exported model"
LARGEST_INPUT_SIZE = 4096  # px: bounds the size of the known answer's pictures, which are generated
MOST_ANSWERS = 16


@dataclass(frozen=True, slots=True)
class ExportedNetwork:
    """A network in an exported file: its architecture, and where it comes from."""

    architecture: ArchitectureSpec
    about: About


@dataclass(frozen=True, slots=True)
class Agreement:
    """Comparison of an exported file with its models in float32, on the machine that exported it.

    `pictures` and `evaluated_on`: how many pictures, and which; `same_top1`: share of pictures with the same best
    class; `worst`: largest difference of a probability; `milliseconds`: median for one picture with `engine`, the one
    of the file's runtime; `float32_milliseconds`: the same in float32; `predict_milliseconds`: with `predict_engine`,
    the default of `predict` there; `misses`: the thresholds that were not met, in sentences.
    """

    pictures: int
    evaluated_on: str
    same_top1: float
    worst: float
    milliseconds: float
    float32_milliseconds: float
    misses: tuple[str, ...] = ()
    engine: str = ""
    predict_engine: str = ""
    predict_milliseconds: float | None = None


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The JSON in an exported file; `sha256` is that of its graph.

    `known_answer`: the models' float32 probabilities for `known_answer_images`, (K, classes). `temperature`: of the
    only model, which the graph does not contain.
    """

    schema_version: Literal[2] = 2
    kind: Literal["exported model"] = "exported model"
    target: Target
    precision: Precision
    networks: Annotated[tuple[ExportedNetwork, ...], msgspec.Meta(min_length=1, max_length=1000)]
    classes: tuple[ClassLabel, ...]
    preprocessing: Preprocessing
    known_answer: Annotated[tuple[tuple[float, ...], ...], msgspec.Meta(max_length=MOST_ANSWERS)]
    tolerance: Annotated[float, msgspec.Meta(ge=TOLERANCE, le=1)] = TOLERANCE
    agreement: Agreement | None = None
    temperature: float = 1.0
    sha256: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExportedModel:
    """An exported file: its bytes and its description, with the same properties as a `Model`.

    `graph`: the validated graph of an ONNX file that was read.
    """

    path: Path
    content: Content
    description: Description
    graph: Graph | None = None

    def __repr__(self) -> str:
        kind = f"{self.target}, {self.precision}"
        return f"<ExportedModel {quoted(str(self.path))}: {kind}, {len(self.classes):,} classes>"

    @property
    def target(self) -> Target:
        """Its format."""
        return self.description.target

    @property
    def precision(self) -> Precision:
        """The precision of most of its computation."""
        return self.description.precision

    @property
    def specs(self) -> tuple[ArchitectureSpec, ...]:
        """The networks inside, whose probabilities are averaged."""
        return _specs(self.description)

    @property
    def origins(self) -> tuple[About, ...]:
        """Where each of the networks comes from."""
        return tuple(network.about for network in self.description.networks)

    @property
    def classes(self) -> tuple[ClassLabel, ...]:
        """The classes, in the order of the outputs."""
        return self.description.classes

    @property
    def preprocessing(self) -> Preprocessing:
        """How pictures become squares; mean, scale and channel order are part of the graph."""
        return self.description.preprocessing

    @property
    def known_answer(self) -> KnownAnswer | None:
        """The models' float32 probabilities for generated pictures, and the tolerance of this file."""
        answers = self.description.known_answer
        if not answers:
            return None
        images = known_answer_images(self.preprocessing.input_size, count=len(answers))
        return KnownAnswer(images, np.array(answers, np.float32), self.description.tolerance)

    @property
    def temperature(self) -> float:
        """What `Classifier.predict` divides the logits by."""
        return self.description.temperature

    @property
    def has_known_answer(self) -> bool:
        """Whether there is one."""
        return bool(self.description.known_answer)

    @property
    def agreement(self) -> Agreement | None:
        """Its comparison with float32 when it was exported."""
        return self.description.agreement

    @property
    def sha256(self) -> str:
        """The sha256 of the graph."""
        return self.description.sha256

    @property
    def megabytes(self) -> float:
        """Its size, in 10^6 bytes."""
        return sum(map(len, self.content)) / 1e6


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format: `what` it is, its `files` in a folder (empty: a single file), and the `largest` size of each in bytes.

    `check` parses a content and raises ModelFileError, which begins with its second argument, if it cannot be run
    safely; `with_metadata` returns a content with other metadata.
    """

    what: str
    suffix: str
    files: tuple[str, ...]
    largest: tuple[int, ...]
    check: Callable[[Content, str], CheckedContent]
    with_metadata: Callable[[Content, Mapping[str, str]], Content]


EXPORT_FORMATS: dict[Target, ExportFormat] = {
    "onnx": ExportFormat("an ONNX file", ".onnx", (), (2**30,), onnx.check_onnx, onnx.with_metadata),
    "openvino": ExportFormat(
        "an OpenVINO IR",
        "",
        openvino.FILES,
        (16 * 2**20, 2**30),
        openvino.check_ir,
        openvino.with_metadata,
    ),
    "pt2": ExportFormat(
        "a torch.export program", ".pt2", (), (2**30,), torch_export.check_pt2, torch_export.with_metadata
    ),
}
"""The formats of exported files, by target."""


def read_exported(path: Path, target: Target) -> ExportedModel:
    """Read an exported file, or its folder, of a known format, and check everything short of running it.

    Raises InputError for a path that cannot be read, ModelFileError for a file that is too large, damaged, not exported
    by googlenet, or whose description does not match its graph.
    """
    largest = EXPORT_FORMATS[target].largest
    return check_exported(
        tuple(_read(one, most) for one, most in zip(_paths(path, target), largest, strict=True)), target, path
    )


def check_exported(content: Content, target: Target, path: Path) -> ExportedModel:
    """Check the content of an exported file that was read from `path`; raises as `read_exported` does."""
    checked = EXPORT_FORMATS[target].check(content, str(path))
    description = read_description(checked.metadata, Description, kind=KIND, where=str(path))
    if description.target != target:
        raise ModelFileError(f"{path} is damaged: its description states {EXPORT_FORMATS[description.target].what}")
    if description.sha256 != checked.sha256:
        raise ModelFileError(f"{path} is damaged: its graph was changed (sha256 differs)")
    _check(description, where=str(path))
    check_size(_specs(description), sum(map(len, content)), where=str(path))
    checked.check(_specs(description), description.preprocessing, quantized=description.precision == "int8")
    return ExportedModel(path, checked.content, description, checked.graph)


def describe_content(content: Content, description: Description) -> ExportedModel:
    """An exported model from new content and its description, which gets the content's sha256; not written yet."""
    entry = EXPORT_FORMATS[description.target]
    empty = entry.with_metadata(content, with_checksum("{}"))
    described = msgspec.structs.replace(description, sha256=entry.check(empty, "the exported graph").sha256)
    metadata = with_checksum(description_text(described))
    return ExportedModel(Path(), entry.with_metadata(content, metadata), described)


def write_exported(model: ExportedModel, path: Path) -> None:
    """Write the file of an exported model, or its folder, which is created; raises InputError if that fails."""
    for one, data in zip(_paths(path, model.target), model.content, strict=True):
        if one != path:
            _make_folder(path)
        write_atomically(one, data)


def _specs(description: Description) -> tuple[ArchitectureSpec, ...]:
    return tuple(network.architecture for network in description.networks)


def _paths(path: Path, target: Target) -> list[Path]:
    return [path / name for name in EXPORT_FORMATS[target].files] or [path]


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            if path.stat().st_size > most:
                raise ModelFileError(f"{path} is larger than the limit for exported files ({most / 2**20:,.0f} MB)")
            return file.read(most)
    except OSError as error:
        raise cannot_read(path, error) from error


def _check(description: Description, *, where: str) -> None:
    if description.preprocessing.resize_size > LARGEST_INPUT_SIZE:
        raise ModelFileError(
            f"{where}: resize_size is {description.preprocessing.resize_size:,}, the limit is {LARGEST_INPUT_SIZE:,}"
        )
    for network in description.networks:
        check_fit(network.architecture, description.classes, description.preprocessing, where=where)
    check_temperature(description.temperature, where=where)
    answers = description.known_answer
    if any(len(row) != len(description.classes) or not np.isfinite(row).all() for row in answers):
        raise ModelFileError(f"{where}: the known answer does not fit the model")
