"""Exported files as models: the record, the table of their formats, reading one and writing one.

An exported file carries all of a model but its weights by name: the graph that they became takes their place. What it
says is in its format's own metadata (`googlenet.model.description`), with the sha256 of the graph that it says it of.
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
    known_answer_images,
    read_description,
    with_checksum,
    write_json,
)

Target: TypeAlias = Literal["onnx", "openvino", "pt2"]
"""The formats of exported files that this package runs itself."""

Precision: TypeAlias = Literal["float32", "bf16", "int8"]
"""What most of an exported network is computed in."""

KIND = "exported model"
LARGEST_INPUT_SIZE = 4096  # px: the known answer's pictures are made, not stored, and nobody asks for larger ones
MOST_ANSWERS = 16


@dataclass(frozen=True, slots=True)
class ExportedNetwork:
    """A network that went into an exported file: its table, and where it comes from."""

    architecture: ArchitectureSpec
    about: About


@dataclass(frozen=True, slots=True)
class Agreement:
    """How an exported file compares with its models in float32, on the machine that exported it.

    `pictures` and `evaluated_on`: how many pictures, and which; `same_top1`: share of them with the same best class;
    `worst`: largest difference of a probability; `milliseconds`: median for one picture with `engine`, that of the
    runtime the file is for, beside `float32_milliseconds` of the same target in float32; `predict_milliseconds`: with
    `predict_engine`, which `predict` took there; `misses`: what it should have reached and did not, in sentences.
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

    `known_answer`: what the models say in float32 of `known_answer_images`, (K, classes).
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
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class ExportedModel:
    """An exported file: its bytes, and what it says of itself by the names that a `Model` has.

    `graph`: the one in an ONNX file that was read, compared with that of its networks.
    """

    path: Path
    content: Content
    description: Description
    graph: Graph | None = None

    @property
    def target(self) -> Target:
        """Its format."""
        return self.description.target

    @property
    def precision(self) -> Precision:
        """What most of it is computed in."""
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
        """How pictures become squares; mean, scale and order of channels are inside the graph."""
        return self.description.preprocessing

    @property
    def known_answer(self) -> KnownAnswer | None:
        """What the models say in float32 of pictures that are made by formula, and how near this file comes."""
        answers = self.description.known_answer
        if not answers:
            return None
        images = known_answer_images(self.preprocessing.input_size, count=len(answers))
        return KnownAnswer(images, np.array(answers, np.float32), self.description.tolerance)

    @property
    def has_known_answer(self) -> bool:
        """Whether there is one."""
        return bool(self.description.known_answer)

    @property
    def agreement(self) -> Agreement | None:
        """How it compared with float32 when it was exported."""
        return self.description.agreement

    @property
    def sha256(self) -> str:
        """That of the graph."""
        return self.description.sha256

    @property
    def megabytes(self) -> float:
        """Its size, in 10^6 bytes."""
        return sum(map(len, self.content)) / 1e6


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format: `what` it is for people, its `files` below a folder (none: one file), the most bytes of each.

    `check` reads a content and raises ModelFileError, which begins with its second argument, for what cannot be
    run safely; `with_metadata` gives a content with other metadata.
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
        "a network for OpenVINO",
        "",
        openvino.FILES,
        (16 * 2**20, 2**30),
        openvino.check_ir,
        openvino.with_metadata,
    ),
    "pt2": ExportFormat(
        "a program for torch", ".pt2", (), (2**30,), torch_export.check_pt2, torch_export.with_metadata
    ),
}
"""The formats of exported files, by target."""


def read_exported(path: Path, target: Target) -> ExportedModel:
    """Read an exported file, or the folder of one, of a known format, and check all that can be without running it.

    Raises InputError for a path that cannot be read, ModelFileError for a file that is too large, damaged, of others,
    or whose description is not that of its graph.
    """
    largest = EXPORT_FORMATS[target].largest
    return check_exported(
        tuple(_read(one, most) for one, most in zip(_paths(path, target), largest, strict=True)), target, path
    )


def check_exported(content: Content, target: Target, path: Path) -> ExportedModel:
    """Check the content of an exported file, which was read from `path`; raises as `read_exported` does."""
    checked = EXPORT_FORMATS[target].check(content, str(path))
    description = read_description(checked.metadata, Description, kind=KIND, where=str(path))
    if description.target != target:
        raise ModelFileError(f"{path} is damaged: it says that it is {EXPORT_FORMATS[description.target].what}")
    if description.sha256 != checked.sha256:
        raise ModelFileError(f"{path} is damaged: its graph is not the one that was described (sha256 differs)")
    _check(description, where=str(path))
    check_size(_specs(description), sum(map(len, content)), where=str(path))
    checked.check(_specs(description), description.preprocessing, rounded=description.precision == "int8")
    return ExportedModel(path, checked.content, description, checked.graph)


def describe_content(content: Content, description: Description) -> ExportedModel:
    """A content that was just made with its description, which gets the content's sha256; not written yet."""
    entry = EXPORT_FORMATS[description.target]
    empty = entry.with_metadata(content, with_checksum("{}"))
    described = msgspec.structs.replace(description, sha256=entry.check(empty, "the exported graph").sha256)
    text = write_json(msgspec.to_builtins(described))
    return ExportedModel(Path(), entry.with_metadata(content, with_checksum(text)), described)


def write_exported(model: ExportedModel, path: Path) -> None:
    """Write the file of an exported model, or its folder, which is made; InputError where that cannot be done."""
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
                raise ModelFileError(f"{path} is larger than any exported GoogLeNet ({most / 2**20:,.0f} MB)")
            return file.read(most)
    except OSError as error:
        raise cannot_read(path, error) from error


def _check(description: Description, *, where: str) -> None:
    if description.preprocessing.resize_size > LARGEST_INPUT_SIZE:
        raise ModelFileError(
            f"{where}: pictures of {description.preprocessing.resize_size:,} px are more than {LARGEST_INPUT_SIZE:,}"
        )
    for network in description.networks:
        check_fit(network.architecture, description.classes, description.preprocessing, where=where)
    answers = description.known_answer
    if any(len(row) != len(description.classes) or not np.isfinite(row).all() for row in answers):
        raise ModelFileError(f"{where}: the known answer does not belong to the model")
