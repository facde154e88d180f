"""The kinds of files: how one is changed, how one is read, and which engines run it."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.fuzz.model_file import changed_model
from benchmarks.fuzz.onnx import changed_onnx
from benchmarks.fuzz.onnx_parts import taken_apart
from benchmarks.fuzz.openvino import changed_ir
from benchmarks.fuzz.pt2 import changed_pt2
from benchmarks.fuzz.small_network import small_export, small_model
from benchmarks.fuzz.tensorflow import changed_graph
from benchmarks.fuzz.values import Content
from googlenet.artifacts import Precision
from googlenet.artifacts.exported import check_exported
from googlenet.errors import GoogLeNetError
from googlenet.importers import Provenance, import_file
from googlenet.model import load_model, read_header, save_model
from tests.importers.tensorflow_files import inception5h


@dataclass
class Kind:
    """A kind of file: how one is changed, how one is read, and the engines that run what passes."""

    change: Callable[[random.Random], Content]
    read: Callable[[Content], Any]
    engines: tuple[str, ...]
    suffix: str


def kind_of_onnx(precision: Precision, *, apart: bool = True) -> Kind:
    """ONNX files in a precision."""
    parts = taken_apart(small_export("onnx", precision, apart=apart))
    return Kind(
        lambda random: changed_onnx(parts, random),
        lambda content: check_exported(content, "onnx", Path("changed.onnx")),
        ("native", "onnx", "openvino"),
        ".onnx",
    )


def kind_of_ir(precision: Precision) -> Kind:
    """Networks for OpenVINO in a precision."""
    model = small_export("openvino", precision)
    return Kind(
        lambda random: changed_ir(model, random),
        lambda content: check_exported(content, "openvino", Path("changed")),
        ("openvino",),
        ".xml",
    )


def kind_of_pt2() -> Kind:
    """Programs for torch."""
    model = small_export("pt2", "float32")
    return Kind(
        lambda random: changed_pt2(model, random),
        lambda content: check_exported(content, "pt2", Path("changed.pt2")),
        ("torch",),
        ".pt2",
    )


def kind_of_model() -> Kind:
    """Model files."""
    path = Path(tempfile.mkdtemp()) / "model.safetensors"
    save_model(small_model(), path)
    content = path.read_bytes()

    def read(content: Content) -> Any:
        path.write_bytes(content[0])
        read_header(path)
        return load_model(path)

    return Kind(lambda random: changed_model(content, random), read, ("native", "onnx", "torch"), ".safetensors")


def kind_of_graph() -> Kind:
    """TensorFlow graphs, whole ones being the network filled with one number; none is run."""
    path = Path(tempfile.mkdtemp()) / "graph.pb"
    nodes = inception5h()

    def read(content: Content) -> Any:
        path.write_bytes(content[0])
        return import_file(path, Provenance()).model

    return Kind(lambda random: changed_graph(nodes, random), read, (), ".pb")


KINDS: dict[str, Callable[[], Kind]] = {
    "onnx": lambda: kind_of_onnx("float32"),
    "lrn": lambda: kind_of_onnx("float32", apart=False),
    "int8": lambda: kind_of_onnx("int8"),
    "ir": lambda: kind_of_ir("float32"),
    "ir-int8": lambda: kind_of_ir("int8"),
    "pt2": kind_of_pt2,
    "model": kind_of_model,
    "tensorflow": kind_of_graph,
}
"""Kinds of files by name; "lrn" is ONNX with LRN as an operator."""


def end_of_reading(kind: Kind, content: Content) -> tuple[str, Any]:
    """How reading ends: "passed" and the model, or the kind of error; raises whatever is none of ours."""
    try:
        return "passed", kind.read(content)
    except GoogLeNetError as error:
        sentence = str(error)
        if not sentence.isprintable():
            raise AssertionError(f"not one printable line: {sentence!r}") from error
        return type(error).__name__, None
