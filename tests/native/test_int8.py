"""Whole numbers: the kernels compute what a quantised graph stands for, nearly, and no sum overflows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.export import to_int8
from googlenet.graph import FEATURE_MAPS, FEATURES, Graph, Node
from googlenet.native import Network
from googlenet.native.pack import INPUT_TRANSFORMS, TRANSFORMS, fit_int16_sums, pack_winograd_int16
from tests.native.graphs import Layers, graph_of

pytestmark = pytest.mark.usefixtures("each_instruction_set")


def pictures(generator: np.random.Generator, count: int, height: int, width: int) -> NDArray[np.uint8]:
    """Even colours that turn into others, and a little noise; noise alone is no picture."""
    corners = generator.integers(20, 230, (count, 2, 2, 3))
    down, across = np.linspace(0, 1, height)[:, None, None], np.linspace(0, 1, width)[:, None]
    upper, lower = (corners[:, None, row, :1] * (1 - across) + corners[:, None, row, 1:] * across for row in (0, 1))
    noise = generator.integers(-20, 21, (count, height, width, 3))
    return (upper * (1 - down) + lower * down + noise).clip(0, 255).astype(np.uint8)


def error_of_codes(graph: Graph, images: NDArray[np.uint8], threads: int = 2) -> float:
    """The error of the int8 maps, as a share of the maps' own size: roots of the mean squares."""
    rounded = to_int8(graph, images, quantize_all_outputs=True)
    expected = Network(graph, 1).run(images, (FEATURE_MAPS, FEATURES))
    found = Network(rounded, threads).run(images, (FEATURE_MAPS, FEATURES))
    np.testing.assert_allclose(found[FEATURES][:, 0, 0], found[FEATURE_MAPS].mean((1, 2)), rtol=1e-4, atol=1e-5)
    return float(
        np.sqrt(
            np.square(found[FEATURE_MAPS] - expected[FEATURE_MAPS]).mean() / np.square(expected[FEATURE_MAPS]).mean()
        )
    )


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(1, 1), (2, 1), (3, 1), (3, 2), (5, 1), (7, 2)]),
    st.tuples(st.integers(4, 40), st.integers(6, 50)),
    st.tuples(st.integers(10, 30), st.integers(10, 30)),
    st.integers(1, 3),
)
def test_a_convolution_of_any_shape_is_nearly_that_in_floats(
    seed: int, kernel: tuple[int, int], widths: tuple[int, int], size: tuple[int, int], threads: int
) -> None:
    generator = np.random.default_rng(seed)
    layers = Layers(generator)
    layers.convolution("centred", "first", (3, widths[0]), 1)
    layers.convolution("first", "second", widths, *kernel)
    layers.constants["second.bias"] += 30  # so that hardly anything is cut off
    graph = graph_of(layers.nodes, layers.constants, widths[1])
    assert error_of_codes(graph, pictures(generator, 1, *size), threads) < 0.04


@pytest.mark.parametrize("size", [(3, 5), (7, 7), (8, 9), (14, 14), (33, 28)])
def test_winograds_convolution_in_16_bits_is_nearly_that_in_floats(size: tuple[int, int]) -> None:
    generator = np.random.default_rng(1)
    layers = Layers(generator)
    layers.convolution("centred", "first", (3, 32), 1)
    layers.convolution("first", "second", (32, 20), 3)
    assert error_of_codes(graph_of(layers.nodes, layers.constants, 20), pictures(generator, 2, *size)) < 0.03


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("input_size", "width"), [(1, 64), (3, 64), (3, 20), (5, 16)])
def test_sums_of_the_largest_inputs_and_weights_do_not_overflow(input_size: int, width: int, sign: int) -> None:
    layers = Layers(np.random.default_rng(2))
    layers.convolution("centred", "first", (3, width), 1)
    layers.convolution("first", "second", (width, 16), input_size)
    layers.constants["first.weight"][:] = 1
    layers.constants["first.bias"][:] = 400
    layers.constants["second.weight"][:] = sign
    layers.constants["second.bias"][:] = 0 if sign == 1 else 1000 * width * input_size * input_size
    white = np.full((1, 12, 12, 3), 255, np.uint8)
    assert error_of_codes(graph_of(layers.nodes, layers.constants, 16), white) < 0.02


@pytest.mark.parametrize("beta", [0.5, 0.75])
def test_a_module_with_pools_and_norms_is_nearly_that_in_floats(beta: float) -> None:
    generator = np.random.default_rng(3)
    layers = Layers(generator)
    layers.convolution("centred", "stem", (3, 24), 3, 2)
    layers.pool("stem", "small", 3, 2, 0)
    layers.nodes.append(Node("LRN", ("small",), "norm", {"size": 5, "alpha": 0.02, "beta": beta, "bias": 1.0}))
    one = layers.convolution("norm", "one", (24, 10), 1)
    three = layers.convolution(layers.convolution("norm", "reduced", (24, 16), 1), "three", (16, 20), 3)
    five = layers.convolution(layers.convolution("norm", "thin", (24, 6), 1), "five", (6, 7), 5)
    projected = layers.convolution(layers.pool("norm", "pooled", 3, 1, 1), "projected", (24, 9), 1)
    layers.nodes.append(Node("Concat", (one, three, five, projected), "joined", {"axis": 1}))
    graph = graph_of(layers.nodes, layers.constants, 46)
    assert error_of_codes(graph, pictures(generator, 3, 57, 57)) < 0.05


def test_siblings_on_grids_of_their_own_are_each_cut_at_their_own_largest_code() -> None:
    generator = np.random.default_rng(7)
    layers = Layers(generator)
    stem = layers.convolution("centred", "stem", (3, 24), 3, 2)
    reduced = layers.convolution(stem, "reduced", (24, 16), 1)  # read by Winograd's transform: codes to 255
    one = layers.convolution(stem, "one", (24, 16), 1)  # read directly: codes to 127
    three = layers.convolution(reduced, "three", (16, 16), 3)
    wide = layers.convolution(one, "wide", (16, 16), 5)
    for number, parts in enumerate([(three, wide), (wide, three)]):
        nodes = [*layers.nodes, Node("Concat", parts, "joined", {"axis": 1})]
        assert error_of_codes(graph_of(nodes, layers.constants, 32), pictures(generator, 3, 31, 31)) < 0.02, number


def test_a_value_without_a_grid_is_refused_with_another_engine() -> None:
    layers = Layers(np.random.default_rng(4))
    layers.convolution("centred", "first", (3, 8), 1)
    layers.convolution("first", "second", (8, 8), 3)
    graph = graph_of(layers.nodes, layers.constants, 8)
    with pytest.raises(InputError, match=r"does not say how second.* is quantised; --engine onnx runs it"):
        Network(to_int8(graph, pictures(np.random.default_rng(5), 1, 9, 9)), 1)


@given(
    arrays(np.int8, (3, 20, 2, 2), elements=st.integers(-127, 127)),
    st.sampled_from([1, 2, 4]),
    st.sampled_from([127, 255]),
)
def test_codes_are_made_to_fit_and_no_coarser_than_that(codes: NDArray[np.int8], group: int, top: int) -> None:
    fitted, scales = fit_int16_sums(codes, np.ones(3), group, top)
    rows = fitted.transpose(0, 2, 3, 1).reshape(3, 2, -1).astype(int)
    rows = np.pad(rows, ((0, 0), (0, 0), (0, -rows.shape[2] % (4 * group)))).reshape(3, -1, group, 2, 2)
    for sign in (1, -1):
        assert (np.maximum(sign * rows, 0).sum((2, 4)) * top).max() < 2**15
    error = np.abs(fitted * scales[:, None, None, None] - codes).max((1, 2, 3))
    assert (error <= scales * 0.51).all()


@pytest.mark.parametrize("tile", [2, 4])
def test_transformed_kernels_are_exact_to_their_scale_and_their_sums_fit(tile: int) -> None:
    kernel = np.random.default_rng(6).standard_normal((5, 48, 3, 3)).astype(np.float32)
    packed, scales = pack_winograd_int16(kernel, tile, 16, 255)
    whole = packed[0, ..., :5, :].swapaxes(2, 3).reshape(-1, 48, 5).astype(np.int64)  # (place, in, out)
    reach = np.abs(INPUT_TRANSFORMS[tile]).sum(1)
    assert (np.abs(whole).sum(1) * (np.outer(reach, reach).reshape(-1, 1) * 255)).max() < 2**31
    factor = 16 if tile == 4 else 1
    rows = (np.diag([4, 4, 4, 4, 4, 1]) if tile == 4 else np.eye(4)) @ TRANSFORMS[tile]
    exact = np.kron(rows, rows) @ kernel.transpose(2, 3, 1, 0).reshape(9, -1)
    error = np.abs(whole * scales * factor - exact.reshape(whole.shape))
    assert (error <= scales * factor * 0.51).all()
