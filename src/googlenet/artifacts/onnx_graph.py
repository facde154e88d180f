"""An ONNX file that was exported here as a graph again: the inverse of `encode_onnx`.

What our graphs never hold is refused by name, attributes above all: one that is passed over would change the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.artifacts.onnx_encoding import (
    ELEMENT_TYPES,
    OPSET,
    encode_node,
    encode_tensor,
    encode_value,
)
from googlenet.errors import InputError, ModelFileError
from googlenet.graph import Graph, Node, Value
from googlenet.graph.graph import Attribute
from googlenet.protobuf import encode, parse, text

ANY_NUMBER = 1000
"""Most inputs of an operator that takes any number: members of an ensemble, branches of a module."""


@dataclass(frozen=True, slots=True)
class _Operator:
    """From `least` to `most` inputs, and the kind of each attribute; those not in `optional` are always written."""

    least: int
    most: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()


OPERATORS: dict[str, _Operator] = {
    "Cast": _Operator(1, 1, {"to": "int"}),
    "Concat": _Operator(1, ANY_NUMBER, {"axis": "int"}),
    "Conv": _Operator(
        3, 3, {"kernel_shape": "2 ints", "strides": "2 ints", "pads": "4 ints"}, frozenset({"strides", "pads"})
    ),
    "DequantizeLinear": _Operator(2, 3, {"axis": "int"}, frozenset({"axis"})),
    "Div": _Operator(2, 2),
    "Flatten": _Operator(1, 1, {"axis": "int"}),
    "Gemm": _Operator(3, 3, {"transB": "int"}),
    "GlobalAveragePool": _Operator(1, 1),
    "Identity": _Operator(1, 1),
    "LRN": _Operator(1, 1, {"size": "int", "alpha": "float", "beta": "float", "bias": "float"}),
    "MaxPool": _Operator(1, 1, {"kernel_shape": "2 ints", "strides": "2 ints", "pads": "4 ints", "ceil_mode": "int"}),
    "Mean": _Operator(1, ANY_NUMBER),
    "Mul": _Operator(2, 2),
    "Pow": _Operator(2, 2),
    "QuantizeLinear": _Operator(3, 3),
    "Relu": _Operator(1, 1),
    "Softmax": _Operator(1, 1, {"axis": "int"}),
    "Sqrt": _Operator(1, 1),
    "Sub": _Operator(2, 2),
    "Transpose": _Operator(1, 1, {"perm": "4 ints"}),
}
"""All that is in a graph of `build_graph`, or of one that was rewritten or quantised."""

CONSTANT_TYPES = {ELEMENT_TYPES[name]: np.dtype(name) for name in ("float32", "uint8", "int8", "int32")}

MOST_DIMENSIONS = 8

ITEM_SIZES = {number: np.dtype(name).itemsize for name, number in ELEMENT_TYPES.items()}

_EXTERNAL = 1  # TensorProto.DataLocation
_FLOAT, _INT, _INTS = 1, 2, 7  # AttributeProto.AttributeType


def decode_onnx(content: bytes, *, where: str = "the ONNX file") -> Graph:
    """The graph in the bytes of an ONNX file that was exported here.

    Raises ModelFileError, which begins with `where`, for a damaged file, for other operators, attributes and types
    than ours, and for a graph that does not hold together.
    """
    return decode_graph(parse("onnx.ModelProto", content, where=where), where=where)


def decode_graph(model: Any, *, where: str) -> Graph:
    """The graph of an `onnx.ModelProto`; raises as `decode_onnx` does.

    Each message in it is encoded again and compared: what is in the file and not in this graph, such as a field that
    is not in our schema and that a runtime would read, is refused.
    """
    _check_operators(model, where)
    graph = parse("onnx.GraphProto", model.graph, where=where)
    if graph.sparse_initializer or model.functions:
        raise ModelFileError(f"{where} was not exported by googlenet: it holds sparse tensors or functions")
    constants = dict[str, NDArray[Any]]()
    for encoded in graph.initializer:
        name, values = _constant(encoded, where)
        if name in constants:
            raise ModelFileError(f"{where} is damaged: the constant {name!a} is in it twice")
        constants[name] = values
    inputs, outputs = (tuple(_value(value, where) for value in values) for values in (graph.input, graph.output))
    if both := sorted(constants.keys() & {value.name for value in inputs}):
        raise ModelFileError(f"{where} was not exported by googlenet: its input {both[0]!a} is a constant, too")
    nodes = tuple(_node(encoded, where) for encoded in graph.node)
    if not nodes:
        raise ModelFileError(f"{where} is damaged: there is no graph in it")
    try:
        decoded = Graph(text(graph.name), nodes, constants, inputs, outputs)
    except InputError as error:
        raise ModelFileError(f"{where} is damaged: {error}") from error
    fields = {name: getattr(graph, name) for name in ("name", "node", "initializer", "input", "output")}
    _demand_nothing_more(sum(map(len, encode("onnx.GraphProto", **fields))) == len(model.graph), where)
    return decoded


def _constant(encoded: bytes, where: str) -> tuple[str, NDArray[Any]]:
    """The name and the values of a constant."""
    tensor = parse("onnx.TensorProto", encoded, where=where)
    _check_tensor(tensor, where)
    name, dtype, shape = text(tensor.name), CONSTANT_TYPES.get(tensor.data_type), tuple(tensor.dims)
    if dtype is None or 0 in shape:
        what = "values of a type that is never written" if dtype is None else f"the empty shape {shape}"
        raise ModelFileError(f"{where} was not exported by googlenet: the constant {name!a} has {what}")
    stored = np.frombuffer(tensor.raw_data, dtype.newbyteorder("<"))
    values = stored.astype(dtype, copy=False).reshape(shape)
    *before, data = encode_tensor(name, values)
    beginning = b"".join(before)  # the values are the last field: they are not copied to be compared
    same = len(beginning) + len(data) == len(encoded) and encoded.startswith(beginning)
    _demand_nothing_more(same, where)
    return name, values


def _node(encoded: bytes, where: str) -> Node:
    node = parse("onnx.NodeProto", encoded, where=where)
    name, inputs, outputs = text(node.op_type), tuple(map(text, node.input)), tuple(map(text, node.output))
    operator = OPERATORS.get(name)
    if operator is None:
        raise ModelFileError(f"{where} was not exported by googlenet: it holds the operator {name!a}")
    if not operator.least <= len(inputs) <= operator.most or len(outputs) != 1 or not all(inputs + outputs):
        raise ModelFileError(
            f"{where} was not exported by googlenet: its {name} reads {len(inputs):,} values and gives {len(outputs):,}"
        )
    _check_node(node, where)
    parsed = [parse("onnx.AttributeProto", attribute, where=where) for attribute in node.attribute]
    kinds = {text(attribute.name): _kind(attribute) for attribute in parsed}
    for attribute, kind in kinds.items():
        if operator.attributes.get(attribute) != kind:
            raise ModelFileError(
                f"{where} was not exported by googlenet: its {name} {outputs[0]!a} has the attribute {attribute!a} "
                f"({kind}), {operator.attributes.get(attribute, 'nothing')} was expected"
            )
    if missing := sorted(operator.attributes.keys() - operator.optional - kinds.keys()):
        raise ModelFileError(f"{where} is damaged: its {name} {outputs[0]!a} lacks the attribute {missing[0]}")
    decoded = Node(name, inputs, outputs[0], {text(attribute.name): _number(attribute) for attribute in parsed})
    _demand_nothing_more(b"".join(encode_node(decoded)) == encoded, where)
    return decoded


def _demand_nothing_more(same: bool, where: str) -> None:
    """`same`: whether what was decoded and encoded again is what was read."""
    if not same:
        raise ModelFileError(f"{where} was not exported by googlenet: there is more in its graph than is ever written")


def _kind(attribute: Any) -> str:
    if attribute.type == _FLOAT:
        return "float" if isfinite(attribute.f) else "no finite number"
    return "int" if attribute.type == _INT else f"{len(attribute.ints)} ints"


def _number(attribute: Any) -> Attribute:
    """A float as the shortest decimal number that its 32 bits stand for: what was written before it was rounded."""
    if attribute.type == _FLOAT:
        return float(str(np.float32(attribute.f)))
    return int(attribute.i) if attribute.type == _INT else tuple(attribute.ints)


def _value(encoded: bytes, where: str) -> Value:
    """An input or output of the graph."""
    value = parse("onnx.ValueInfoProto", encoded, where=where)
    kind = parse("onnx.TypeProto", value.type, where=where)
    tensor = parse("onnx.TypeProto.Tensor", kind.tensor_type, where=where)
    shape = parse("onnx.TensorShapeProto", tensor.shape, where=where)
    name, dtype = text(value.name), CONSTANT_TYPES.get(tensor.elem_type)
    if dtype is None or len(shape.dim) > MOST_DIMENSIONS:
        raise ModelFileError(
            f"{where} was not exported by googlenet: {name!a} has values of a type or shape that is never written"
        )
    lengths = (parse("onnx.TensorShapeProto.Dimension", length, where=where) for length in shape.dim)
    decoded = Value(name, dtype, tuple(text(length.dim_param) or length.dim_value for length in lengths))
    _demand_nothing_more(b"".join(encode_value(decoded)) == encoded, where)
    return decoded


def _check_operators(model: Any, where: str) -> None:
    """Raise ModelFileError for a ModelProto that needs operators of others, or newer ones."""
    for encoded in model.opset_import:
        operators = parse("onnx.OperatorSetIdProto", encoded, where=where)
        if operators.domain not in (b"", b"ai.onnx") or not 1 <= operators.version <= OPSET:
            name = text(operators.domain) or "ONNX"
            raise ModelFileError(
                f"{where} needs the operators of {name} in version {operators.version}; this googlenet knows those of "
                f"ONNX up to {OPSET}: export the model again, or upgrade"
            )


def _check_node(node: Any, where: str) -> None:
    """Raise ModelFileError for a NodeProto with an attribute that is neither a number nor whole numbers."""
    for encoded in node.attribute:
        attribute = parse("onnx.AttributeProto", encoded, where=where)
        if attribute.type not in (_FLOAT, _INT, _INTS):
            raise ModelFileError(
                f"{where} was not exported by googlenet: its {text(node.op_type)!a} has the attribute "
                f"{text(attribute.name)!a} of a kind that is never written"
            )


def _check_tensor(tensor: Any, where: str) -> None:
    """Raise ModelFileError for a TensorProto whose bytes are elsewhere, of an unknown kind, or not its shape's."""
    name = text(tensor.name)
    if tensor.data_location == _EXTERNAL or tensor.external_data:
        raise ModelFileError(f"{where}: the values of {name!a} lie in another file; an exported file holds them all")
    size = ITEM_SIZES.get(tensor.data_type)
    if size is None:
        raise ModelFileError(f"{where} is damaged: {name!a} has values of the unknown kind {tensor.data_type}")
    shape = tuple(tensor.dims[: MOST_DIMENSIONS + 1])
    if (
        len(shape) > MOST_DIMENSIONS
        or any(length < 0 for length in shape)
        or size * prod(shape) != len(tensor.raw_data)
    ):
        raise ModelFileError(f"{where} is damaged: {name!a} has {len(tensor.raw_data):,} bytes for the shape {shape}")
