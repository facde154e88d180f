"""What is observed of a network's values is what they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from googlenet.artifacts import encode_onnx
from googlenet.engines.onnx_engine import OnnxEngine
from googlenet.errors import DataError, InputError
from googlenet.graph import IMAGES, build_graph, decompose_lrn
from googlenet.quantization import Histogram, Statistics, observed_values
from googlenet.quantization.calibration import with_observed_outputs
from tests.graph.test_building import make_images, make_model

magnitudes = st.floats(0, 1e6, width=32)


@given(st.lists(arrays(np.float32, st.integers(1, 40), elements=magnitudes), min_size=1, max_size=5))
def test_a_histogram_counts_every_value_in_its_bin_whatever_comes_later(batches: list[np.ndarray]) -> None:
    histogram = Histogram()
    for batch in batches:
        histogram.add(batch)
    values = np.concatenate(batches).astype(np.float64)
    assert histogram.counts.sum() == values.size
    for threshold in histogram.centres[:: len(histogram.centres) // 8] + histogram.width / 2:
        below = histogram.counts[histogram.centres < threshold].sum()
        slack = 1e-5 * threshold  # a float32 beside the edge of a bin
        assert (values < threshold - slack).sum() <= below <= (values <= threshold + slack).sum()


def test_the_means_are_those_of_each_channel_over_all_batches() -> None:
    values = np.random.default_rng(0).uniform(0, 5, (7, 3, 2, 2)).astype(np.float32)
    statistics = Statistics()
    statistics.add({"feature_maps": values[:4]})
    statistics.add({"feature_maps": values[4:]})
    np.testing.assert_allclose(statistics.channel_means("feature_maps"), values.mean((0, 2, 3)), rtol=1e-6)
    assert statistics.largest["feature_maps"] == values.max()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1.0])
def test_values_that_cannot_be_rounded_are_refused_by_name(wrong: float) -> None:
    with pytest.raises(DataError, match=r"the network's value 3a\.3x3 .* cannot be quantized"):
        Statistics().add({"3a.3x3": np.array([[1.0, wrong]], np.float32)})


def test_a_value_that_was_never_observed_is_named() -> None:
    with pytest.raises(InputError, match="there are no statistics for the value 4a"):
        Statistics().channel_means("4a")


def test_what_kernels_read_and_norms_square_is_observed_but_not_the_picture() -> None:
    graph = decompose_lrn(build_graph(make_model("paper")))
    names = observed_values(graph)
    assert {"conv2", "conv2.layer_2.squares", "3a.3x3_reduce", "pool3.layer_0", "linear.input"} <= set(names)
    assert not {IMAGES, "images_less_mean", "softmax"} & set(names)
    outputs = OnnxEngine(encode_onnx(with_observed_outputs(graph)), where="observed", threads=1).session.run(
        list(names), {IMAGES: make_images(96)}
    )
    by_name = dict(zip(names, outputs, strict=True))
    np.testing.assert_allclose(by_name["conv2.layer_2.squares"], by_name["conv2"] ** 2, rtol=1e-5)
