"""A graph whose outputs are layers of a network instead of its answer: what activations are computed with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from googlenet.architecture import Architecture, AskedLayer, build_architecture, layer_names
from googlenet.architecture.layers import Dropout, Inception
from googlenet.graph.building import build_with_values
from googlenet.graph.graph import Graph, Node, Value
from googlenet.graph.rewrites import without_unused
from googlenet.model import Model


def build_layer_graph(model: Model, layers: Sequence[AskedLayer]) -> Graph:
    """A graph of one model that gives the outputs of `layers`, and computes nothing that they do not need.

    Its outputs, in the order of the layers and called as `layer_outputs` says, are (N, C, h, w), those of linear layers
    (N, C), float32. What is asked for before its ReLU has nodes of its own, so that engines may join the others with
    their ReLUs as they always do; where a layer has batch normalisation, which is part of the convolution here, it is
    the value after that. Raises InputError as `build_graph` does.
    """
    table = build_architecture(model.spec)
    graph, values = build_with_values(model)
    infos, nodes, outputs = layer_names(table), list(graph.nodes), []
    for output, asked in zip(layer_outputs(layers), layers, strict=True):
        info = infos[asked.name]
        value = values[_where(table, info.place)]
        nodes += _before_relu(graph, value, output) if asked.before_relu else [Node("Identity", (value,), output)]
        grid = () if info.is_linear else ("h", "w")
        outputs.append(Value(output, np.dtype(np.float32), ("N", info.shape[2], *grid)))
    return replace(graph, nodes=without_unused(nodes, outputs), outputs=tuple(outputs))


def layer_outputs(layers: Sequence[AskedLayer]) -> tuple[str, ...]:
    """What the outputs of `build_layer_graph` are called, in the order of the layers."""
    return tuple(f"layer_{number}" for number in range(len(layers)))


def _where(table: Architecture, place: tuple[int, ...]) -> str:
    """A place of `LayerInfo` as `build_with_values` has it."""
    row = table.rows[place[0]]
    layers = [number for number, layer in enumerate(row.layers) if not isinstance(layer, Dropout)]
    number = place[1] if len(place) > 1 else layers[-1]
    layer = row.layers[number]
    if len(place) == 4 and isinstance(layer, Inception):
        return f"{layer.name}.branch_{place[2]}.layer_{place[3]}"
    return f"{row.name}.layer_{number}"


def _before_relu(graph: Graph, value: str, output: str) -> list[Node]:
    """Nodes that compute `output`: a value before its ReLU, a concatenation of such values, itself without a ReLU."""
    node = graph.producers[value]
    if node.operator == "Concat":
        parts = [f"{output}.{number}" for number in range(len(node.inputs))]
        of_parts = [_before_relu(graph, read, part) for read, part in zip(node.inputs, parts, strict=True)]
        return [*(one for nodes in of_parts for one in nodes), replace(node, inputs=tuple(parts), output=output)]
    return [replace(graph.producers[node.inputs[0]] if node.operator == "Relu" else node, output=output)]
