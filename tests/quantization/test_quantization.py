"""A quantized graph answers nearly as the one in floats, and nothing in it is rounded twice."""

from __future__ import annotations

from functools import cache

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from googlenet.artifacts import encode_onnx
from googlenet.engines.engine import Outputs
from googlenet.engines.onnx_engine import OnnxEngine
from googlenet.errors import InputError
from googlenet.graph import IMAGES, Graph, build_graph, decompose_lrn
from googlenet.model import Model, known_answer_images, load_model
from googlenet.pretrained import find_model
from googlenet.quantization import (
    Statistics,
    dequantize,
    observed_values,
    quantize,
    quantize_weights,
    with_observed_outputs,
)
from googlenet.quantization.calibration import is_weighted
from googlenet.quantization.quantize import balance
from tests.graph.test_building import make_images, make_model


def observe(graph: Graph, images: np.ndarray) -> Statistics:
    names = observed_values(graph)
    engine = OnnxEngine(encode_onnx(with_observed_outputs(graph)), where="observed", threads=1)
    statistics = Statistics()
    for image in images:
        outputs = engine.session.run(names, {IMAGES: image[None]})
        statistics.add(dict(zip(names, outputs, strict=True)))
    return statistics


def run(graph: Graph, images: np.ndarray) -> Outputs:
    return OnnxEngine(encode_onnx(graph), where="the graph", threads=1).run(images, also=["features"])


@cache
def bvlc() -> tuple[Model, Graph, Graph]:
    """The shipped model, its graph with decomposed norms, and the same quantized."""
    model = load_model(find_model("bvlc"))
    graph = decompose_lrn(build_graph(model))
    return model, graph, quantize(graph, observe(graph, known_answer_images(224, count=2)))


@given(arrays(np.float32, (4, 3, 2, 2), elements=st.floats(-1e4, 1e4, width=32)), st.sampled_from([127, 63]))
def test_rounded_weights_are_no_farther_off_than_with_the_widest_scale(weights: np.ndarray, largest: int) -> None:
    rounded, scales = quantize_weights(weights, largest)
    assert np.abs(rounded.astype(int)).max() <= largest
    widest = np.abs(weights).reshape(4, -1).max(1) / largest
    widest[widest == 0] = 1
    simple = np.rint(weights / widest[:, None, None, None]) * widest[:, None, None, None]
    error = np.square(rounded * scales[:, None, None, None] - weights.astype(np.float64)).sum()
    assert error <= np.square(simple - weights.astype(np.float64)).sum() * 1.001 + 1e-6


@given(arrays(np.float32, (4, 3, 3, 3), elements=st.floats(-1e4, 1e4, width=32)), st.sampled_from([127, 63]))
def test_balanced_weights_lose_nothing_of_an_even_picture(weights: np.ndarray, largest: int) -> None:
    rounded, scales = quantize_weights(weights, largest)
    moved = balance(weights, rounded, scales, largest)
    assert np.abs(moved.astype(int)).max() <= largest
    assert np.abs(moved.astype(int) - rounded).max() <= 1
    exact = (weights / scales[:, None, None, None]).reshape(4, 3, -1)
    lost = exact - moved.reshape(exact.shape)
    whole = (np.abs(exact) < largest).all(2)  # kernels of which nothing was clipped
    assert (np.abs(lost[whole]) < 1.001).all()
    assert (np.abs(lost.sum(2)[whole]) <= 0.51).all()


@pytest.mark.parametrize("variant", ["paper", "naive", "inception5h", "batchnorm", "torchvision", "small-32"])
def test_every_variant_answers_in_int8_nearly_as_in_floats(variant: str) -> None:
    model = make_model(variant, width=0.25)
    images = known_answer_images(model.preprocessing.input_size, count=4)
    graph = decompose_lrn(build_graph(model))
    rounded = quantize(graph, observe(graph, images))
    onnx.checker.check_model(onnx.load_from_string(encode_onnx(rounded)), full_check=True)
    expected = run(graph, images).probabilities
    difference = np.abs(run(rounded, images).probabilities - expected).max()
    assert 0 < difference < 0.06


def test_the_shipped_network_answers_nearly_the_same() -> None:
    _, graph, rounded = bvlc()
    images = known_answer_images(224, count=2)
    expected, outputs = run(graph, images), run(rounded, images)
    np.testing.assert_allclose(outputs.probabilities, expected.probabilities, atol=0.05)
    assert expected.features is not None
    assert outputs.features is not None
    assert np.corrcoef(outputs.features.ravel(), expected.features.ravel())[0, 1] > 0.99


def test_all_kernels_but_that_of_a_wide_norm_are_int8() -> None:
    _, graph, rounded = bvlc()
    in_floats = [node.output for node in rounded.nodes if is_weighted(rounded, node)]
    assert in_floats == ["pool1.layer_1.sums"]
    assert sum(node.operator == "Conv" for node in rounded.nodes) == sum(
        node.operator == "Conv" for node in graph.nodes
    )


def test_the_features_are_what_the_network_computes_not_their_rounded_form() -> None:
    _, _, rounded = bvlc()
    features = run(rounded, known_answer_images(224, count=1)).features
    assert features is not None
    steps = features / dequantize(rounded).grids["linear.input"].scale
    assert np.abs(steps - np.rint(steps)).max() > 0.1


def test_members_of_an_ensemble_keep_grids_of_their_own() -> None:
    models = [make_model("small-32", seed=seed, width=0.25) for seed in (1, 2)]
    graph = build_graph(*models)
    rounded = quantize(graph, observe(graph, make_images(32)))
    assert [value.name for value in rounded.outputs] == ["probabilities", "features", "feature_maps"]
    grids = dequantize(rounded).grids
    assert grids["member_1.linear.input"].scale != grids["member_2.linear.input"].scale
    expected = run(graph, make_images(32)).probabilities
    assert 0 < np.abs(run(rounded, make_images(32)).probabilities - expected).max() < 0.03


def test_all_that_convolutions_give_is_rounded_where_the_runtime_needs_it() -> None:
    model = make_model("paper", width=0.25)
    images = make_images(96, count=4)
    graph = decompose_lrn(build_graph(model))
    statistics = observe(graph, images)
    rounded = quantize(graph, statistics, quantize_all_outputs=True)
    after_relu = {node.output for node in rounded.nodes if node.operator == "Relu"}
    assert after_relu <= set(dequantize(rounded).grids)
    assert "5b.1x1" not in dequantize(quantize(graph, statistics)).grids
    expected = run(graph, images).probabilities
    assert 0 < np.abs(run(rounded, images).probabilities - expected).max() < 0.06


def test_what_pools_and_concatenations_pass_on_is_on_one_grid() -> None:
    _, _, rounded = bvlc()
    plain = dequantize(rounded)
    concatenations = [node for node in plain.graph.nodes if node.operator == "Concat"]
    assert [node.output for node in concatenations if node.output not in plain.grids] == ["5b"]
    for node in concatenations[:-1]:
        assert len({plain.grids[value] for value in (*node.inputs, node.output)}) == 1


def test_every_pixel_less_its_mean_is_on_the_pictures_grid() -> None:
    model, _, rounded = bvlc()
    grid = dequantize(rounded).grids["images_less_mean"]
    for mean in model.preprocessing.mean:
        assert -grid.zero_point * grid.scale <= -mean + grid.scale / 2
        assert (255 - grid.zero_point) * grid.scale >= 255 - mean - grid.scale / 2


def test_a_network_that_was_never_observed_is_not_quantized() -> None:
    with pytest.raises(InputError, match=r"there are no statistics for the value .* calibration pictures"):
        quantize(build_graph(make_model("batchnorm")), Statistics())
