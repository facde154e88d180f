"""Exact rewrites: functions Graph -> Graph whose results say the same and which some engine runs faster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.graph.graph import Graph, Node

_KEEP_CHANNELS = frozenset({"Relu", "MaxPool", "LRN", "Identity", "Sub", "Cast"})

DEEPEST_POWER = 3
"""Operators that a power is written with, one behind the other; a file's graph may have any number of them."""

SAME_WEIGHT, SAME_K = 1e-5, 1e-3
"""How much the weights and the constants k of one norm may differ, relatively: int8 rounds them for each channel."""


def decompose_lrn(graph: Graph) -> Graph:
    """Every LRN as x / root(k + alpha/size * sums of the squares), the sums by a 1x1 convolution with a banded kernel.

    For runtimes whose own operator is slow (ONNX Runtime's takes a third of the network's time) or missing. The power
    is written with square roots where that is exact: v^0.75 = r * sqrt(r) with r = sqrt(v), and v^0.5 = r.
    """
    constants: dict[str, NDArray[Any]] = dict(graph.constants)
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += _decomposed(graph, node, constants) if node.operator == "LRN" else [node]
    return replace(graph, nodes=tuple(nodes), constants=constants)


def _decomposed(graph: Graph, node: Node, constants: dict[str, NDArray[Any]]) -> Iterator[Node]:
    """The nodes that stand for one LRN; what they read is added to the constants."""
    value, name = node.inputs[0], node.output
    channels = channels_of(graph, value)
    size, alpha, beta, k = (float(_number(node, key)) for key in ("size", "alpha", "beta", "bias"))
    constants[f"{name}.band"] = _band(channels, int(size), alpha / size)
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


def _band(channels: int, size: int, weight: float) -> NDArray[np.float32]:
    """The kernel (channels, channels, 1, 1) that adds `size` neighbouring channels, each times `weight`."""
    places = np.arange(channels)
    distance = places[None] - places[:, None]
    near = (distance >= -((size - 1) // 2)) & (distance <= size // 2)
    return (near * weight).astype(np.float32).reshape(channels, channels, 1, 1)


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
    """Every norm that `decompose_lrn` wrote as one LRN again, found by its operators and what feeds them.

    A quotient that is anything else stays as it is.
    """
    producers = graph.producers
    norms = {node.output: _fused(graph, producers, node) for node in graph.nodes if node.operator == "Div"}
    fused = tuple(norms.get(node.output) or node for node in graph.nodes)
    return replace(graph, nodes=_without_unread(fused, graph))


def _fused(graph: Graph, producers: Mapping[str, Node], node: Node) -> Node | None:
    """The LRN that a quotient x / (k + sums of squares of x)^beta is; None where it is none."""
    value, divisor = node.inputs
    sums, beta = _as_power(graph, producers, divisor, DEEPEST_POWER)
    convolution = producers.get(sums)
    if convolution is None or convolution.operator != "Conv" or not _is_pointwise(convolution):
        return None
    squares, (band, k) = producers.get(convolution.inputs[0]), map(graph.constants.get, convolution.inputs[1:])
    if squares is None or (squares.operator, squares.inputs) != ("Mul", (value, value)) or band is None or k is None:
        return None
    size, weight = _window(band)
    if not size or not np.allclose(k, k[0], rtol=SAME_K, atol=0):
        return None
    return Node("LRN", (value,), node.output, {"size": size, "alpha": weight * size, "beta": beta, "bias": float(k[0])})


def _as_power(graph: Graph, producers: Mapping[str, Node], value: str, depth: int) -> tuple[str, float]:
    """(base, exponent) of a value that roots, powers and products of the same base make; else (itself, 1)."""
    node = producers.get(value)
    if node is not None and depth:
        bases, exponents = zip(*(_as_power(graph, producers, name, depth - 1) for name in node.inputs), strict=True)
        exponent = graph.constants.get(node.inputs[-1])
        if node.operator == "Sqrt":
            return bases[0], exponents[0] / 2
        if node.operator == "Mul" and bases[0] == bases[1]:
            return bases[0], sum(exponents)
        if node.operator == "Pow" and exponent is not None and exponent.size == 1:
            return bases[0], exponents[0] * float(exponent.item())
    return value, 1.0


def _is_pointwise(convolution: Node) -> bool:
    """Whether each result is made of one pixel, at the same place."""
    attributes = convolution.attributes
    return (
        attributes["kernel_shape"] == (1, 1)
        and attributes.get("strides", (1, 1)) == (1, 1)
        and attributes.get("pads", (0, 0, 0, 0)) == (0, 0, 0, 0)
    )


def _window(kernel: NDArray[Any]) -> tuple[int, float]:
    """The size and the weight of the band that a kernel is; (0, 0.0) where it is none."""
    if kernel.ndim != 4 or kernel.shape != (len(kernel), len(kernel), 1, 1) or not kernel.any():
        return 0, 0.0
    row, column = np.nonzero(kernel[:, :, 0, 0])
    size, weight = int(np.ptp(column - row)) + 1, float(kernel.max())
    is_band = np.allclose(kernel, _band(len(kernel), size, weight), rtol=SAME_WEIGHT, atol=0)
    return (size, weight) if is_band else (0, 0.0)


def _without_unread(nodes: Sequence[Node], graph: Graph) -> tuple[Node, ...]:
    """The nodes that the graph's outputs are made of."""
    read = {value.name for value in graph.outputs}
    kept: list[Node] = []
    for node in reversed(nodes):
        if node.output in read:
            kept.append(node)
            read.update(node.inputs)
    return tuple(reversed(kept))
