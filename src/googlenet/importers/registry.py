"""A file of another program -> a `Model`: the table of formats, format detection, and provenance."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from hashlib import file_digest
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError, ModelFileError
from googlenet.files import cannot_read
from googlenet.importers import inception5h, torchvision
from googlenet.importers.caffe import read_caffemodel
from googlenet.importers.imported import Imported, MappedLayer
from googlenet.importers.onnx_zoo import read_onnx
from googlenet.importers.state_dict import StateDict, open_state_dicts
from googlenet.importers.tensorflow_archive import LARGEST_GRAPH, open_archive
from googlenet.importers.tensorflow_graph import read_graph
from googlenet.importers.wrappers import unwrap
from googlenet.model import (
    BEGINNING,
    About,
    ClassLabel,
    FileFormat,
    KnownAnswer,
    Model,
    check_model,
    describe_file,
    file_format,
    known_answer_images,
)
from googlenet.pretrained import imagenet_classes

LARGEST_LIST = 2**20  # bytes

SYNSET_LINE = re.compile(r"(n\d{8})\s+(\S.*)")

Encoding = Literal["Caffe", "ONNX", "TensorFlow", "state dict"]
LARGEST: dict[Encoding, int] = {
    "Caffe": 256 * 2**20,
    "ONNX": 64 * 2**20,
    "TensorFlow": LARGEST_GRAPH,
    "state dict": 256 * 2**20,
}
"""Largest file in bytes: GoogLeNet with auxiliary classifiers for 10,000 classes has 176 MB, the ONNX zoo's has 28 MB.
Reading a malicious file takes up to ten times its size in memory, an ONNX file twenty times."""


@dataclass(frozen=True, slots=True)
class Importer:
    """A format: `expects` describes such files for people, `encoding` is how they are encoded.

    `read` is called with the file's bytes or a `StateDict`, and with `where`, its name in messages. `tensors`: the
    names in a state dict of this network.
    """

    expects: str
    encoding: Encoding
    read: Callable[..., Imported]
    tensors: Collection[str] = ()


IMPORTERS: dict[str, Importer] = {
    "caffe": Importer("a Caffe GoogLeNet (.caffemodel)", "Caffe", read_caffemodel),
    "onnx-zoo": Importer("the ONNX zoo's GoogLeNet (googlenet-*.onnx)", "ONNX", read_onnx),
    "torchvision": Importer(
        "a state dict of torchvision's googlenet (.pth)",
        "state dict",
        torchvision.read_torchvision,
        torchvision.TENSORS,
    ),
    "inception5h": Importer(
        "a state dict of inception5h (.pth)", "state dict", inception5h.read_inception5h, inception5h.NAMES
    ),
    "tensorflow": Importer("Google's graph of inception5h (.pb or .zip)", "TensorFlow", read_graph),
}
"""The formats that can be imported, by name."""

EXPECTED = "supported files: " + ", ".join(importer.expects for importer in IMPORTERS.values())

ENCODINGS: dict[FileFormat, Encoding] = {
    "safetensors": "state dict",
    "zip": "state dict",
    "pickle": "state dict",
    "Caffe": "Caffe",
    "ONNX": "ONNX",
    "TensorFlow": "TensorFlow",
}
"""Format of a file -> its encoding, if there is an importer for it."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Facts about a file that are not in it, with the fields of `About`."""

    source: str = ""
    licence: str = ""
    scores: dict[str, Any] = field(default_factory=dict)
    created: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ImportedModel:
    """A model without a known answer, its layer map, its format, and the assumptions made, in sentences."""

    model: Model
    format: str
    layers: tuple[MappedLayer, ...]
    assumptions: tuple[str, ...]


def import_file(
    path: Path,
    provenance: Provenance,
    *,
    classes: tuple[ClassLabel, ...] | None = None,
    transform_input: bool = True,
    port_lrn: bool = False,
) -> ImportedModel:
    """Read another program's GoogLeNet; `classes`: default: ImageNet's if the network has 1,000 outputs.

    `transform_input`: the argument of torchvision's network; `port_lrn`: whether inception5h was trained in a PyTorch
    port. Raises InputError for a path that cannot be read, for a wrong number of classes and for options of another
    format, ModelFileError for a file that is damaged, too large, of another format, or contains another network.
    """
    name, imported, digest = _read(path)
    if not transform_input:
        _check_format(name, "torchvision", path, option="--no-transform-input is for torchvision's googlenet")
        imported = torchvision.without_transform_input(imported)
    if port_lrn:
        _check_format(name, "inception5h", path, option="--port-lrn is for inception5h")
        imported = inception5h.with_port_lrn(imported)
    labels, notes = (classes, ()) if classes else _default_classes(imported, path)
    if len(labels) != imported.spec.classes:
        raise InputError(
            f"{path} has {imported.spec.classes:,} outputs, but there are {len(labels):,} class names; "
            "--classes FILE needs one line per output, in their order"
        )
    model = Model(
        imported.spec,
        imported.weights,
        labels,
        imported.preprocessing,
        about=About(
            scores=provenance.scores,
            licence=provenance.licence,
            source=provenance.source,
            created=provenance.created,
            source_sha256=digest,
        ),
    )
    check_model(model, where=str(path))
    return ImportedModel(model, name, imported.layers, (*notes, *imported.assumptions))


def _check_format(name: str, expected: str, path: Path, *, option: str) -> None:
    if name != expected:
        raise InputError(f"{option}; {path} is {IMPORTERS[name].expects}")


def with_known_answer(model: Model, run: Callable[[NDArray[np.uint8]], NDArray[np.float32]], *, where: str) -> Model:
    """The model with its known answer, computed by `run`: pictures (K, S, S, 3) -> probabilities.

    Raises ModelFileError if that is not finite: finite weights can still be so large that float32 overflows.
    """
    images = known_answer_images(model.preprocessing.input_size)
    probabilities = run(images)
    if not np.isfinite(probabilities).all():
        raise ModelFileError(f"{where} is damaged: the network's outputs are not finite")
    return replace(model, known_answer=KnownAnswer(images, probabilities))


def read_classes(name: str) -> tuple[ClassLabel, ...]:
    """The classes of `--classes`: "imagenet", or a text file with one class per line.

    A line is a synset and a name ("n01440764 tench"), an id, a tab and a name, or just a name, which is also the id.
    Raises InputError for a file that cannot be read, is empty, or has duplicate classes.
    """
    if name == "imagenet":
        return imagenet_classes()
    try:
        with Path(name).open("rb") as file:
            content = file.read(LARGEST_LIST + 1)
        if len(content) > LARGEST_LIST:
            raise InputError(f"{name} is too large for a list of classes; expected a text file with one class per line")
        lines = [line.strip() for line in content.decode("utf-8-sig").splitlines()]
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it is not UTF-8 text"
        raise InputError(
            f"cannot read the classes from {name} ({reason}); --classes is imagenet or a file with one class per line"
        ) from error
    labels = tuple(_label(line) for line in lines if line)
    if not labels:
        raise InputError(f"{name} contains no classes; expected a text file with one class per line")
    label, times = Counter(one.id for one in labels).most_common(1)[0]
    if times > 1:
        raise InputError(f"{name} contains the class {label!a} {times} times; each output needs a class of its own")
    return labels


def _label(line: str) -> ClassLabel:
    if match := SYNSET_LINE.fullmatch(line):
        return ClassLabel(match[1], match[2])
    label, tab, name = line.partition("\t")
    return ClassLabel(label.strip(), name.strip()) if tab else ClassLabel(line, line)


def _default_classes(imported: Imported, path: Path) -> tuple[tuple[ClassLabel, ...], tuple[str, ...]]:
    outputs = imported.spec.classes
    if imported.labels is not None:
        return imported.labels, ()
    if outputs == len(imagenet_classes()):
        return imagenet_classes(), (
            "1,000 outputs and no class names: assumed to be ImageNet's 1,000 classes, in their usual order",
        )
    raise InputError(
        f"{path} has {outputs:,} outputs but no class names: "
        "give --classes FILE with one line per output, in their order"
    )


def _read(path: Path) -> tuple[str, Imported, str]:
    """The name of the format, the network in the file, and the file's sha256."""
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is not a file; {EXPECTED}")
    try:
        with path.open("rb") as file:
            beginning, size = file.read(BEGINNING), path.stat().st_size
            found = file_format(beginning)
            encoding = ENCODINGS.get(found)
            if encoding is None:
                raise ModelFileError(f"{path} cannot be imported: {describe_file(beginning)}; {EXPECTED}")
            if size > LARGEST[encoding]:
                raise ModelFileError(f"{path} has {size / 2**20:,.0f} MB, more than any GoogLeNet; {EXPECTED}")
            file.seek(0)
            digest = file_digest(file, "sha256").hexdigest()
        if found == "zip" and (archive := open_archive(path)) is not None:
            return "tensorflow", read_graph(archive.graph, where=str(path), class_names=archive.class_names), digest
        if encoding == "state dict":
            return *_read_state_dicts(open_state_dicts(path), path), digest
        content = path.read_bytes()
    except OSError as error:
        raise cannot_read(path, error) from error
    name, importer = next((name, one) for name, one in IMPORTERS.items() if one.encoding == encoding)
    return name, importer.read(content, where=str(path)), digest


def _read_state_dicts(states: Mapping[str, StateDict], path: Path) -> tuple[str, Imported]:
    found = unwrap(states, {name: one.tensors for name, one in IMPORTERS.items() if one.tensors})
    if found is None:
        names = [ascii(name) for state in states.values() for name in state]
        raise ModelFileError(
            f"{path} is a state dict of an unknown network: it has {len(names):,} tensors, "
            f"{', '.join(names[:3])}{' ...' if len(names) > 3 else ''}; {EXPECTED}"
        )
    imported = IMPORTERS[found.network].read(found.state, where=str(path))
    return found.network, replace(imported, assumptions=(*found.notes, *imported.assumptions))
