"""The way back from a quantised graph, for an engine that rounds in its own way: `without_rounding`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.graph.graph import Graph, Node
from googlenet.quantization.quantize import Grid


@dataclass(frozen=True, slots=True, eq=False)
class PlainGraph:
    """A graph in floats, and what it was rounded to.

    `grids`: by the value that was rounded. `codes`: the whole numbers that a constant's values are multiples of, and
    the scale of each filter, by the constant's name.
    """

    graph: Graph
    grids: Mapping[str, Grid]
    codes: Mapping[str, tuple[NDArray[np.int8], NDArray[np.float32]]]


def without_rounding(graph: Graph) -> PlainGraph:
    """The graph without its nodes that round; constants of whole numbers become the floats that they stand for.

    Of a graph in floats: itself, and no grids. Raises InputError for rounding that `quantize` does not write.
    """
    grids: dict[str, Grid] = {}
    codes: dict[str, tuple[NDArray[np.int8], NDArray[np.float32]]] = {}
    constants: dict[str, NDArray[Any]] = dict(graph.constants)
    plain: dict[str, str] = {}  # a value that is gone -> the one that is read in its place
    nodes: list[Node] = []
    for node in graph.nodes:
        value = plain.get(node.inputs[0], node.inputs[0])
        if node.operator == "QuantizeLinear":
            grids[value] = _grid_of(graph, node)
            plain[node.output] = value
        elif node.operator == "DequantizeLinear" and value not in graph.constants:
            plain[node.output] = value
        elif node.operator == "DequantizeLinear":
            whole, scales = _weights_of(graph, node)
            constants[node.output] = (whole * scales.reshape(-1, *[1] * (whole.ndim - 1))).astype(np.float32)
            if whole.dtype == np.int8:
                codes[node.output] = whole, scales
        else:
            nodes.append(replace(node, inputs=tuple(plain.get(name, name) for name in node.inputs)))
    return PlainGraph(replace(graph, nodes=tuple(nodes), constants=constants), grids, codes)


def _grid_of(graph: Graph, node: Node) -> Grid:
    """The grid that a node rounds to."""
    scale, zero = (graph.constants.get(name) for name in node.inputs[1:])
    if scale is None or zero is None or scale.size != 1 or zero.size != 1 or not 0 < float(scale.item()) < np.inf:
        raise InputError(f"the graph {graph.name}: {node.inputs[0]} is rounded to a grid without one positive scale")
    return Grid(float(scale.item()), int(zero.item()))


def _weights_of(graph: Graph, node: Node) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """The whole numbers and scales of a constant."""
    whole, scales = (graph.constants.get(name) for name in node.inputs[:2])
    if whole is None or scales is None or whole.ndim < 1 or scales.shape != whole.shape[:1] or len(node.inputs) > 2:
        raise InputError(f"the graph {graph.name}: the whole numbers of {node.output} lack a scale for each filter")
    return whole, scales
