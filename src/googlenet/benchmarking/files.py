"""The files that candidates are opened with, written once by the comparing process."""

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
"""Pictures that an int8 graph is calibrated on: enough to time it, but not for its accuracy."""


def write_files(model: Path, models: Sequence[Model], folder: Path, kinds: Iterable[str]) -> dict[str, Path]:
    """Write the files of these `kinds` into `folder`, and return the path of each.

    `models`: the contents of `model`; an ensemble's members become one graph. Raises InputError as `build_graph` does.
    """
    paths = {MODEL: model}
    for kind in kinds:
        if kind not in paths:
            paths[kind] = folder / f"{kind}.onnx"
            paths[kind].write_bytes(encode_onnx(GRAPHS[kind](models)))
    return paths


def megabytes_of(path: Path) -> float:
    """The size of a model, which may be a file or a folder, in 10^6 bytes."""
    return sum(file.stat().st_size for member in member_paths(path) for file in model_files(member)) / 1e6


def _without_lrn(models: Sequence[Model]) -> Graph:
    """The graph as the ONNX Runtime engine runs it."""
    return decompose_lrn(build_graph(*models))


def _int8(models: Sequence[Model], *, quantize_all_outputs: bool = False) -> Graph:
    """The int8 graph, only for timing: calibrated on generated pictures."""
    pictures = generated_pictures(models[0].preprocessing.input_size, CALIBRATION)
    return to_int8(build_graph(*models), pictures, quantize_all_outputs=quantize_all_outputs)


def _plain(models: Sequence[Model]) -> Graph:
    """The graph as built from the table, without rewrites and with each LRN as one node: for peers."""
    return build_graph(*models)


def network_on_floats(models: Sequence[Model]) -> Graph:
    """The plain graph without its first nodes, for programs that do not accept uint8.

    Its input is (N, 3, H, W) float32 with the mean subtracted, its output only the probabilities.
    """
    graph = _plain(models)
    entry = next(node for node in graph.nodes if node.operator == "Sub")
    place = graph.nodes.index(entry) + 1
    if any(node.operator == "Sub" for node in graph.nodes[place:]):
        raise InputError("the graph subtracts a mean more than once, so it has no single network after the mean")
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
    "onnx": _without_lrn,
    "onnx-int8": partial(_int8, quantize_all_outputs=True),
    "openvino-int8": _int8,
    "plain": _plain,
    "floats": network_on_floats,
}
"""Kind of file -> how its graph is built."""
