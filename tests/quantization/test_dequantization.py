"""What a quantised graph was rounded to can be read off it, and it is a graph in floats again."""

from __future__ import annotations

import numpy as np
import pytest

from googlenet.errors import InputError
from googlenet.graph import Graph, build_graph, fuse_lrn
from googlenet.graph.rewrites import decompose_lrn
from googlenet.quantization import observed_values, quantize, without_rounding
from tests.graph.test_building import make_images, make_model
from tests.quantization.test_quantization import observe, run


def rounded() -> tuple[Graph, Graph, np.ndarray]:
    """A small network's graph, the same in whole numbers, and pictures."""
    model = make_model("paper", width=0.25)
    graph, images = build_graph(model), make_images(model.preprocessing.input_size, count=2)
    apart = decompose_lrn(graph)
    return graph, quantize(apart, observe(apart, images), round_all_outputs=True), images


def test_a_graph_without_its_rounding_has_its_weights_grids_and_nearly_its_answers() -> None:
    graph, whole, images = rounded()
    plain = without_rounding(whole)
    operators = {node.operator for node in plain.graph.nodes}
    assert not {operator for operator in operators if "Linear" in operator}
    assert set(observed_values(graph)) <= set(plain.grids)
    for name, (codes, scales) in plain.codes.items():
        values = codes * scales.reshape(-1, *[1] * (codes.ndim - 1))
        np.testing.assert_array_equal(plain.graph.constants[name], values.astype(np.float32))
    layers = {node.inputs[1] for node in plain.graph.nodes if node.operator in ("Conv", "Gemm")}
    assert {name for name in layers if ".band" not in name} <= set(plain.codes)
    expected = run(graph, images).probabilities
    assert 0 < np.abs(run(plain.graph, images).probabilities - expected).max() < 0.03
    together = fuse_lrn(plain.graph)
    assert sorted(node.operator for node in together.nodes) == sorted(node.operator for node in graph.nodes)


def test_a_graph_in_floats_is_itself() -> None:
    graph = build_graph(make_model("paper", width=0.25))
    plain = without_rounding(graph)
    assert (plain.graph.nodes, dict(plain.grids), dict(plain.codes)) == (graph.nodes, {}, {})


@pytest.mark.parametrize("scale", [np.zeros((), np.float32), np.ones(2, np.float32), np.array(np.nan, np.float32)])
def test_a_grid_without_one_positive_scale_is_refused(scale: np.ndarray) -> None:
    whole = rounded()[1]
    value = next(node.inputs[0] for node in whole.nodes if node.operator == "QuantizeLinear")
    damaged = Graph(whole.name, whole.nodes, {**whole.constants, f"{value}.scale": scale}, whole.inputs, whole.outputs)
    with pytest.raises(InputError, match="is rounded to a grid without one positive scale"):
        without_rounding(damaged)


def test_whole_numbers_without_a_scale_for_each_filter_are_refused() -> None:
    whole = rounded()[1]
    weights = next(node for node in whole.nodes if node.operator == "DequantizeLinear" and "axis" in node.attributes)
    constants = {**whole.constants, weights.inputs[1]: np.ones(1, np.float32)}
    with pytest.raises(InputError, match="lack a scale for each filter"):
        without_rounding(Graph(whole.name, whole.nodes, constants, whole.inputs, whole.outputs))
