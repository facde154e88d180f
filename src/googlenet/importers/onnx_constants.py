"""The constants of an ONNX graph: initializers and Constant nodes, also behind Identity, Cast and Transpose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import ModelFileError
from googlenet.protobuf import parse, text

BFLOAT16 = 16
FLOATS = {
    1: ("<f4", "float_data"),
    10: ("<f2", "int32_data"),
    11: ("<f8", "double_data"),
    BFLOAT16: ("<u2", "int32_data"),
}
"""TensorProto.DataType of floats -> dtype in `raw_data`, and the field for values that are not in `raw_data`."""

ATTRIBUTES = {
    "i": (b"group", b"size", b"to", b"transA", b"transB"),
    "f": (b"alpha", b"beta", b"bias"),
    "ints": (b"dilations", b"pads", b"perm", b"strides"),
    "s": (b"auto_pad",),
    "t": (b"value",),
}
"""Field of AttributeProto -> the attributes that are read from it."""

FIELDS = {name: field for field, names in ATTRIBUTES.items() for name in names}

EXTERNAL = 1  # TensorProto.DataLocation
MOST_DIMENSIONS = 8


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the graph: at least three `inputs` (b"": absent), and the attributes in `ATTRIBUTES`."""

    operator: str
    inputs: tuple[bytes, ...]
    output: bytes
    attributes: dict[bytes, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A constant as float32; `source` is the name of the original, behind Identity, Cast and Transpose."""

    source: bytes
    array: NDArray[np.float32]


def read_node(encoded: bytes, where: str) -> Node:
    """Read a node; raises ModelFileError if it is damaged."""
    node = parse("onnx.NodeProto", encoded, where=where)
    attributes = {}
    for one in node.attribute:
        attribute = parse("onnx.AttributeProto", one, where=where)
        if field := FIELDS.get(attribute.name):
            value = getattr(attribute, field)
            attributes[attribute.name] = tuple(value) if field == "ints" else value
    inputs = (*node.input, *(b"",) * (3 - len(node.input)))
    return Node(text(node.op_type), inputs, node.output[0] if node.output else b"", attributes)


def find_constants(initializers: Iterable[bytes], nodes: Iterable[Node], where: str) -> dict[bytes, Constant]:
    """The float constants, by the names under which nodes read them.

    Raises ModelFileError for external data and for values that do not fit their shape.
    """
    found: dict[bytes, Constant] = {}

    def add(encoded: bytes, name: bytes | None = None) -> None:
        tensor = parse("onnx.TensorProto", encoded, where=where)
        name = tensor.name if name is None else name
        if tensor.data_type in FLOATS:  # the others are shapes for Reshape and the like
            found[name] = Constant(name, _read_tensor(tensor, name, where))

    for encoded in initializers:
        add(encoded)
    for node in nodes:
        value = found.get(node.inputs[0])
        if node.operator == "Constant" and b"value" in node.attributes:
            add(node.attributes[b"value"], node.output)
        elif value is not None and (node.operator == "Identity" or _casts_to_floats(node)):
            found[node.output] = value
        elif value is not None and node.operator == "Transpose":
            found[node.output] = Constant(value.source, _transposed(value.array, node, where))
    return found


def _casts_to_floats(node: Node) -> bool:
    return node.operator == "Cast" and node.attributes.get(b"to") in FLOATS


def _transposed(array: NDArray[np.float32], node: Node, where: str) -> NDArray[np.float32]:
    axes = node.attributes.get(b"perm", tuple(reversed(range(array.ndim))))
    if sorted(axes) != [*range(array.ndim)]:
        raise ModelFileError(f"{where} is damaged: a Transpose of {array.ndim} axes has perm {axes}")
    return np.ascontiguousarray(array.transpose(axes))


def _read_tensor(tensor: Any, name: bytes, where: str) -> NDArray[np.float32]:
    dtype, field = FLOATS[tensor.data_type]
    if tensor.data_location == EXTERNAL or tensor.external_data:
        raise ModelFileError(f"{where}: the values of {text(name)!a} are in another file, which is not supported")
    shape, values = tuple(tensor.dims[: MOST_DIMENSIONS + 1]), getattr(tensor, field)
    stored = len(tensor.raw_data) or np.dtype(dtype).itemsize * len(values)
    wrong = len(shape) > MOST_DIMENSIONS or any(length < 1 for length in shape)
    if wrong or np.dtype(dtype).itemsize * prod(shape) != stored:
        raise ModelFileError(f"{where} is damaged: {text(name)!a} has {stored:,} bytes for the shape {shape}")
    if tensor.raw_data:
        array = np.frombuffer(tensor.raw_data, dtype)
    elif field == "int32_data":  # the bits of 16-bit floats
        array = np.array(values, np.int32).astype("<u2").view(dtype)
    else:
        array = np.array(values, dtype)
    if tensor.data_type == BFLOAT16:
        array = (array.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore"):  # a double too large for float32 becomes infinite, which is refused later
        return array.astype(np.float32).reshape(shape)
