"""Minimal protobuf schemas: the fields of Caffe's, ONNX's and TensorFlow's messages that we read or write.

Reading: message classes are created from the table below on first use. A nested message is declared as bytes and parsed
only when needed: a file of many tiny messages then costs a few times its own size instead of an object each, and
nothing is allocated just because a length in the file asks for it. Names are bytes too: old files are not always valid
UTF-8. Fields that are not listed are skipped.

Writing: `encode` returns pieces that are joined once, at the very end. The library would copy the weights, which are
most of a file, into every enclosing message; it is only imported for reading.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias

from googlenet.errors import ModelFileError

_Fields = tuple[tuple[str, int, str], ...]

SCHEMAS: dict[str, _Fields] = {
    "caffe.NetParameter": (("name", 1, "bytes"), ("layers", 2, "repeated bytes"), ("layer", 100, "repeated bytes")),
    "caffe.V1LayerParameter": (
        ("bottom", 2, "repeated bytes"),
        ("name", 4, "bytes"),
        ("type", 5, "int32"),
        ("blobs", 6, "repeated bytes"),
    ),
    "caffe.LayerParameter": (
        ("name", 1, "bytes"),
        ("type", 2, "bytes"),
        ("bottom", 3, "repeated bytes"),
        ("blobs", 7, "repeated bytes"),
    ),
    "caffe.BlobProto": (
        ("num", 1, "int32"),
        ("channels", 2, "int32"),
        ("height", 3, "int32"),
        ("width", 4, "int32"),
        ("data", 5, "repeated float"),
        ("shape", 7, "bytes"),
        ("double_data", 8, "repeated double"),
        ("raw_data_type", 10, "int32"),
        ("raw_data", 12, "bytes"),
    ),
    "caffe.BlobShape": (("dim", 1, "repeated int64"),),
    "onnx.ModelProto": (
        ("ir_version", 1, "int64"),
        ("producer_name", 2, "bytes"),
        ("graph", 7, "bytes"),
        ("opset_import", 8, "repeated bytes"),
        ("metadata_props", 14, "repeated bytes"),
        ("functions", 25, "repeated bytes"),
    ),
    "onnx.OperatorSetIdProto": (("domain", 1, "bytes"), ("version", 2, "int64")),
    "onnx.StringStringEntryProto": (("key", 1, "bytes"), ("value", 2, "bytes")),
    "onnx.GraphProto": (
        ("node", 1, "repeated bytes"),
        ("name", 2, "bytes"),
        ("initializer", 5, "repeated bytes"),
        ("input", 11, "repeated bytes"),
        ("output", 12, "repeated bytes"),
        ("sparse_initializer", 15, "repeated bytes"),
    ),
    "onnx.NodeProto": (
        ("input", 1, "repeated bytes"),
        ("output", 2, "repeated bytes"),
        ("name", 3, "bytes"),
        ("op_type", 4, "bytes"),
        ("attribute", 5, "repeated bytes"),
    ),
    "onnx.AttributeProto": (
        ("name", 1, "bytes"),
        ("f", 2, "float"),
        ("i", 3, "int64"),
        ("s", 4, "bytes"),
        ("t", 5, "bytes"),
        ("ints", 8, "repeated int64"),
        ("type", 20, "int32"),
    ),
    "onnx.ValueInfoProto": (("name", 1, "bytes"), ("type", 2, "bytes")),
    "onnx.TypeProto": (("tensor_type", 1, "bytes"),),
    "onnx.TypeProto.Tensor": (("elem_type", 1, "int32"), ("shape", 2, "bytes")),
    "onnx.TensorShapeProto": (("dim", 1, "repeated bytes"),),
    "onnx.TensorShapeProto.Dimension": (("dim_value", 1, "int64"), ("dim_param", 2, "bytes")),
    "onnx.TensorProto": (
        ("dims", 1, "repeated int64"),
        ("data_type", 2, "int32"),
        ("float_data", 4, "repeated float"),
        ("int32_data", 5, "repeated int32"),
        ("name", 8, "bytes"),
        ("raw_data", 9, "bytes"),
        ("double_data", 10, "repeated double"),
        ("external_data", 13, "repeated bytes"),
        ("data_location", 14, "int32"),
    ),
    "tensorflow.GraphDef": (("node", 1, "repeated bytes"),),
    "tensorflow.NodeDef": (
        ("name", 1, "bytes"),
        ("op", 2, "bytes"),
        ("input", 3, "repeated bytes"),
        ("attr", 5, "repeated bytes"),
    ),
    "tensorflow.NodeDef.AttrEntry": (("key", 1, "bytes"), ("value", 2, "bytes")),
    "tensorflow.AttrValue": (
        ("list", 1, "bytes"),
        ("s", 2, "bytes"),
        ("i", 3, "int64"),
        ("f", 4, "float"),
        ("b", 5, "int32"),
        ("type", 6, "int32"),
        ("tensor", 8, "bytes"),
    ),
    "tensorflow.AttrValue.ListValue": (("i", 3, "repeated int64"),),
    "tensorflow.TensorProto": (
        ("dtype", 1, "int32"),
        ("tensor_shape", 2, "bytes"),
        ("tensor_content", 4, "bytes"),
        ("float_val", 5, "repeated float"),
        ("int_val", 7, "repeated int32"),
    ),
    "tensorflow.TensorShapeProto": (("dim", 2, "repeated bytes"),),
    "tensorflow.TensorShapeProto.Dim": (("size", 1, "int64"),),
}
"""Message -> fields as (name, number, type). Repeated numbers can be read packed or unpacked."""

MOST_PARTS = 10_000
"""Most messages in a repeated field; GoogLeNet has about 150 layers."""

Pieces: TypeAlias = list[bytes | memoryview]
"""An encoded message as consecutive pieces that have not been copied yet."""

_VARINT, _DELIMITED, _FIXED32 = 0, 2, 5  # wire types
_WIRE_TYPES = {"bytes": _DELIMITED, "int32": _VARINT, "int64": _VARINT, "float": _FIXED32}


@cache
def message_class(name: str) -> Any:
    """The class of a message of `SCHEMAS`, with `FromString` and `SerializeToString`."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    field_type, labels = descriptor_pb2.FieldDescriptorProto.Type, descriptor_pb2.FieldDescriptorProto.Label
    package, _, short = name.rpartition(".")
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package=package, syntax="proto2")
    message = file.message_type.add(name=short)
    for field, number, kind in SCHEMAS[name]:
        repeated, _, value = kind.rpartition(" ")
        message.field.add(
            name=field,
            number=number,
            type=field_type.Value(f"TYPE_{value.upper()}"),
            label=labels.Value("LABEL_REPEATED" if repeated else "LABEL_OPTIONAL"),
        )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def parse(name: str, data: bytes, *, where: str) -> Any:
    """Parse `data` as the message `name`; raises ModelFileError, which begins with the file's name `where`.

    An absurd number of nested messages, such as a million empty layers, is an error too.
    """
    from google.protobuf.message import DecodeError

    try:
        message = message_class(name).FromString(data)
    except DecodeError as error:
        raise ModelFileError(f"{where} is damaged: a {name} in it cannot be read") from error
    for field, _, kind in SCHEMAS[name]:
        if kind == "repeated bytes" and (count := len(getattr(message, field))) > MOST_PARTS:
            raise ModelFileError(f"{where} is damaged: a {name} in it has {count:,} entries in {field!r}")
    return message


def encode(message: str, /, **fields: Any) -> Pieces:
    """Encode a message of `SCHEMAS`, fields in the order of their numbers; `b"".join` makes it bytes.

    The value of a bytes field is bytes, a memoryview of bytes, or the pieces of another message.
    """
    if unknown := fields.keys() - {name for name, _, _ in SCHEMAS[message]}:
        raise KeyError(f"{message} has no {', '.join(sorted(unknown))}")
    pieces: Pieces = []
    for name, number, kind in sorted(SCHEMAS[message], key=lambda field: field[1]):
        if name in fields:
            values = fields[name] if kind.startswith("repeated ") else (fields[name],)
            for value in values:
                pieces += _field(number, _WIRE_TYPES[kind.removeprefix("repeated ")], value)
    return pieces


def _field(number: int, wire_type: int, value: Any) -> Iterator[bytes | memoryview]:
    yield _varint(number << 3 | wire_type)
    if wire_type == _VARINT:
        yield _varint(value)
    elif wire_type == _FIXED32:
        yield struct.pack("<f", value)
    else:
        pieces = value if isinstance(value, list) else (value,)
        yield _varint(sum(map(len, pieces)))
        yield from pieces


def _varint(value: int) -> bytes:
    """Seven bits per byte, lowest first, all but the last byte with the high bit set; negative numbers as 64 bits."""
    value %= 1 << 64
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def text(value: bytes) -> str:
    """A name as printable text: invalid UTF-8 and control characters are escaped."""
    decoded = value.decode("utf-8", "backslashreplace")
    return decoded if decoded.isprintable() else ascii(decoded)[1:-1]
