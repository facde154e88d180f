"""The parts of an exported ONNX file, apart and together again with right checksums."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from benchmarks.fuzz.values import metadata_of
from googlenet.artifacts import ExportedModel
from googlenet.artifacts.onnx_encoding import encode_file
from googlenet.protobuf import encode, message_class


@dataclass
class Parts:
    """The parts of an ONNX file, which can be changed arbitrarily: nodes, tensors and values, and the description."""

    nodes: list[dict[str, Any]]
    tensors: list[dict[str, Any]]
    values: dict[str, list[dict[str, Any]]]
    description: dict[str, Any]
    more: list[bytes] = field(default_factory=list)


def taken_apart(model: ExportedModel) -> Parts:
    """The parts of an exported ONNX file."""

    def message(name: str, data: bytes) -> Any:
        return message_class(name).FromString(data)

    graph = message("onnx.GraphProto", message("onnx.ModelProto", model.content[0]).graph)
    nodes = []
    for encoded in graph.node:
        node = message("onnx.NodeProto", encoded)
        attributes = []
        for one in node.attribute:
            attribute = message("onnx.AttributeProto", one)
            kind = {1: "f", 2: "i", 7: "ints"}[attribute.type]
            value = getattr(attribute, kind)
            attributes.append(
                {"name": attribute.name, "type": attribute.type, kind: list(value) if kind == "ints" else value}
            )
        nodes.append(
            {
                "op_type": node.op_type,
                "input": list(node.input),
                "output": list(node.output),
                "attribute": attributes,
                "name": node.name,
                "encoded": encoded,
            }
        )
    tensors = []
    for encoded in graph.initializer:
        tensor = message("onnx.TensorProto", encoded)
        tensors.append(
            {
                "name": tensor.name,
                "dims": list(tensor.dims),
                "data_type": tensor.data_type,
                "raw_data": tensor.raw_data,
                "encoded": encoded,
            }
        )
    values = {}
    for which in ("input", "output"):
        values[which] = []
        for encoded in getattr(graph, which):
            value = message("onnx.ValueInfoProto", encoded)
            tensor = message("onnx.TypeProto.Tensor", message("onnx.TypeProto", value.type).tensor_type)
            dims = [
                message("onnx.TensorShapeProto.Dimension", one)
                for one in message("onnx.TensorShapeProto", tensor.shape).dim
            ]
            values[which].append(
                {
                    "name": value.name,
                    "elem_type": tensor.elem_type,
                    "dims": [one.dim_param or one.dim_value for one in dims],
                }
            )
    return Parts(nodes, tensors, values, msgspec.to_builtins(model.description))


def put_together(parts: Parts) -> bytes:
    """An ONNX file of the parts, with right checksums."""
    graph = encode(
        "onnx.GraphProto",
        name=b"googlenet",
        node=[_node(node) for node in parts.nodes],
        initializer=[_tensor(tensor) for tensor in parts.tensors],
        input=[_value(value) for value in parts.values["input"]],
        output=[_value(value) for value in parts.values["output"]],
    )
    encoded = b"".join([*graph, *parts.more])
    return encode_file(encoded, metadata_of(parts.description | {"sha256": sha256(encoded).hexdigest()}))


def _node(node: dict[str, Any]) -> list[bytes | memoryview]:
    if "encoded" in node:
        return [node["encoded"]]
    known = {key: value for key, value in node.items() if key != "more"}
    known["attribute"] = [encode("onnx.AttributeProto", **attribute) for attribute in node["attribute"]]
    return [*encode("onnx.NodeProto", **known), node.get("more", b"")]


def _tensor(tensor: dict[str, Any]) -> list[bytes | memoryview]:
    return [tensor["encoded"]] if "encoded" in tensor else encode("onnx.TensorProto", **tensor)


def _value(value: dict[str, Any]) -> list[bytes | memoryview]:
    dims = [
        encode(
            "onnx.TensorShapeProto.Dimension", **({"dim_param": one} if isinstance(one, bytes) else {"dim_value": one})
        )
        for one in value["dims"]
    ]
    tensor = encode(
        "onnx.TypeProto.Tensor", elem_type=value["elem_type"], shape=encode("onnx.TensorShapeProto", dim=dims)
    )
    return encode("onnx.ValueInfoProto", name=value["name"], type=encode("onnx.TypeProto", tensor_type=tensor))
