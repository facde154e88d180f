"""A graph as data: ONNX operators between named values, and constants.

A rewrite is a function Graph -> Graph; each export format encodes the same record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError

Attribute: TypeAlias = int | float | tuple[int, ...]
"""The value of an operator's attribute: the three types that our operators need."""


@dataclass(frozen=True, slots=True)
class Node:
    """An ONNX operator with its single output, which identifies the node."""

    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output of the graph; a dimension of `shape` that is a string can have any length."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Nodes in topological order, constants by name, inputs and outputs.

    `name`: for people. Raises InputError for an inconsistent graph.
    """

    name: str
    nodes: tuple[Node, ...]
    constants: Mapping[str, NDArray[Any]]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]

    def __post_init__(self) -> None:
        """Check that every value is defined exactly once, and before it is read."""
        known = {*self.constants, *(value.name for value in self.inputs)}
        for node in self.nodes:
            missing = [name for name in node.inputs if name and name not in known]
            if missing:
                raise InputError(f"the graph {self.name}: {node.output} reads {missing[0]!r}, which does not exist yet")
            if node.output in known:
                raise InputError(f"the graph {self.name}: {node.output!r} is defined twice")
            known.add(node.output)
        for value in self.outputs:
            if value.name not in known:
                raise InputError(f"the graph {self.name}: its output {value.name!r} is not defined")

    @property
    def producers(self) -> dict[str, Node]:
        """The nodes by the names of their outputs."""
        return {node.output: node for node in self.nodes}

    @property
    def readers(self) -> dict[str, tuple[Node, ...]]:
        """The nodes that read a value, by its name; unused values are absent."""
        found: dict[str, tuple[Node, ...]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                found[name] = (*found.get(name, ()), node)
        return found

    def used_constants(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """The constants that a node reads, in the order of their first readers."""
        names = dict.fromkeys(name for node in self.nodes for name in node.inputs if name in self.constants)
        for name in names:
            yield name, self.constants[name]
