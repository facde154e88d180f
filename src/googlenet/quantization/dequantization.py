"""The inverse of quantization, for an engine that has its own int8 kernels."""

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
    """A float32 graph, and how it was quantized.

    `grids`: by the name of the quantized value. `weights`: int8 values and the scale of each filter, by the name of
    the dequantized constant in `graph`.
    """

    graph: Graph
    grids: Mapping[str, Grid]
    weights: Mapping[str, tuple[NDArray[np.int8], NDArray[np.float32]]]


def dequantize(graph: Graph) -> PlainGraph:
    """The graph without QuantizeLinear and DequantizeLinear, with dequantized constants.

    A float32 graph is returned unchanged, without grids. Nodes are recognized by operators and edges, not by names.
    Raises InputError for quantization in another form than that of `quantize`.
    """
    reader = _Reader(graph)
    for node in graph.nodes:
        READERS.get(node.operator, _Reader.keep)(reader, node)
    plain = replace(graph, nodes=tuple(reader.nodes), constants=reader.constants)
    return PlainGraph(plain, reader.grids, reader.weights)


class _Reader:
    """Processes nodes one by one; `quantized` and `dequantized`: name of such a value -> name of the original value."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[Node] = []
        self.constants: dict[str, NDArray[Any]] = dict(graph.constants)
        self.grids: dict[str, Grid] = {}
        self.weights: dict[str, tuple[NDArray[np.int8], NDArray[np.float32]]] = {}
        self.quantized: dict[str, str] = {}
        self.dequantized: dict[str, str] = {}

    def keep(self, node: Node) -> None:
        """Keep any other node; its inputs are floats."""
        if any(name in self.quantized for name in node.inputs):
            self._refuse(f"{node.output} reads a quantized value without dequantizing it")
        self.nodes.append(replace(node, inputs=tuple(self.dequantized.get(name, name) for name in node.inputs)))

    def quantize(self, node: Node) -> None:
        """Record the grid of a value, of which there is only one."""
        value = self.dequantized.get(node.inputs[0], node.inputs[0])
        grid = self._grid(node)
        if self.grids.setdefault(value, grid) != grid:
            self._refuse(f"{value} is quantized in two ways")
        self.quantized[node.output] = value

    def dequantize(self, node: Node) -> None:
        """Dequantize a constant, or restore the original value."""
        value = node.inputs[0]
        if value in self.graph.constants:
            self._read_weights(node)
        elif value not in self.quantized or self._grid(node) != self.grids[self.quantized[value]]:
            self._refuse(f"{node.output} is dequantized with other parameters than it was quantized with")
        else:
            self.dequantized[node.output] = self.quantized[value]

    def _grid(self, node: Node) -> Grid:
        """Scale and zero point of a node."""
        scale, zero_point = (self.graph.constants.get(name) for name in (*node.inputs[1:], "")[:2])
        if (
            scale is None
            or zero_point is None
            or zero_point.dtype != np.uint8
            or (scale.size, zero_point.size) != (1, 1)
            or not 0 < float(scale.item()) < np.inf
        ):
            self._refuse(f"{node.inputs[0]} is quantized without a positive scale and a uint8 zero point")
        return Grid(float(scale.item()), int(zero_point.item()))

    def _read_weights(self, node: Node) -> None:
        """Dequantize an integer constant with one scale per filter."""
        values, scales = (self.graph.constants.get(name) for name in node.inputs[:2])
        if (
            values is None
            or scales is None
            or values.ndim < 1
            or scales.shape != values.shape[:1]
            or len(node.inputs) > 2
            or node.attributes.get("axis") != 0
        ):
            self._refuse(f"the quantized weights of {node.output} do not have one scale per filter")
        self.constants[node.output] = (values * scales.reshape(-1, *[1] * (values.ndim - 1))).astype(np.float32)
        if values.dtype == np.int8:
            self.weights[node.output] = values, scales

    def _refuse(self, sentence: str) -> NoReturn:
        raise InputError(f"the graph {self.graph.name}: {sentence}")


READERS = {"QuantizeLinear": _Reader.quantize, "DequantizeLinear": _Reader.dequantize}
"""Operators that are not kept."""
