"""Exact rewrites: functions Graph -> Graph whose results say the same and which some engine runs faster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.graph.graph import Graph, Node

_KEEP_CHANNELS = frozenset({"Relu", "MaxPool", "LRN", "Identity", "Sub", "Cast"})


def decompose_lrn(graph: Graph) -> Graph:
    """Every LRN as x / root(k + alpha/size * sums of the squares), the sums by a 1x1 convolution with a banded kernel.

    For runtimes whose own operator is slow (ONNX Runtime's takes a third of the network's time) or missing. The power
    is written with square roots where that is exact: v^0.75 = r * sqrt(r) with r = sqrt(v), and v^0.5 = r.
    """
    constants: dict[str, NDArray[Any]] = dict(graph.constants)
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += _norm_apart(graph, node, constants) if node.operator == "LRN" else [node]
    return replace(graph, nodes=tuple(nodes), constants=constants)


def _norm_apart(graph: Graph, node: Node, constants: dict[str, NDArray[Any]]) -> Iterator[Node]:
    """The nodes that stand for one LRN; what they read is added to the constants."""
    value, name = node.inputs[0], node.output
    channels = channels_of(graph, value)
    size, alpha, beta, k = (float(_number(node, key)) for key in ("size", "alpha", "beta", "bias"))
    places = np.arange(channels)
    below, above = (size - 1) // 2, size // 2
    distance = places[None] - places[:, None]
    band = ((distance >= -below) & (distance <= above)) * (alpha / size)
    constants[f"{name}.band"] = band.astype(np.float32).reshape(channels, channels, 1, 1)
    constants[f"{name}.k"] = np.full(channels, k, np.float32)
    yield Node("Mul", (value, value), f"{name}.squares")
    sums = f"{name}.sums"
    yield Node("Conv", (f"{name}.squares", f"{name}.band", f"{name}.k"), sums, {"kernel_shape": (1, 1)})
    if beta == 0.5:
        yield Node("Sqrt", (sums,), f"{name}.divisor")
    elif beta == 0.75:
        yield Node("Sqrt", (sums,), f"{name}.root")
        yield Node("Sqrt", (f"{name}.root",), f"{name}.fourth_root")
        yield Node("Mul", (f"{name}.root", f"{name}.fourth_root"), f"{name}.divisor")
    else:
        constants[f"{name}.beta"] = np.array(beta, np.float32)
        yield Node("Pow", (sums, f"{name}.beta"), f"{name}.divisor")
    yield Node("Div", (value, f"{name}.divisor"), name)


def _number(node: Node, key: str) -> float:
    number = node.attributes[key]
    if isinstance(number, tuple):
        raise InputError(f"{node.output}: the attribute {key} is {number}, one number was expected")
    return number


def channels_of(graph: Graph, value: str) -> int:
    """How many channels a value (N, C, H, W) has, from the kernels before it; raises InputError where none tells."""
    producers = graph.producers
    if value not in producers:
        raise InputError(f"the graph {graph.name}: nothing tells how many channels {value!r} has")
    node = producers[value]
    if node.operator == "Conv":
        return int(graph.constants[node.inputs[1]].shape[0])
    if node.operator == "Concat":
        return sum(channels_of(graph, name) for name in node.inputs)
    if node.operator in _KEEP_CHANNELS:
        return channels_of(graph, node.inputs[0])
    raise InputError(f"the graph {graph.name}: nothing tells how many channels {value!r} has")


def fuse_lrn(graph: Graph) -> Graph:
    """Every norm that `decompose_lrn` wrote as one LRN again."""
    producers = graph.producers
    norms: dict[str, Node] = {}
    gone: set[str] = set()
    for node in graph.nodes:
        parts = [producers.get(f"{node.output}.{end}") for end in ("squares", "sums", "divisor")]
        if node.operator == "Div" and None not in parts:
            norms[node.output] = _norm_of(graph, node, *parts)  # type: ignore[arg-type]
            gone |= {f"{node.output}.{end}" for end in ("squares", "sums", "root", "fourth_root", "divisor")}
    return replace(graph, nodes=tuple(norms.get(node.output, node) for node in graph.nodes if node.output not in gone))


def _norm_of(graph: Graph, node: Node, squares: Node, sums: Node, divisor: Node) -> Node:
    """The LRN that was written as these nodes."""
    band = graph.constants[sums.inputs[1]][:, :, 0, 0]
    row, column = np.nonzero(band)
    size = int((column - row).max() - (column - row).min() + 1)
    power = float(graph.constants[divisor.inputs[1]].item()) if divisor.operator == "Pow" else 0.0
    settings = {
        "size": size,
        "alpha": float(band.max()) * size,
        "beta": {"Sqrt": 0.5, "Mul": 0.75}.get(divisor.operator, power),
        "bias": float(graph.constants[sums.inputs[2]][0]),
    }
    return Node("LRN", squares.inputs[:1], node.output, settings)
