"""Exact rewrites: each a function from a graph to one that says the same by other operators."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.graphs.graph import Graph, Node

_SHAPE_KEEPING = ("Relu", "MaxPool", "LRN")  # of the channels


def without_response_norm(graph: Graph) -> Graph:
    """The graph with each LRN as x / (k + window sum of x^2) ^ beta, for targets that have no such operator.

    The sum over neighbouring channels is a 1x1 convolution with a banded matrix, whose bias is k.
    """
    nodes: list[Node] = []
    constants: dict[str, NDArray[Any]] = dict(graph.constants)
    for node in graph.nodes:
        if node.operator != "LRN":
            nodes.append(node)
            continue
        value, name = node.inputs[0], node.output
        size, alpha, beta, bias = (float(_number(node, key)) for key in ("size", "alpha", "beta", "bias"))
        channels = _channels(graph, value)
        distance = np.abs(np.subtract.outer(np.arange(channels), np.arange(channels)))
        band = np.where(distance <= size // 2, alpha / size, 0.0)[:, :, np.newaxis, np.newaxis]
        constants |= {
            f"{name}.band": band.astype(np.float32),
            f"{name}.bias": np.full(channels, bias, np.float32),
            f"{name}.beta": np.array(beta, np.float32),
        }
        nodes += [
            Node("Mul", (value, value), f"{name}.square"),
            Node("Conv", (f"{name}.square", f"{name}.band", f"{name}.bias"), f"{name}.sum", {"kernel_shape": (1, 1)}),
            Node("Pow", (f"{name}.sum", f"{name}.beta"), f"{name}.power"),
            Node("Div", (value, f"{name}.power"), name),
        ]
    return replace(graph, nodes=tuple(nodes), constants=constants)


def _number(node: Node, key: str) -> int | float:
    value = node.attributes[key]
    assert not isinstance(value, tuple)
    return value


def _channels(graph: Graph, value: str) -> int:
    """How many channels a value has: those of the convolution that it comes from."""
    node = graph.producers[value]
    while node.operator in _SHAPE_KEEPING:
        node = graph.producers[node.inputs[0]]
    return len(graph.constants[node.inputs[1]])
