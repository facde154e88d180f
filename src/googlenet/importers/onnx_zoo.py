"""The ONNX zoo's GoogLeNet, BVLC's network by way of Caffe2 -> weights of the variant `paper`.

Names differ between the zoo's versions, so a layer is known by the shape of its kernel, by the kernel of the
convolution that reads it, and by its place in the order of the graph. Converters rewrite such files: biases become
Add nodes, the matrix of a Gemm that of a MatMul, weights are half floats or pass through Identity and Cast.
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
"""The operators of layers with weights, and the dimensions of their kernel or matrix."""

DEFAULTS: dict[str, Any] = {"strides": (1, 1), "pads": (0, 0, 0, 0), "dilations": (1, 1), "group": 1, "transA": 0}
LRN_DEFAULTS = {b"size": 0, b"alpha": 1e-4, b"beta": 0.75, b"bias": 1.0}
"""What attributes of Conv, Gemm and LRN are where a file leaves them out."""

Readers = Mapping[bytes, list[Node]]


@dataclass(frozen=True, slots=True, eq=False)
class _WeightLayer:
    """A convolution or linear layer of the file; `weight` as ours, `output` behind the Add of its bias."""

    node: Node
    weight: NDArray[np.float32]
    bias: NDArray[np.float32] | None
    sources: frozenset[bytes]
    output: bytes


@dataclass(frozen=True, slots=True)
class _Place:
    """A layer of ours by name, and the convolution that reads it and nothing else, if there is one."""

    name: str
    layer: Convolution | Linear
    reader: str | None


def read_onnx(data: bytes, *, where: str) -> Imported:
    """Read a GoogLeNet from the bytes of an ONNX file.

    Raises ModelFileError for a damaged file, for weights that are not stored in it as floats, and for another network,
    which lists what is missing and what is left over or names the layer that differs.
    """
    model = parse("onnx.ModelProto", data, where=where)
    graph = parse("onnx.GraphProto", model.graph, where=where)
    nodes = [read_node(encoded, where) for encoded in graph.node]
    constants = find_constants(graph.initializer, nodes, where)
    _refuse_what_is_not_stored(model, graph, nodes, constants, where)
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
    used = {source for _, layer in matched for source in layer.sources} | _shares_of_dropout(nodes, constants)
    left_over = {
        in_quotes(text(constant.source)): constant.array.shape
        for constant in constants.values()
        if constant.source not in used
    }
    check_shapes(spec, left_over | {name: array.shape for name, array in weights.items()}, where=where)
    _check_attributes(matched, nodes, where)
    rows = tuple(MappedLayer(text(layer.node.inputs[1]), place.name, layer.weight.shape) for place, layer in matched)
    return Imported(spec, weights, BVLC_PREPROCESSING, rows, (PREPROCESSING_SENTENCE,))


def _refuse_what_is_not_stored(
    model: Any, graph: Any, nodes: list[Node], constants: Mapping[bytes, Constant], where: str
) -> None:
    """Name the reason where the weights of a file are not floats that stand in it."""
    metadata = (parse("onnx.StringStringEntryProto", entry, where=where).key for entry in model.metadata_props)
    if DESCRIPTION_KEY.encode() in metadata:
        raise ModelFileError(f"{where} was exported by googlenet: it is a MODEL as it is, and is not imported")
    if quantized := {node.operator for node in nodes} & QUANTIZED:
        raise ModelFileError(
            f"{where} is quantised ({', '.join(sorted(quantized))}); its weights in float16 or float32 were expected"
        )
    if graph.sparse_initializer:
        raise ModelFileError(f"{where} stores its weights as sparse tensors; dense ones were expected")
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
    """The array times a factor that a Gemm may have."""
    if node.operator != "Gemm" or node.attributes.get(factor, 1.0) == 1:
        return array
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused later
        return array * np.float32(node.attributes[factor])


def _added(
    node: Node, outputs: int, constants: Mapping[bytes, Constant], readers: Readers
) -> tuple[Constant | None, bytes]:
    """The bias that an Add behind a layer without one adds to it, and the value that is read from there on."""
    after = readers.get(node.output, [])
    if len(after) == 1 and after[0].operator == "Add":
        axis = -3 if node.operator == "Conv" else -1
        for constant in (constants[value] for value in after[0].inputs[:2] if value in constants):
            shape = constant.array.shape
            if constant.array.size == outputs and len(shape) >= -axis and shape[axis] == outputs:
                return constant, after[0].output
    return None, node.output


def _shares_of_dropout(nodes: list[Node], constants: Mapping[bytes, Constant]) -> set[bytes]:
    values = (value for node in nodes if node.operator == "Dropout" for value in node.inputs[1:])
    return {constants[value].source for value in values if value in constants}


def _matched(
    layers: list[_WeightLayer], readers: Readers, architecture: Architecture
) -> list[tuple[_Place, _WeightLayer]]:
    """Our layers and the file's that are those layers; those without a partner are left out."""
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
    """The one convolution that reads a layer's output, through its ReLU."""
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
    """Raise ModelFileError where a layer with the right weights computes something else with them."""
    for place, layer in matched:
        for name, expected in _expected_attributes(place.layer).items():
            found = _attribute(layer.node, name, expected)
            if found != expected:
                raise ModelFileError(f"{where}: {place.name} has {name} {found!a}, in the paper's network {expected}")
    norms = [layer for layer in PAPER.layers if isinstance(layer, LocalResponseNorm)]
    papers = [(norm.size, norm.alpha, norm.beta, norm.k) for norm in norms]
    files = [
        tuple(node.attributes.get(name, default) for name, default in LRN_DEFAULTS.items())
        for node in nodes
        if node.operator == "LRN"
    ]
    if len(files) != len(papers) or not np.allclose(files, papers, rtol=1e-5, atol=0):
        raise ModelFileError(
            f"{where}: size, alpha, beta and bias of its LRN are {files}, in the paper's network {papers}"
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
