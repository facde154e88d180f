"""The ONNX zoo's GoogLeNet, BVLC's network by way of Caffe2 -> weights of the variant `paper`.

Names differ between the zoo's versions, so a layer is known by the shape of its kernel, by the kernel of the
convolution that reads it, and by its place in the order of the graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import Architecture, ArchitectureSpec, build_architecture, weight_shapes
from googlenet.architecture.layers import Convolution, Inception, Layer, Linear
from googlenet.errors import ModelFileError
from googlenet.importers.caffe import BVLC_PREPROCESSING, PREPROCESSING_SENTENCE
from googlenet.importers.imported import Imported, MappedLayer, in_quotes
from googlenet.model import check_shapes
from googlenet.protobuf import parse, text

FLOAT, EXTERNAL = 1, 1  # TensorProto.DataType.FLOAT, TensorProto.DataLocation.EXTERNAL
MOST_DIMENSIONS = 8

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Node:
    """A node of the graph; `transposed`: a Gemm whose matrix is (out, in) already."""

    operator: str
    inputs: tuple[bytes, ...]
    output: bytes
    transposed: bool


def read_onnx(data: bytes, *, where: str) -> Imported:
    """Read a GoogLeNet from the bytes of an ONNX file.

    Raises ModelFileError for a damaged file, for weights that lie in other files, and for another network, which lists
    what is missing and what is left over.
    """
    model = parse("onnx.ModelProto", data, where=where)
    graph = parse("onnx.GraphProto", model.graph, where=where)
    nodes = [_read_node(encoded, where) for encoded in graph.node]
    tensors = dict(_read_tensors(graph, where))
    gemms = (node for node in nodes if node.operator == "Gemm" and node.inputs[1] in tensors)
    matrix = next((found for node in gemms if (found := _matrix(tensors, node)).ndim == 2), None)
    spec = ArchitectureSpec("paper", classes=1000 if matrix is None else len(matrix))
    layers = _matched(nodes, tensors, build_architecture(spec))
    weights: dict[str, NDArray[np.float32]] = {}
    used = set()
    for name, node in layers.items():
        weights[f"{name}.weight"] = _matrix(tensors, node) if node.operator == "Gemm" else tensors[node.inputs[1]]
        if len(node.inputs) > 2 and node.inputs[2] in tensors:
            weights[f"{name}.bias"] = tensors[node.inputs[2]]
        used |= set(node.inputs[1:3])
    left_over = {in_quotes(text(name)): tensor.shape for name, tensor in tensors.items() if name not in used}
    check_shapes(spec, left_over | {name: array.shape for name, array in weights.items()}, where=where)
    rows = tuple(
        MappedLayer(text(node.inputs[1]), name, weights[f"{name}.weight"].shape) for name, node in layers.items()
    )
    return Imported(spec, weights, BVLC_PREPROCESSING, rows, (PREPROCESSING_SENTENCE,))


def _read_node(encoded: bytes, where: str) -> _Node:
    node = parse("onnx.NodeProto", encoded, where=where)
    attributes = (parse("onnx.AttributeProto", attribute, where=where) for attribute in node.attribute)
    transposed = any(attribute.name == b"transB" and attribute.i == 1 for attribute in attributes)
    inputs = (*node.input, b"", b"")[: max(2, len(node.input))]
    return _Node(text(node.op_type), inputs, node.output[0] if node.output else b"", transposed)


def _read_tensors(graph: Any, where: str) -> Iterator[tuple[bytes, NDArray[np.float32]]]:
    """The initialisers that are floats, by name, each with as many bytes as its shape needs."""
    for encoded in graph.initializer:
        tensor = parse("onnx.TensorProto", encoded, where=where)
        name = text(tensor.name)
        if tensor.data_location == EXTERNAL or tensor.external_data:
            raise ModelFileError(f"{where}: the values of {name!a} lie in another file; weights inside were expected")
        if tensor.data_type != FLOAT:  # shapes for Reshape, or another precision, whose layers will be missing
            continue
        shape, stored = tuple(tensor.dims[: MOST_DIMENSIONS + 1]), len(tensor.raw_data) or 4 * len(tensor.float_data)
        if len(shape) > MOST_DIMENSIONS or any(length < 1 for length in shape) or 4 * prod(shape) != stored:
            raise ModelFileError(f"{where} is damaged: {name!a} has {stored:,} bytes for the shape {shape}")
        values = np.frombuffer(tensor.raw_data, "<f4") if tensor.raw_data else np.array(tensor.float_data, "<f4")
        yield tensor.name, values.astype(np.float32).reshape(shape)


def _matrix(tensors: dict[bytes, NDArray[np.float32]], node: _Node) -> NDArray[np.float32]:
    """The matrix (out, in) of a Gemm."""
    stored = tensors[node.inputs[1]]
    return stored if node.transposed else np.ascontiguousarray(stored.T)


def _matched(
    nodes: list[_Node], tensors: dict[bytes, NDArray[np.float32]], architecture: Architecture
) -> dict[str, _Node]:
    """Our layers' names -> the nodes that are those layers; nodes and layers without a partner are left out."""
    shapes = weight_shapes(architecture, auxiliaries=False)
    open_places = [
        (name, (shapes[f"{name}.weight"], shapes[f"{reader}.weight"] if reader else None))
        for name, reader in _places(architecture.layers)
    ]
    readers: dict[bytes, list[_Node]] = {}
    for node in nodes:
        for value in node.inputs:
            readers.setdefault(value, []).append(node)
    found: dict[str, _Node] = {}
    for node in nodes:
        if node.operator not in ("Conv", "Gemm") or node.inputs[1] not in tensors:
            continue
        own = _matrix(tensors, node).shape if node.operator == "Gemm" else tensors[node.inputs[1]].shape
        reader = _reading_convolution(node, readers)
        key = own, tensors[reader.inputs[1]].shape if reader and reader.inputs[1] in tensors else None
        place = next((place for place in open_places if place[1] == key), None)
        if place is not None:
            open_places.remove(place)
            found[place[0]] = node
    return found


def _reading_convolution(node: _Node, readers: dict[bytes, list[_Node]]) -> _Node | None:
    """The one convolution that reads a node's output, through its ReLU."""
    after = readers.get(node.output, [])
    if len(after) == 1 and after[0].operator == "Relu":
        after = readers.get(after[0].output, [])
    return after[0] if len(after) == 1 and after[0].operator == "Conv" else None


def _places(layers: tuple[Layer, ...], prefix: str = "") -> Iterator[tuple[str, str | None]]:
    """The layers with weights in the order of the graph, each with the convolution that reads it and nothing else."""
    for layer, following in zip(layers, (*layers[1:], None), strict=True):
        if isinstance(layer, Inception):
            for branch in layer.branches:
                yield from _places(branch, f"{layer.name}.")
        elif isinstance(layer, Convolution | Linear):
            yield prefix + layer.name, prefix + following.name if isinstance(following, Convolution) else None
