"""The layers of inception5h in its TensorFlow graph: found by their weights and inputs, and compared with ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from googlenet.architecture import INCEPTION_MODULES, ArchitectureSpec, build_architecture
from googlenet.architecture.layers import (
    AdaptiveAveragePool,
    AveragePool,
    Convolution,
    Dropout,
    Inception,
    Layer,
    Linear,
    LocalResponseNorm,
    MaxPool,
    Shape,
)
from googlenet.importers.inception5h import BRANCHES, STEM
from googlenet.importers.tensorflow_nodes import Graph, Node

HEADS = {"0": "auxiliary_4a", "1": "auxiliary_4d"}
HEAD_LAYERS = {"head{}_bottleneck": "convolution", "nn{}": "fully_connected", "softmax{}": "linear"}

LAYERS = (
    STEM
    | {
        f"mixed{module}_{theirs}": f"{module}.{ours}"
        for module in INCEPTION_MODULES
        for theirs, ours in BRANCHES.items()
    }
    | {"softmax2": "linear"}
    | {theirs.format(head): f"{HEADS[head]}.{ours}" for head in HEADS for theirs, ours in HEAD_LAYERS.items()}
)
"""Layers with weights: name in the graph -> our name."""

THEIRS = {ours: theirs for theirs, ours in LAYERS.items()}
FLATTENING = ("Reshape", "Squeeze")
"""Operators between a grid and a matrix."""

LRN_DEFAULTS = {b"depth_radius": 5, b"bias": 1.0, b"alpha": 1.0, b"beta": 0.5}
"""Default values of the attributes of LRN."""


Color: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class _Value:
    """The node that outputs a value, and the value's shape for a picture of the nominal size."""

    node: str
    shape: Shape


def find_variant(graph: Graph) -> str:
    """The variant with the graph's LRN; raises ModelFileError if there is none."""
    found = {
        # TensorFlow's alpha is a factor of each square, ours is divided by the size.
        tuple(float(node.attributes.get(name, default)) for name, default in LRN_DEFAULTS.items())
        for node in graph.nodes.values()
        if node.operator == "LRN"
    }
    for variant in ("inception5h", "inception5h-port"):
        layers = build_architecture(ArchitectureSpec(variant)).layers
        norms = {layer for layer in layers if isinstance(layer, LocalResponseNorm)}
        ours = [(norm.size // 2, norm.k, norm.alpha / norm.size, norm.beta) for norm in norms]
        if len(found) == len(ours) and np.allclose([*found], ours, rtol=1e-5, atol=0):
            return variant
    raise graph.difference(
        f"depth_radius, bias, alpha and beta of its LRN are {sorted(found)} instead of (5, 2, 0.0001, 0.5)"
    )


def check_computation(graph: Graph, spec: ArchitectureSpec, *, auxiliaries: bool) -> Color | None:
    """Find each layer of the network in the graph; returns the mean colour that it subtracts from pictures, if any.

    Raises ModelFileError for a graph that computes anything else, naming the node.
    """
    architecture = build_architecture(spec)
    picture = graph.reader("conv2d0_w", "Conv2D").inputs[0]
    value = _Value(picture, architecture.input_shape)
    for row in architecture.rows:
        value = _follow(graph, row.layers, value)
        for auxiliary in architecture.auxiliaries:
            if auxiliaries and auxiliary.after == row.name:
                _follow(graph, auxiliary.layers, value)
    return _mean(graph, picture)


def _mean(graph: Graph, picture: str) -> Color | None:
    """The mean colour that is subtracted before the first convolution; None if that reads the graph's input."""
    node = graph.nodes.get(picture)
    operator = "no node" if node is None else node.operator
    if operator.startswith("Placeholder"):
        return None
    subtracted = graph.constants.get(node.inputs[1]) if node and operator == "Sub" and len(node.inputs) == 2 else None
    if subtracted is None or not subtracted.is_float or subtracted.shape not in ((), (1,), (3,)):
        raise graph.difference(
            f"'conv2d0_w' is applied to the output of {operator!a}; expected a Placeholder, or a mean subtracted"
        )
    red, green, blue = np.broadcast_to(subtracted.read(), 3).tolist()
    return red, green, blue


def _follow(graph: Graph, layers: tuple[Layer, ...], value: _Value, prefix: str = "") -> _Value:
    """The output of our layers in the graph; ModelFileError if they are not in it. Dropout leaves no trace."""
    for layer in layers:
        match layer:
            case Convolution():
                node = _convolution(graph, layer, value, prefix + layer.name)
            case MaxPool():
                node = _pool(graph, "MaxPool", layer, value)
            case AveragePool() | AdaptiveAveragePool():
                node = _pool(graph, "AvgPool", layer, value)
            case LocalResponseNorm():
                node = _after(graph, value.node, "LRN")
            case Linear():
                node = _linear(graph, layer, value)
            case Inception():
                branches = [_follow(graph, branch, value, f"{layer.name}.").node for branch in layer.branches]
                node = _concatenation(graph, branches)
            case Dropout():
                continue
        value = _Value(node.name, layer.output_shape(value.shape))
    return value


def _convolution(graph: Graph, layer: Convolution, value: _Value, name: str) -> Node:
    """The ReLU after a convolution and its bias."""
    node = graph.reader(f"{THEIRS[name]}_w", "Conv2D")
    _check_inputs(graph, node, value.node, f"{THEIRS[name]}_w")
    before = layer.pads[0]
    _check_window(graph, node, value.shape[0], layer.kernel_size, layer.stride, before, layer.output_shape(value.shape))
    return _after(graph, _biased(graph, node, name).name, "Relu")


def _pool(graph: Graph, operator: str, layer: MaxPool | AveragePool | AdaptiveAveragePool, value: _Value) -> Node:
    """A pool; one over the whole grid may have any stride."""
    node, size = _after(graph, value.node, operator), value.shape[0]
    if isinstance(layer, AdaptiveAveragePool):
        kernel, stride = size, None
    else:
        kernel, stride = layer.kernel_size, layer.stride
    if (found := node.attributes.get(b"ksize", ())) != (1, kernel, kernel, 1):
        raise graph.difference(f"{node.name!a} has ksize {found} instead of {(1, kernel, kernel, 1)}")
    before = layer.padding if isinstance(layer, MaxPool) else 0
    _check_window(graph, node, size, kernel, stride, before, layer.output_shape(value.shape))
    return node


def _check_window(
    graph: Graph, node: Node, size: int, kernel: int, stride: int | None, before: int, output: Shape
) -> None:
    """Compare a node's stride, padding before the input of `size`, and output size with ours; a stride may be any."""
    found = node.attributes
    strides, padding = found.get(b"strides", ()), found.get(b"padding", b"")
    if found.get(b"data_format", b"NHWC") not in (b"NHWC", b"") or found.get(b"dilations", (1,) * 4) != (1,) * 4:
        raise graph.difference(f"{node.name!a} has another data_format than NHWC, or is dilated")
    if len(strides) != 4 or strides != (1, strides[1], strides[1], 1) or not 1 <= strides[1] <= size:
        raise graph.difference(f"{node.name!a} has the strides {strides}")
    if padding not in (b"SAME", b"VALID"):
        raise graph.difference(f"{node.name!a} has the padding {padding!a}; expected SAME or VALID")
    length = -(-size // strides[1]) if padding == b"SAME" else (size - kernel) // strides[1] + 1
    padded = max((length - 1) * strides[1] + kernel - size, 0) // 2 if padding == b"SAME" else 0
    if (strides[1], padded, length) != (stride or strides[1], before, output[0]):
        raise graph.difference(
            f"{node.name!a} has stride {strides[1]}, padding {padded} and an output of {length}x{length} instead of "
            f"{stride or strides[1]}, {before} and {output[0]}x{output[0]}"
        )


def _linear(graph: Graph, layer: Linear, value: _Value) -> Node:
    """The bias after a matrix, or its ReLU; what the matrix reads may be flattened before."""
    node = graph.reader(f"{THEIRS[layer.name]}_w", "MatMul")
    flat = graph.nodes.get(node.inputs[0])
    before = flat.inputs[:1] if flat is not None and flat.operator in FLATTENING else ()
    _check_inputs(graph, node, flat.name if flat and before == (value.node,) else value.node, f"{THEIRS[layer.name]}_w")
    if node.attributes.get(b"transpose_a") or node.attributes.get(b"transpose_b"):
        raise graph.difference(f"{node.name!a} is of transposed matrices")
    biased = _biased(graph, node, layer.name)
    return _after(graph, biased.name, "Relu") if layer.relu else biased


def _after(graph: Graph, name: str, operator: str) -> Node:
    """The only node with an operator of one input that reads the output of the node `name`."""
    node = graph.reader(name, operator)
    _check_inputs(graph, node, name)
    return node


def _biased(graph: Graph, node: Node, name: str) -> Node:
    added = graph.reader(node.name, "BiasAdd", "Add")
    _check_inputs(graph, added, node.name, f"{THEIRS[name]}_b")
    return added


def _concatenation(graph: Graph, branches: list[str]) -> Node:
    """The node that concatenates the branches of a module along the channels, in this order."""
    node = graph.reader(branches[0], "Concat", "ConcatV2")
    axis = node.inputs[0 if node.operator == "Concat" else -1]
    _check_inputs(graph, node, *((axis, *branches) if node.operator == "Concat" else (*branches, axis)))
    constant = graph.constants.get(axis)
    if constant is None or constant.shape not in ((), (1,)) or constant.read().item() not in (3, -1):
        raise graph.difference(f"{node.name!a} does not concatenate along the channels")
    return node


def _check_inputs(graph: Graph, node: Node, *names: str) -> None:
    if node.inputs != names:
        found = ", ".join(map(ascii, node.inputs))
        raise graph.difference(f"{node.name!a} reads {found} instead of {', '.join(map(ascii, names))}")
