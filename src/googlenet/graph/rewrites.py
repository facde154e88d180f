"""Exact rewrites: functions Graph -> Graph whose results are equivalent, and faster in some engines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.graph.graph import Graph, Node, Value

_KEEP_CHANNELS = frozenset({"Relu", "MaxPool", "LRN", "Identity", "Sub", "Cast"})

DEEPEST_POWER = 3
"""Most operators in a row that are recognized as a power; a graph from a file may have any number of them."""

SAME_WEIGHT, SAME_K = 1e-5, 1e-3
"""Allowed relative differences between channels of the band's weights and of k: int8 rounds them per channel."""


def decompose_lrn(graph: Graph) -> Graph:
    """Decompose every LRN into x / (k + alpha/size * sum of squares)^beta, the sum as a 1x1 convolution with a band.

    For runtimes whose LRN operator is slow (a third of the network's time in ONNX Runtime) or missing. The power is
    written with square roots if possible: v^0.75 = r * sqrt(r) with r = sqrt(v), and v^0.5 = r.
    """
    constants: dict[str, NDArray[Any]] = dict(graph.constants)
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += _decomposed(graph, node, constants) if node.operator == "LRN" else [node]
    return replace(graph, nodes=tuple(nodes), constants=constants)


def _decomposed(graph: Graph, node: Node, constants: dict[str, NDArray[Any]]) -> Iterator[Node]:
    """The nodes that replace one LRN; adds their constants."""
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
    """The kernel (channels, channels, 1, 1) that sums `size` neighbouring channels, each multiplied by `weight`."""
    places = np.arange(channels)
    distance = places[None] - places[:, None]
    near = (distance >= -((size - 1) // 2)) & (distance <= size // 2)
    return (near * weight).astype(np.float32).reshape(channels, channels, 1, 1)


def _number(node: Node, key: str) -> float:
    number = node.attributes[key]
    if isinstance(number, tuple):
        raise InputError(f"{node.output}: the attribute {key} must be one number, not {number}")
    return number


def channels_of(graph: Graph, value: str) -> int:
    """The number of channels of a value (N, C, H, W), from preceding kernels; raises InputError if it is unknown."""
    producers = graph.producers
    if value not in producers:
        raise InputError(f"the graph {graph.name}: the number of channels of {value!r} is unknown")
    node = producers[value]
    if node.operator == "Conv":
        return int(graph.constants[node.inputs[1]].shape[0])
    if node.operator == "Concat":
        return sum(channels_of(graph, name) for name in node.inputs)
    if node.operator in _KEEP_CHANNELS:
        return channels_of(graph, node.inputs[0])
    raise InputError(f"the graph {graph.name}: the number of channels of {value!r} is unknown")


def fuse_lrn(graph: Graph) -> Graph:
    """The inverse of `decompose_lrn`: replace every decomposed LRN with one LRN.

    They are recognized by operators and edges, not by names; other quotients are not changed.
    """
    producers = graph.producers
    found = {node.output: _fused(graph, producers, node) for node in graph.nodes if node.operator == "Div"}
    fused = tuple(found.get(node.output) or node for node in graph.nodes)
    return replace(graph, nodes=without_unused(fused, graph.outputs))


def _fused(graph: Graph, producers: Mapping[str, Node], node: Node) -> Node | None:
    """The LRN that a quotient x / (k + sum of squares of x)^beta computes; None if it is something else."""
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
    """(base, exponent) of a value computed by roots, powers and products of the same base; else (itself, 1)."""
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
    """Whether a convolution is 1x1 with stride 1 and no padding."""
    attributes = convolution.attributes
    return (
        attributes["kernel_shape"] == (1, 1)
        and attributes.get("strides", (1, 1)) == (1, 1)
        and attributes.get("pads", (0, 0, 0, 0)) == (0, 0, 0, 0)
    )


def _window(kernel: NDArray[Any]) -> tuple[int, float]:
    """The size and the weight of a kernel that is a band; (0, 0.0) for other kernels."""
    if kernel.ndim != 4 or kernel.shape != (len(kernel), len(kernel), 1, 1) or not kernel.any():
        return 0, 0.0
    row, column = np.nonzero(kernel[:, :, 0, 0])
    size, weight = int(np.ptp(column - row)) + 1, float(kernel.max())
    is_band = np.allclose(kernel, _band(len(kernel), size, weight), rtol=SAME_WEIGHT, atol=0)
    return (size, weight) if is_band else (0, 0.0)


def without_unused(nodes: Sequence[Node], outputs: Iterable[Value]) -> tuple[Node, ...]:
    """The nodes that these outputs depend on."""
    read = {value.name for value in outputs}
    kept: list[Node] = []
    for node in reversed(nodes):
        if node.output in read:
            kept.append(node)
            read.update(node.inputs)
    return tuple(reversed(kept))
