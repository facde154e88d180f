"""Encodes a graph as an ONNX file for any ONNX runtime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.graph import Graph, Node, Value
from googlenet.graph.graph import Attribute
from googlenet.protobuf import Pieces, encode

OPSET = 17
"""Operator set version: the oldest that has all operators we use, so that old runtimes can read the files."""
IR_VERSION = 8  # the version of the format that matches this operator set

ELEMENT_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7}
"""ONNX's numbers of element types."""

_FLOAT, _INT, _INTS = 1, 2, 7  # AttributeProto.AttributeType


def encode_onnx(graph: Graph, metadata: Mapping[str, str] | None = None) -> bytes:
    """The bytes of an ONNX file with this graph and these `metadata`; the same bytes for the same graph."""
    return encode_file(encode_graph(graph), metadata)


def encode_graph(graph: Graph) -> Pieces:
    """The `onnx.GraphProto` of a graph."""
    return encode(
        "onnx.GraphProto",
        name=graph.name.encode(),
        node=[encode_node(node) for node in graph.nodes],
        initializer=[encode_tensor(name, values) for name, values in graph.used_constants()],
        input=[encode_value(value) for value in graph.inputs],
        output=[encode_value(value) for value in graph.outputs],
    )


def encode_file(graph: bytes | Pieces, metadata: Mapping[str, str] | None = None) -> bytes:
    """The bytes of an ONNX file with an already encoded `onnx.GraphProto`."""
    pieces = encode(
        "onnx.ModelProto",
        ir_version=IR_VERSION,
        producer_name=b"googlenet",
        graph=graph,
        opset_import=[encode("onnx.OperatorSetIdProto", domain=b"", version=OPSET)],
        metadata_props=[
            encode("onnx.StringStringEntryProto", key=key.encode(), value=value.encode())
            for key, value in sorted((metadata or {}).items())
        ],
    )
    return b"".join(pieces)


def encode_node(node: Node) -> Pieces:
    """The `onnx.NodeProto` of a node."""
    return encode(
        "onnx.NodeProto",
        input=[name.encode() for name in node.inputs],
        output=[node.output.encode()],
        name=node.output.encode(),
        op_type=node.operator.encode(),
        attribute=[_attribute(name, value) for name, value in sorted(node.attributes.items())],
    )


def _attribute(name: str, value: Attribute) -> Pieces:
    if isinstance(value, tuple):
        return encode("onnx.AttributeProto", name=name.encode(), ints=value, type=_INTS)
    if isinstance(value, int):
        return encode("onnx.AttributeProto", name=name.encode(), i=value, type=_INT)
    return encode("onnx.AttributeProto", name=name.encode(), f=value, type=_FLOAT)


def encode_tensor(name: str, values: NDArray[Any]) -> Pieces:
    """The `onnx.TensorProto` of a constant; the last piece is its values."""
    little_endian = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return encode(
        "onnx.TensorProto",
        dims=values.shape,
        data_type=ELEMENT_TYPES[values.dtype.name],
        name=name.encode(),
        raw_data=little_endian.reshape(-1).view(np.uint8).data,
    )


def encode_value(value: Value) -> Pieces:
    """The `onnx.ValueInfoProto` of an input or output."""
    lengths = [
        encode("onnx.TensorShapeProto.Dimension", dim_param=length.encode())
        if isinstance(length, str)
        else encode("onnx.TensorShapeProto.Dimension", dim_value=length)
        for length in value.shape
    ]
    shape = encode("onnx.TensorShapeProto", dim=lengths)
    tensor = encode("onnx.TypeProto.Tensor", elem_type=ELEMENT_TYPES[value.dtype.name], shape=shape)
    return encode("onnx.ValueInfoProto", name=value.name.encode(), type=encode("onnx.TypeProto", tensor_type=tensor))
