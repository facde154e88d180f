"""How a graph was quantized can be read off it, by its operators alone, and it is a graph in floats again."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from googlenet.errors import InputError
from googlenet.graph import Graph, Node, build_graph, fuse_lrn
from googlenet.graph.rewrites import decompose_lrn
from googlenet.quantization import dequantize, observed_values, quantize
from tests.graph.test_building import make_images, make_model
from tests.quantization.test_quantization import observe, run


@cache
def quantized() -> tuple[Graph, Graph, np.ndarray]:
    """A small network's graph, the same quantized, and pictures."""
    model = make_model("paper", width=0.25)
    graph, images = build_graph(model), make_images(model.preprocessing.input_size, count=2)
    decomposed = decompose_lrn(graph)
    return graph, quantize(decomposed, observe(decomposed, images), quantize_all_outputs=True), images


def test_a_dequantized_graph_has_its_weights_grids_and_nearly_its_answers() -> None:
    graph, int8, images = quantized()
    plain = dequantize(int8)
    operators = {node.operator for node in plain.graph.nodes}
    assert not {operator for operator in operators if "Linear" in operator}
    assert set(observed_values(graph)) <= set(plain.grids)
    for name, (rounded, scales) in plain.weights.items():
        values = rounded * scales.reshape(-1, *[1] * (rounded.ndim - 1))
        np.testing.assert_array_equal(plain.graph.constants[name], values.astype(np.float32))
    expected = run(graph, images).probabilities
    assert 0 < np.abs(run(plain.graph, images).probabilities - expected).max() < 0.03
    together = fuse_lrn(plain.graph)
    assert {node.inputs[1] for node in together.nodes if node.operator in ("Conv", "Gemm")} <= set(plain.weights)
    assert sorted(node.operator for node in together.nodes) == sorted(node.operator for node in graph.nodes)


def test_a_graph_in_floats_is_itself() -> None:
    graph = build_graph(make_model("paper", width=0.25))
    plain = dequantize(graph)
    assert (plain.graph.nodes, dict(plain.grids), dict(plain.weights)) == (graph.nodes, {}, {})


@pytest.mark.parametrize("scale", [np.zeros((), np.float32), np.ones(2, np.float32), np.array(np.nan, np.float32)])
def test_a_grid_without_one_positive_scale_is_refused(scale: np.ndarray) -> None:
    int8 = quantized()[1]
    name = first(int8, "QuantizeLinear").inputs[1]
    with pytest.raises(InputError, match="is quantized without a positive scale"):
        dequantize(replace(int8, constants={**int8.constants, name: scale}))


def test_weights_without_a_scale_for_each_filter_are_refused() -> None:
    int8 = quantized()[1]
    weights = next(node for node in int8.nodes if node.operator == "DequantizeLinear" and "axis" in node.attributes)
    constants = {**int8.constants, weights.inputs[1]: np.ones(1, np.float32)}
    with pytest.raises(InputError, match="do not have one scale per filter"):
        dequantize(replace(int8, constants=constants))
    with pytest.raises(InputError, match="do not have one scale per filter"):
        dequantize(exchanged(int8, weights, replace(weights, attributes={"axis": 1})))


def test_a_value_that_is_read_on_another_grid_than_its_own_is_refused() -> None:
    """Runtimes would multiply it by the ratio of the scales; an engine with one grid a value would not."""
    int8 = quantized()[1]
    node = first(int8, "QuantizeLinear")
    reader = next(one for one in int8.nodes if one.inputs[0] == node.output)
    int8 = replace(int8, constants={**int8.constants, "other": np.array(0.5, np.float32)})
    other = replace(reader, inputs=(reader.inputs[0], "other", reader.inputs[2]))
    with pytest.raises(InputError, match="is dequantized with other parameters than it was quantized with"):
        dequantize(exchanged(int8, reader, other))
    again = replace(node, inputs=(node.inputs[0], "other", node.inputs[2]), output="again")
    with pytest.raises(InputError, match="is quantized in two ways"):
        dequantize(replace(int8, nodes=(*int8.nodes, again)))
    with pytest.raises(InputError, match="reads a quantized value without dequantizing it"):
        dequantize(replace(int8, nodes=(*int8.nodes, Node("Relu", (node.output,), "more"))))


def first(graph: Graph, operator: str) -> Node:
    return next(node for node in graph.nodes if node.operator == operator)


def exchanged(graph: Graph, node: Node, other: Node) -> Graph:
    return replace(graph, nodes=tuple(other if one is node else one for one in graph.nodes))
