"""Decodes an ONNX file that googlenet exported into a graph: the inverse of `encode_onnx`.

Anything that our graphs never contain is refused by name, attributes in particular: ignoring one would change results.
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
"""Most inputs of a variadic operator: members of an ensemble, branches of a module."""


@dataclass(frozen=True, slots=True)
class _Operator:
    """From `least` to `most` inputs, and the type of each attribute; those not in `optional` are always written."""

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
"""All operators in graphs from `build_graph`, including rewritten and quantized ones."""

CONSTANT_TYPES = {ELEMENT_TYPES[name]: np.dtype(name) for name in ("float32", "uint8", "int8", "int32")}

MOST_DIMENSIONS = 8

ITEM_SIZES = {number: np.dtype(name).itemsize for name, number in ELEMENT_TYPES.items()}

_EXTERNAL = 1  # TensorProto.DataLocation
_FLOAT, _INT, _INTS = 1, 2, 7  # AttributeProto.AttributeType


def decode_onnx(content: bytes, *, where: str = "the ONNX file") -> Graph:
    """The graph of an ONNX file that googlenet exported.

    Raises ModelFileError, which begins with `where`, for a damaged file, for unknown operators, attributes and types,
    and for an inconsistent graph.
    """
    return decode_graph(parse("onnx.ModelProto", content, where=where), where=where)


def decode_graph(model: Any, *, where: str) -> Graph:
    """The graph of an `onnx.ModelProto`; raises as `decode_onnx` does.

    Each message is encoded again and compared, so that anything else in the file, such as a field that is not in our
    schema but that a runtime would read, is refused.
    """
    _check_operators(model, where)
    graph = parse("onnx.GraphProto", model.graph, where=where)
    if graph.sparse_initializer or model.functions:
        raise ModelFileError(f"{where} was not exported by googlenet: it contains sparse tensors or functions")
    constants = dict[str, NDArray[Any]]()
    for encoded in graph.initializer:
        name, values = _constant(encoded, where)
        if name in constants:
            raise ModelFileError(f"{where} is damaged: the constant {name!a} is defined twice")
        constants[name] = values
    inputs, outputs = (tuple(_value(value, where) for value in values) for values in (graph.input, graph.output))
    if both := sorted(constants.keys() & {value.name for value in inputs}):
        raise ModelFileError(f"{where} was not exported by googlenet: its input {both[0]!a} is also a constant")
    nodes = tuple(_node(encoded, where) for encoded in graph.node)
    if not nodes:
        raise ModelFileError(f"{where} is damaged: it contains no graph")
    try:
        decoded = Graph(text(graph.name), nodes, constants, inputs, outputs)
    except InputError as error:
        raise ModelFileError(f"{where} is damaged: {error}") from error
    fields = {name: getattr(graph, name) for name in ("name", "node", "initializer", "input", "output")}
    _check_same(sum(map(len, encode("onnx.GraphProto", **fields))) == len(model.graph), where)
    return decoded


def _constant(encoded: bytes, where: str) -> tuple[str, NDArray[Any]]:
    """The name and the values of a constant."""
    tensor = parse("onnx.TensorProto", encoded, where=where)
    _check_tensor(tensor, where)
    name, dtype, shape = text(tensor.name), CONSTANT_TYPES.get(tensor.data_type), tuple(tensor.dims)
    if dtype is None or 0 in shape:
        what = "an unsupported type" if dtype is None else f"the empty shape {shape}"
        raise ModelFileError(f"{where} was not exported by googlenet: the constant {name!a} has {what}")
    stored = np.frombuffer(tensor.raw_data, dtype.newbyteorder("<"))
    values = stored.astype(dtype, copy=False).reshape(shape)
    *before, data = encode_tensor(name, values)
    beginning = b"".join(before)  # the values are the last field, and need no comparison
    same = len(beginning) + len(data) == len(encoded) and encoded.startswith(beginning)
    _check_same(same, where)
    return name, values


def _node(encoded: bytes, where: str) -> Node:
    node = parse("onnx.NodeProto", encoded, where=where)
    name, inputs, outputs = text(node.op_type), tuple(map(text, node.input)), tuple(map(text, node.output))
    operator = OPERATORS.get(name)
    if operator is None:
        raise ModelFileError(f"{where} was not exported by googlenet: it contains the operator {name!a}")
    if not operator.least <= len(inputs) <= operator.most or len(outputs) != 1 or not all(inputs + outputs):
        raise ModelFileError(
            f"{where} was not exported by googlenet: its {name} has {len(inputs):,} inputs and {len(outputs):,} outputs"
        )
    _check_node(node, where)
    parsed = [parse("onnx.AttributeProto", attribute, where=where) for attribute in node.attribute]
    types = {text(attribute.name): _type_of(attribute) for attribute in parsed}
    for attribute, found in types.items():
        if operator.attributes.get(attribute) != found:
            raise ModelFileError(
                f"{where} was not exported by googlenet: its {name} {outputs[0]!a} has the attribute {attribute!a} "
                f"({found}), expected {operator.attributes.get(attribute, 'none')}"
            )
    if missing := sorted(operator.attributes.keys() - operator.optional - types.keys()):
        raise ModelFileError(f"{where} is damaged: its {name} {outputs[0]!a} has no attribute {missing[0]}")
    decoded = Node(name, inputs, outputs[0], {text(attribute.name): _number(attribute) for attribute in parsed})
    _check_same(b"".join(encode_node(decoded)) == encoded, where)
    return decoded


def _check_same(same: bool, where: str) -> None:
    """Raise ModelFileError unless `same`, whether a decoded message encodes to what was read."""
    if not same:
        raise ModelFileError(f"{where} was not exported by googlenet: its graph has additional fields")


def _type_of(attribute: Any) -> str:
    if attribute.type == _FLOAT:
        return "float" if isfinite(attribute.f) else "not finite"
    return "int" if attribute.type == _INT else f"{len(attribute.ints)} ints"


def _number(attribute: Any) -> Attribute:
    """The value; a float as the shortest decimal number with the same 32 bits, which is what was encoded."""
    if attribute.type == _FLOAT:
        return float(str(np.float32(attribute.f)))
    return int(attribute.i) if attribute.type == _INT else tuple(attribute.ints)


def _value(encoded: bytes, where: str) -> Value:
    """An input or output of the graph."""
    value = parse("onnx.ValueInfoProto", encoded, where=where)
    value_type = parse("onnx.TypeProto", value.type, where=where)
    tensor = parse("onnx.TypeProto.Tensor", value_type.tensor_type, where=where)
    shape = parse("onnx.TensorShapeProto", tensor.shape, where=where)
    name, dtype = text(value.name), CONSTANT_TYPES.get(tensor.elem_type)
    if dtype is None or len(shape.dim) > MOST_DIMENSIONS:
        raise ModelFileError(f"{where} was not exported by googlenet: {name!a} has an unsupported type or shape")
    lengths = (parse("onnx.TensorShapeProto.Dimension", length, where=where) for length in shape.dim)
    decoded = Value(name, dtype, tuple(text(length.dim_param) or length.dim_value for length in lengths))
    _check_same(b"".join(encode_value(decoded)) == encoded, where)
    return decoded


def _check_operators(model: Any, where: str) -> None:
    """Raise ModelFileError for a ModelProto that needs custom or newer operators."""
    for encoded in model.opset_import:
        operators = parse("onnx.OperatorSetIdProto", encoded, where=where)
        if operators.domain not in (b"", b"ai.onnx") or not 1 <= operators.version <= OPSET:
            name = text(operators.domain) or "ONNX"
            raise ModelFileError(
                f"{where} needs version {operators.version} of the operators of {name}; this googlenet supports "
                f"ONNX's up to {OPSET}: export the model again, or upgrade"
            )


def _check_node(node: Any, where: str) -> None:
    """Raise ModelFileError for a NodeProto with an attribute that is not a float, an integer or a list of integers."""
    for encoded in node.attribute:
        attribute = parse("onnx.AttributeProto", encoded, where=where)
        if attribute.type not in (_FLOAT, _INT, _INTS):
            raise ModelFileError(
                f"{where} was not exported by googlenet: its {text(node.op_type)!a} has the attribute "
                f"{text(attribute.name)!a} of an unsupported type"
            )


def _check_tensor(tensor: Any, where: str) -> None:
    """Raise ModelFileError for a TensorProto with external data, an unknown type, or bytes not of its shape."""
    name = text(tensor.name)
    if tensor.data_location == _EXTERNAL or tensor.external_data:
        raise ModelFileError(f"{where}: the values of {name!a} are in another file, which is not supported")
    size = ITEM_SIZES.get(tensor.data_type)
    if size is None:
        raise ModelFileError(f"{where} is damaged: {name!a} has the unknown type {tensor.data_type}")
    shape = tuple(tensor.dims[: MOST_DIMENSIONS + 1])
    if (
        len(shape) > MOST_DIMENSIONS
        or any(length < 0 for length in shape)
        or size * prod(shape) != len(tensor.raw_data)
    ):
        raise ModelFileError(f"{where} is damaged: {name!a} has {len(tensor.raw_data):,} bytes for the shape {shape}")
