"""A quantized graph is right on processors that add two products of bytes in 16 bits, which saturate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from googlenet.quantization import LARGEST_PAIR, quantize_weights
from googlenet.quantization.calibration import is_weighted
from tests.quantization.test_quantization import bvlc

INT16 = np.iinfo(np.int16)


def saturating_sums(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """What AVX2 makes of (P, K) uint8 and (F, K) int8, (P, F): `vpmaddubsw` on neighbours, `vpmaddwd` with ones."""
    products = values[:, None].astype(np.int64) * weights[None]
    products = np.pad(products, ((0, 0), (0, 0), (0, products.shape[2] % 2)))
    sums: np.ndarray = (products[..., ::2] + products[..., 1::2]).clip(INT16.min, INT16.max).sum(2)
    return sums


def hardest_values(weights: np.ndarray) -> np.ndarray:
    """Values (2, K) uint8 that meet one filter's (K,) positive weights with 255, and its negative ones."""
    return np.stack([np.where(weights > 0, 255, 0), np.where(weights < 0, 255, 0)]).astype(np.uint8)


def overflows(weights: np.ndarray) -> bool:
    """Whether a filter's (K,) sums may saturate, with its weights in whatever order."""
    ordered = np.sort(weights)
    values = hardest_values(ordered)
    exact = values.astype(np.int64) @ ordered.astype(np.int64)
    shifted = [saturating_sums(values[:, first:], ordered[None, first:])[:, 0] for first in (0, 1)]
    rest = values[:, 0].astype(np.int64) * ordered[0]
    return bool((shifted[0] != exact).any() or (shifted[1] + rest != exact).any())


@given(arrays(np.float32, (3, 11), elements=st.floats(-1e4, 1e4, width=32)))
def test_weights_that_are_rounded_for_pairs_never_saturate(weights: np.ndarray) -> None:
    rounded, scales = quantize_weights(weights, 127, largest_pair=LARGEST_PAIR)
    assert not any(overflows(row) for row in rounded)
    half = LARGEST_PAIR // 2
    tops = np.abs(weights).max(1)
    widest = np.where(tops < 1e-30, 1, tops / half)[:, None]
    simple = np.clip(np.rint(weights / widest), -half, half) * widest
    error = np.square(rounded * scales[:, None] - weights.astype(np.float64)).sum(1)
    assert (error <= np.square(simple - weights.astype(np.float64)).sum(1) * 1.001 + 1e-6).all()


def test_one_weight_may_be_large_where_the_others_leave_room() -> None:
    weights = np.random.default_rng(0).normal(0, 0.04, (1, 60)).astype(np.float32)
    weights[0, :2] = 1, -1
    rounded, _ = quantize_weights(weights, 127, largest_pair=LARGEST_PAIR)
    assert rounded[0, 0] > 100
    assert rounded[0, 1] < -100


@pytest.mark.parametrize("which", ["positive", "negative"])
def test_the_reference_saturates_as_the_instruction_does(which: str) -> None:
    sign = 1 if which == "positive" else -1
    weights = np.array([[127, 127, 1]], np.int8) * sign
    assert (
        saturating_sums(np.array([[255, 255, 7]], np.uint8), weights)[0, 0] == {1: 32767, -1: -32768}[sign] + 7 * sign
    )


def test_no_filter_of_the_shipped_network_saturates_in_int8_and_many_would_with_all_8_bits() -> None:
    _, graph, rounded = bvlc()
    stored = [values.reshape(len(values), -1) for values in rounded.constants.values() if values.dtype == np.int8]
    assert sum(len(filters) for filters in stored) > 5_000
    assert not any(overflows(row) for filters in stored for row in filters)
    kernel = next(graph.constants[node.inputs[1]] for node in graph.nodes if is_weighted(graph, node))
    whole, _ = quantize_weights(kernel, 127)
    assert sum(overflows(row) for row in whole.reshape(len(whole), -1)) > 32
