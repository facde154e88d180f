"""The way back from a quantized graph, for an engine that quantizes in its own way: `dequantize`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.graph.graph import Graph, Node
from googlenet.quantization.quantize import Grid


@dataclass(frozen=True, slots=True, eq=False)
class PlainGraph:
    """A graph in floats, and how it was quantized.

    `grids`: by the name of the value that was quantized. `weights`: int8 values and the scale of each filter, by the
    name of the constant in `graph` that holds their products.
    """

    graph: Graph
    grids: Mapping[str, Grid]
    weights: Mapping[str, tuple[NDArray[np.int8], NDArray[np.float32]]]


def dequantize(graph: Graph) -> PlainGraph:
    """The graph without its nodes that quantize and dequantize; quantized constants become the floats they stand for.

    Of a graph in floats: itself, and no grids. Only operators and what feeds them count, no names. Raises InputError
    for nodes that quantize in another way than `quantize` writes.
    """
    reader = _Reader(graph)
    for node in graph.nodes:
        READERS.get(node.operator, _Reader.keep)(reader, node)
    plain = replace(graph, nodes=tuple(reader.nodes), constants=reader.constants)
    return PlainGraph(plain, reader.grids, reader.weights)


class _Reader:
    """Takes nodes one by one; `floats`: the value in floats that stands behind a quantized or dequantized one."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[Node] = []
        self.constants: dict[str, NDArray[Any]] = dict(graph.constants)
        self.grids: dict[str, Grid] = {}
        self.weights: dict[str, tuple[NDArray[np.int8], NDArray[np.float32]]] = {}
        self.quantized: dict[str, str] = {}
        self.dequantized: dict[str, str] = {}

    def keep(self, node: Node) -> None:
        """Any other node reads floats."""
        if any(name in self.quantized for name in node.inputs):
            self._refuse(f"{node.output} reads a quantized value as if it were in floats")
        self.nodes.append(replace(node, inputs=tuple(self.dequantized.get(name, name) for name in node.inputs)))

    def quantize(self, node: Node) -> None:
        """A value gets its grid, one and no other."""
        value = self.dequantized.get(node.inputs[0], node.inputs[0])
        grid = self._grid(node)
        if self.grids.setdefault(value, grid) != grid:
            self._refuse(f"{value} is quantized in two ways")
        self.quantized[node.output] = value

    def dequantize(self, node: Node) -> None:
        """A constant in floats, or the value that was quantized."""
        value = node.inputs[0]
        if value in self.graph.constants:
            self._read_weights(node)
        elif value not in self.quantized or self._grid(node) != self.grids[self.quantized[value]]:
            self._refuse(f"{node.output} is not dequantized as it was quantized")
        else:
            self.dequantized[node.output] = self.quantized[value]

    def _grid(self, node: Node) -> Grid:
        """The grid that a node quantizes to, or from."""
        scale, zero_point = (self.graph.constants.get(name) for name in (*node.inputs[1:], "")[:2])
        if (
            scale is None
            or zero_point is None
            or zero_point.dtype != np.uint8
            or (scale.size, zero_point.size) != (1, 1)
            or not 0 < float(scale.item()) < np.inf
        ):
            self._refuse(f"{node.inputs[0]} is quantized without one positive scale and a zero point of 8 bits")
        return Grid(float(scale.item()), int(zero_point.item()))

    def _read_weights(self, node: Node) -> None:
        """A constant of integers with a scale for each filter."""
        values, scales = (self.graph.constants.get(name) for name in node.inputs[:2])
        if (
            values is None
            or scales is None
            or values.ndim < 1
            or scales.shape != values.shape[:1]
            or len(node.inputs) > 2
            or node.attributes.get("axis") != 0
        ):
            self._refuse(f"the quantized weights of {node.output} lack a scale for each filter")
        self.constants[node.output] = (values * scales.reshape(-1, *[1] * (values.ndim - 1))).astype(np.float32)
        if values.dtype == np.int8:
            self.weights[node.output] = values, scales

    def _refuse(self, sentence: str) -> NoReturn:
        raise InputError(f"the graph {self.graph.name}: {sentence}")


READERS = {"QuantizeLinear": _Reader.quantize, "DequantizeLinear": _Reader.dequantize}
"""What is not kept as it is."""
