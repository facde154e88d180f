"""The files that candidates are opened with, written once by the process that compares them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from googlenet.artifacts import encode_onnx, model_files
from googlenet.benchmarking.candidates import MODEL
from googlenet.errors import InputError
from googlenet.export import generated_pictures, to_int8
from googlenet.graph import PROBABILITIES, Graph, Value, build_graph, decompose_lrn
from googlenet.model import Model, member_paths

CALIBRATION = 24
"""Pictures that an int8 graph is calibrated on: enough for its time, not for its accuracy."""


def write_files(model: Path, models: Sequence[Model], folder: Path, kinds: Iterable[str]) -> dict[str, Path]:
    """Write what is missing of the files of these `kinds` below `folder`; give the path of each.

    `models`: what `model` holds, the members of an ensemble as one graph. Raises InputError as `build_graph` does.
    """
    paths = {MODEL: model}
    for kind in kinds:
        if kind not in paths:
            paths[kind] = folder / f"{kind}.onnx"
            paths[kind].write_bytes(encode_onnx(GRAPHS[kind](models)))
    return paths


def megabytes_of(path: Path) -> float:
    """The size of a file, or of the model that a folder is, in 10^6 bytes."""
    return sum(file.stat().st_size for member in member_paths(path) for file in model_files(member)) / 1e6


def _norms_apart(models: Sequence[Model]) -> Graph:
    """As our engine of ONNX Runtime runs it."""
    return decompose_lrn(build_graph(*models))


def _int8(models: Sequence[Model], *, quantize_all_outputs: bool = False) -> Graph:
    """In whole numbers, for timing alone: calibrated on pictures made by formula."""
    pictures = generated_pictures(models[0].preprocessing.input_size, CALIBRATION)
    return to_int8(build_graph(*models), pictures, quantize_all_outputs=quantize_all_outputs)


def _plain(models: Sequence[Model]) -> Graph:
    """The graph as it follows from the table, each norm one node, nothing rewritten: what peers are given."""
    return build_graph(*models)


def network_on_floats(models: Sequence[Model]) -> Graph:
    """The plain graph behind its first nodes, for programs that take no uint8: input (N, 3, H, W) float32 less a mean.

    Of the outputs, the probabilities alone.
    """
    graph = _plain(models)
    entry = next(node for node in graph.nodes if node.operator == "Sub")
    place = graph.nodes.index(entry) + 1
    if any(node.operator == "Sub" for node in graph.nodes[place:]):
        raise InputError("the graph takes off a mean more than once, so there is no network behind it")
    needed, kept = {PROBABILITIES}, []
    for node in reversed(graph.nodes[place:]):
        if node.output in needed:
            needed.update(node.inputs)
            kept.append(node)
    return replace(
        graph,
        nodes=tuple(reversed(kept)),
        inputs=(Value(entry.output, np.dtype(np.float32), ("N", 3, "H", "W")),),
        outputs=tuple(value for value in graph.outputs if value.name == PROBABILITIES),
    )


GRAPHS: dict[str, Callable[[Sequence[Model]], Graph]] = {
    "onnx": _norms_apart,
    "onnx-int8": partial(_int8, quantize_all_outputs=True),
    "openvino-int8": _int8,
    "plain": _plain,
    "floats": network_on_floats,
}
"""How the graph of each kind of file is made."""
