"""The nodes of a TensorFlow graph (GraphDef): operators, inputs, attributes and constants, read without TensorFlow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import ModelFileError
from googlenet.protobuf import parse, text
from googlenet.quantities import count

ATTRIBUTES: dict[bytes, Literal["f", "i", "s", "b", "list", "tensor"]] = {
    b"alpha": "f",
    b"beta": "f",
    b"bias": "f",
    b"data_format": "s",
    b"depth_radius": "i",
    b"dilations": "list",
    b"ksize": "list",
    b"padding": "s",
    b"strides": "list",
    b"transpose_a": "b",
    b"transpose_b": "b",
    b"value": "tensor",
}
"""The attributes that are read -> their field of AttrValue."""

DTYPES = {1: ("<f4", "float_val"), 3: ("<i4", "int_val")}
"""tensorflow.DataType -> dtype of `tensor_content`, and the field for values that are not in it."""

MOST_DIMENSIONS = 4

LONGEST_NAME = 1000  # bytes, of a node or an operator
LONGEST_REASON = 500  # characters


@dataclass(frozen=True, slots=True)
class Node:
    """A node: `inputs` are names of nodes, without those that only order the execution; `attributes` by name."""

    name: str
    operator: str
    inputs: tuple[str, ...]
    attributes: Mapping[bytes, Any]


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant that has not been read yet: `read` returns its values. Its shape fits what is stored."""

    shape: tuple[int, ...]
    is_float: bool
    read: Callable[[], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes and constants of a file by name, and which nodes read which; `where` names the file in messages."""

    nodes: Mapping[str, Node]
    constants: Mapping[str, Constant]
    readers: Mapping[str, list[Node]]
    where: str

    def reader(self, name: str, *operators: str) -> Node:
        """The only node with one of these operators that reads the output of the node `name`; else ModelFileError."""
        after = self.readers.get(name, [])
        found = [node for node in after if node.operator in operators]
        if len(found) != 1:
            others = ", ".join(sorted({ascii(node.operator) for node in after})) or "no node"
            raise self.difference(f"{name!a} is read by {others}; expected one {' or '.join(operators)}")
        return found[0]

    def difference(self, reason: str) -> ModelFileError:
        """The error for a graph that computes something else than the published one; a long reason is cut."""
        if len(reason) > LONGEST_REASON:
            reason = f"{reason[:LONGEST_REASON]} ..."
        return ModelFileError(f"{self.where} is not the graph that was published as inception5h: {reason}")


def read_nodes(data: bytes, *, where: str) -> Graph:
    """Read a GraphDef; raises ModelFileError if it is damaged, or a constant's values do not fit its shape."""
    nodes: dict[str, Node] = {}
    readers: defaultdict[str, list[Node]] = defaultdict(list)
    for encoded in parse("tensorflow.GraphDef", data, where=where).node:
        node = _read_node(encoded, where)
        if node.name in nodes:
            raise ModelFileError(f"{where} is damaged: two nodes are called {node.name!a}")
        nodes[node.name] = node
        for name in dict.fromkeys(node.inputs):
            readers[name].append(node)
    constants = (
        (node.name, _read_constant(node.attributes[b"value"], node.name, where))
        for node in nodes.values()
        if node.operator == "Const" and b"value" in node.attributes
    )
    return Graph(nodes, {name: one for name, one in constants if one is not None}, readers, where)


def _read_node(encoded: bytes, where: str) -> Node:
    node = parse("tensorflow.NodeDef", encoded, where=where)
    attributes = {}
    for one in node.attr:
        entry = parse("tensorflow.NodeDef.AttrEntry", one, where=where)
        if field := ATTRIBUTES.get(entry.key):
            value = getattr(parse("tensorflow.AttrValue", entry.value, where=where), field)
            attributes[entry.key] = _read_list(value, where) if field == "list" else value
    inputs = tuple(_read_name(name, where).removesuffix(":0") for name in node.input if not name.startswith(b"^"))
    return Node(_read_name(node.name, where), _read_name(node.op, where), inputs, attributes)


def _read_name(encoded: bytes, where: str) -> str:
    if len(encoded) > LONGEST_NAME:
        raise ModelFileError(f"{where} is damaged: a name in it has {len(encoded):,} bytes")
    return text(encoded)


def _read_list(encoded: bytes, where: str) -> tuple[int, ...]:
    return tuple(parse("tensorflow.AttrValue.ListValue", encoded, where=where).i[: MOST_DIMENSIONS + 1])


def _read_constant(encoded: bytes, name: str, where: str) -> Constant | None:
    """A constant of floats or integers; None for any other type."""
    tensor = parse("tensorflow.TensorProto", encoded, where=where)
    if tensor.dtype not in DTYPES:
        return None
    dtype, field = DTYPES[tensor.dtype]
    dims = parse("tensorflow.TensorShapeProto", tensor.tensor_shape, where=where).dim
    if len(dims) > MOST_DIMENSIONS:
        raise ModelFileError(f"{where} is damaged: the constant {name!a} has {len(dims):,} dimensions")
    shape = tuple(parse("tensorflow.TensorShapeProto.Dim", dim, where=where).size for dim in dims)
    content, values = tensor.tensor_content, getattr(tensor, field)
    fits = 4 * prod(shape) == len(content) if content else len(values) <= prod(shape)
    if any(length < 1 for length in shape) or not fits:
        stored = f"{len(content):,} bytes" if content else count(len(values), "value")
        raise ModelFileError(f"{where} is damaged: the constant {name!a} has {stored} for the shape {shape}")
    read = partial(_from_content, content, dtype, shape) if content else partial(_from_values, values, dtype, shape)
    return Constant(shape, field == "float_val", read)


def _from_content(content: bytes, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    return np.frombuffer(content, dtype).reshape(shape)


def _from_values(values: Any, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Where fewer values are stored than the shape has, the last one fills the rest; without any, zeros."""
    array = np.full(prod(shape), values[-1] if values else 0, dtype)
    array[: len(values)] = values
    return array.reshape(shape)
