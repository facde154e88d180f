"""The ONNX zoo's GoogLeNet (BVLC's network, converted with Caffe2) -> weights of the variant `paper`.

Names differ between the zoo's versions, so layers are matched by the shape of their kernel, by the kernel of the
convolution that reads them, and by their order in the graph. Converters change such files: biases become Add nodes,
Gemm becomes MatMul, weights are float16 or pass through Identity and Cast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import PAPER, Architecture, ArchitectureSpec, build_architecture, weight_shapes
from googlenet.architecture.layers import Convolution, Inception, Layer, Linear, LocalResponseNorm
from googlenet.errors import ModelFileError
from googlenet.importers.caffe import BVLC_PREPROCESSING, PREPROCESSING_SENTENCE
from googlenet.importers.imported import Imported, MappedLayer, in_quotes
from googlenet.importers.onnx_constants import Constant, Node, find_constants, read_node
from googlenet.model import DESCRIPTION_KEY, check_shapes
from googlenet.protobuf import parse, text

QUANTIZED = {"QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "QuantizeLinear", "DequantizeLinear"}

RANKS = {"Conv": 4, "Gemm": 2, "MatMul": 2}
"""Operators of layers with weights -> number of dimensions of their kernel or matrix."""

DEFAULTS: dict[str, Any] = {"strides": (1, 1), "pads": (0, 0, 0, 0), "dilations": (1, 1), "group": 1, "transA": 0}
LRN_DEFAULTS = {b"size": 0, b"alpha": 1e-4, b"beta": 0.75, b"bias": 1.0}
"""Default values of attributes of Conv, Gemm and LRN."""

Readers = Mapping[bytes, list[Node]]


@dataclass(frozen=True, slots=True, eq=False)
class _WeightLayer:
    """A convolution or linear layer of the file; `weight` in our layout, `output` after the Add of its bias."""

    node: Node
    weight: NDArray[np.float32]
    bias: NDArray[np.float32] | None
    sources: frozenset[bytes]
    output: bytes


@dataclass(frozen=True, slots=True)
class _Place:
    """One of our layers by name, and the convolution that is its only reader, if there is one."""

    name: str
    layer: Convolution | Linear
    reader: str | None


def read_onnx(data: bytes, *, where: str) -> Imported:
    """Read a GoogLeNet from the bytes of an ONNX file.

    Raises ModelFileError for a damaged file, for weights that are not stored as floats, and for another network,
    listing missing and unexpected weights or naming the layer that differs.
    """
    model = parse("onnx.ModelProto", data, where=where)
    graph = parse("onnx.GraphProto", model.graph, where=where)
    nodes = [read_node(encoded, where) for encoded in graph.node]
    constants = find_constants(graph.initializer, nodes, where)
    _check_weights_are_stored(model, graph, nodes, constants, where)
    readers = _readers(nodes)
    layers = [*_weight_layers(nodes, constants, readers)]
    classifier = next((layer.weight for layer in reversed(layers) if layer.node.operator != "Conv"), None)
    spec = ArchitectureSpec("paper", classes=1000 if classifier is None else len(classifier))
    matched = _matched(layers, readers, build_architecture(spec))
    weights: dict[str, NDArray[np.float32]] = {}
    for place, layer in matched:
        weights[f"{place.name}.weight"] = layer.weight
        if layer.bias is not None:
            weights[f"{place.name}.bias"] = layer.bias
    used = {source for _, layer in matched for source in layer.sources} | _dropout_ratios(nodes, constants)
    unexpected = {
        in_quotes(text(constant.source)): constant.array.shape
        for constant in constants.values()
        if constant.source not in used
    }
    check_shapes(spec, unexpected | {name: array.shape for name, array in weights.items()}, where=where)
    _check_attributes(matched, nodes, where)
    rows = tuple(MappedLayer(text(layer.node.inputs[1]), place.name, layer.weight.shape) for place, layer in matched)
    return Imported(spec, weights, BVLC_PREPROCESSING, rows, (PREPROCESSING_SENTENCE,))


def _check_weights_are_stored(
    model: Any, graph: Any, nodes: list[Node], constants: Mapping[bytes, Constant], where: str
) -> None:
    """Raise ModelFileError, with the reason, if the weights are not stored in the file as floats."""
    metadata = (parse("onnx.StringStringEntryProto", entry, where=where).key for entry in model.metadata_props)
    if DESCRIPTION_KEY.encode() in metadata:
        raise ModelFileError(f"{where} was exported by googlenet: use it directly as MODEL, without importing it")
    if quantized := {node.operator for node in nodes} & QUANTIZED:
        raise ModelFileError(
            f"{where} is quantized ({', '.join(sorted(quantized))}); expected weights in float16 or float32"
        )
    if graph.sparse_initializer:
        raise ModelFileError(f"{where} stores its weights as sparse tensors; expected dense ones")
    makers = {node.output: node.operator for node in nodes}
    for node in nodes:
        if node.operator in ("Conv", "Gemm") and node.inputs[1] not in constants:
            maker = makers.get(node.inputs[1])
            reason = f"computed by {maker!a}" if maker else "not stored in it as floats"
            raise ModelFileError(f"{where}: the weights {text(node.inputs[1])!a} of a {node.operator} are {reason}")


def _readers(nodes: list[Node]) -> Readers:
    readers: dict[bytes, list[Node]] = {}
    for node in nodes:
        for value in node.inputs:
            readers.setdefault(value, []).append(node)
    return readers


def _weight_layers(nodes: list[Node], constants: Mapping[bytes, Constant], readers: Readers) -> Iterator[_WeightLayer]:
    for node in nodes:
        stored, bias, output = constants.get(node.inputs[1]), constants.get(node.inputs[2]), node.output
        if stored is None or stored.array.ndim != RANKS.get(node.operator):
            continue
        out_first = node.operator == "Conv" or node.attributes.get(b"transB")
        weight = _scaled(stored.array if out_first else np.ascontiguousarray(stored.array.T), node, b"alpha")
        if bias is None:
            bias, output = _added(node, len(weight), constants, readers)
            values = None if bias is None else bias.array.reshape(-1)
        else:
            values = _scaled(bias.array.reshape(-1), node, b"beta")
        sources = frozenset(constant.source for constant in (stored, bias) if constant is not None)
        yield _WeightLayer(node, weight, values, sources, output)


def _scaled(array: NDArray[np.float32], node: Node, factor: bytes) -> NDArray[np.float32]:
    """The array multiplied by a factor of a Gemm."""
    if node.operator != "Gemm" or node.attributes.get(factor, 1.0) == 1:
        return array
    with np.errstate(over="ignore", invalid="ignore"):  # non-finite values are refused later
        return array * np.float32(node.attributes[factor])


def _added(
    node: Node, outputs: int, constants: Mapping[bytes, Constant], readers: Readers
) -> tuple[Constant | None, bytes]:
    """The bias in an Add after a layer without bias, and the name of the result."""
    after = readers.get(node.output, [])
    if len(after) == 1 and after[0].operator == "Add":
        axis = -3 if node.operator == "Conv" else -1
        for constant in (constants[value] for value in after[0].inputs[:2] if value in constants):
            shape = constant.array.shape
            if constant.array.size == outputs and len(shape) >= -axis and shape[axis] == outputs:
                return constant, after[0].output
    return None, node.output


def _dropout_ratios(nodes: list[Node], constants: Mapping[bytes, Constant]) -> set[bytes]:
    values = (value for node in nodes if node.operator == "Dropout" for value in node.inputs[1:])
    return {constants[value].source for value in values if value in constants}


def _matched(
    layers: list[_WeightLayer], readers: Readers, architecture: Architecture
) -> list[tuple[_Place, _WeightLayer]]:
    """Pairs of our layers and matching layers of the file; layers without a match are skipped."""
    shapes = weight_shapes(architecture, auxiliaries=False)
    open_places = [
        (place, (shapes[f"{place.name}.weight"], shapes[f"{place.reader}.weight"] if place.reader else None))
        for place in _places(architecture.layers)
    ]
    kernels = {id(layer.node): layer.weight.shape for layer in layers}
    found = []
    for layer in layers:
        reader = _reading_convolution(layer, readers)
        key = layer.weight.shape, kernels.get(id(reader))
        entry = next((entry for entry in open_places if entry[1] == key), None)
        if entry is not None:
            open_places.remove(entry)
            found.append((entry[0], layer))
    return found


def _reading_convolution(layer: _WeightLayer, readers: Readers) -> Node | None:
    """The only convolution that reads a layer's output, through its ReLU; else None."""
    after = readers.get(layer.output, [])
    if len(after) == 1 and after[0].operator == "Relu":
        after = readers.get(after[0].output, [])
    return after[0] if len(after) == 1 and after[0].operator == "Conv" else None


def _places(layers: tuple[Layer, ...], prefix: str = "") -> Iterator[_Place]:
    """The layers with weights in the order of the graph."""
    for layer, following in zip(layers, (*layers[1:], None), strict=True):
        if isinstance(layer, Inception):
            for branch in layer.branches:
                yield from _places(branch, f"{layer.name}.")
        elif isinstance(layer, Convolution | Linear):
            reader = prefix + following.name if isinstance(following, Convolution) else None
            yield _Place(prefix + layer.name, layer, reader)


def _check_attributes(matched: list[tuple[_Place, _WeightLayer]], nodes: list[Node], where: str) -> None:
    """Raise ModelFileError if a layer with matching weights has other attributes."""
    for place, layer in matched:
        for name, expected in _expected_attributes(place.layer).items():
            found = _attribute(layer.node, name, expected)
            if found != expected:
                raise ModelFileError(f"{where}: {place.name} has {name} {found!a} instead of {expected}")
    ours = [layer for layer in PAPER.layers if isinstance(layer, LocalResponseNorm)]
    expected_lrn = [(lrn.size, lrn.alpha, lrn.beta, lrn.k) for lrn in ours]
    found_lrn = [
        tuple(node.attributes.get(name, default) for name, default in LRN_DEFAULTS.items())
        for node in nodes
        if node.operator == "LRN"
    ]
    if len(found_lrn) != len(expected_lrn) or not np.allclose(found_lrn, expected_lrn, rtol=1e-5, atol=0):
        raise ModelFileError(
            f"{where}: size, alpha, beta and bias of its LRN are {found_lrn} instead of {expected_lrn}"
        )


def _expected_attributes(layer: Convolution | Linear) -> dict[str, Any]:
    if isinstance(layer, Linear):
        return {"transA": 0}
    before, after = layer.pads
    return {"strides": (layer.stride,) * 2, "pads": (before, before, after, after), "dilations": (1, 1), "group": 1}


def _attribute(node: Node, name: str, expected: Any) -> Any:
    automatic = node.attributes.get(b"auto_pad", b"NOTSET")
    if name == "pads" and automatic != b"NOTSET":
        keeps_size = automatic.startswith(b"SAME_") and node.attributes.get(b"strides", (1, 1)) == (1, 1)
        return expected if keeps_size else automatic
    return node.attributes.get(name.encode(), DEFAULTS[name])
