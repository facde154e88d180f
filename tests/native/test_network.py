"""The compiled kernels give what ONNX Runtime gives, whatever the widths, sizes and settings."""

from __future__ import annotations

import multiprocessing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from googlenet.artifacts import encode_onnx
from googlenet.engines.onnx_engine import OnnxEngine
from googlenet.errors import InputError
from googlenet.graph import FEATURE_MAPS, FEATURES, IMAGES, PROBABILITIES, Graph, Node, Value
from googlenet.graph.graph import Attribute
from googlenet.native import Network

pytestmark = pytest.mark.usefixtures("each_instruction_set")

FLOAT32 = np.dtype(np.float32)


def graph_of(nodes: list[Node], constants: dict[str, NDArray[np.float32]], channels: int) -> Graph:
    """A network whose maps are the output of the last of `nodes`, which read `centred`; with a linear layer of two."""
    whole = [
        Node("Transpose", (IMAGES,), "planes", {"perm": (0, 3, 1, 2)}),
        Node("Cast", ("planes",), "floats", {"to": 1}),
        Node("Sub", ("floats", "mean"), "centred"),
        *nodes,
        Node("GlobalAveragePool", (nodes[-1].output,), "averages"),
        Node("Flatten", ("averages",), "flat", {"axis": 1}),
        Node("Gemm", ("flat", "last.weight", "last.bias"), "logits", {"transB": 1}),
        Node("Softmax", ("logits",), "softmax", {"axis": 1}),
        Node("Identity", ("softmax",), PROBABILITIES),
        Node("Identity", ("flat",), FEATURES),
        Node("Identity", (nodes[-1].output,), FEATURE_MAPS),
    ]
    mean = np.array([120, 110, 100], np.float32).reshape(1, 3, 1, 1)
    last = {"last.weight": np.ones((2, channels), np.float32), "last.bias": np.zeros(2, np.float32)}
    return Graph(
        "a small network",
        tuple(whole),
        {"mean": mean, **last, **constants},
        (Value(IMAGES, np.dtype(np.uint8), ("N", "H", "W", 3)),),
        (
            Value(PROBABILITIES, FLOAT32, ("N", 2)),
            Value(FEATURES, FLOAT32, ("N", channels)),
            Value(FEATURE_MAPS, FLOAT32, ("N", channels, "h", "w")),
        ),
    )


class Layers:
    """Nodes of random layers, and their constants."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.generator = generator
        self.nodes: list[Node] = []
        self.constants: dict[str, NDArray[np.float32]] = {}

    def convolution(
        self, source: str, name: str, widths: tuple[int, int], side: int, stride: int = 1, *, relu: bool = True
    ) -> str:
        before, after = (side - 1) // 2, side // 2
        shape = (widths[1], widths[0], side, side)
        scale = 1 / np.sqrt(widths[0] * side * side)
        self.constants[f"{name}.weight"] = (self.generator.standard_normal(shape) * scale).astype(np.float32)
        self.constants[f"{name}.bias"] = self.generator.standard_normal(widths[1]).astype(np.float32)
        attributes: dict[str, Attribute] = {
            "kernel_shape": (side, side), "strides": (stride, stride), "pads": (before, before, after, after)
        }  # fmt: skip
        inputs = source, f"{name}.weight", f"{name}.bias"
        self.nodes.append(Node("Conv", inputs, f"{name}.sums" if relu else name, attributes))
        if relu:
            self.nodes.append(Node("Relu", (f"{name}.sums",), name))
        return name

    def pool(self, source: str, name: str, kernel: int, stride: int, padding: int) -> str:
        attributes: dict[str, Attribute] = {
            "kernel_shape": (kernel, kernel), "strides": (stride, stride), "pads": (padding,) * 4, "ceil_mode": 1
        }  # fmt: skip
        self.nodes.append(Node("MaxPool", (source,), name, attributes))
        return name


def assert_alike(graph: Graph, images: NDArray[np.uint8], threads: int) -> None:
    found = Network(graph, threads).run(images, (FEATURES, FEATURE_MAPS))
    expected = OnnxEngine(encode_onnx(graph), where="a graph", threads=1).run(images, also=("features", "feature_maps"))
    assert expected.feature_maps is not None
    assert expected.features is not None
    tolerance = 2e-5 * max(1.0, float(np.abs(expected.feature_maps).max()))
    np.testing.assert_allclose(found[FEATURE_MAPS].transpose(0, 3, 1, 2), expected.feature_maps, atol=tolerance, rtol=0)
    np.testing.assert_allclose(found[FEATURES][:, 0, 0], expected.features, atol=tolerance, rtol=0)


def pictures(generator: np.random.Generator, count: int, height: int, width: int) -> NDArray[np.uint8]:
    return generator.integers(0, 256, (count, height, width, 3), np.uint8)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(1, 1), (1, 2), (2, 1), (3, 1), (3, 2), (5, 1), (7, 2), (4, 3)]),
    st.tuples(st.integers(1, 40), st.integers(1, 70)),
    st.tuples(st.integers(8, 40), st.integers(8, 40)),
    st.booleans(),
    st.integers(1, 3),
)
def test_a_convolution_of_any_shape_is_that_of_onnx_runtime(
    seed: int, kernel: tuple[int, int], widths: tuple[int, int], size: tuple[int, int], relu: bool, threads: int
) -> None:
    generator = np.random.default_rng(seed)
    layers = Layers(generator)
    layers.convolution("centred", "first", (3, widths[0]), 1)
    layers.convolution("first", "second", widths, *kernel, relu=relu)
    assert_alike(graph_of(layers.nodes, layers.constants, widths[1]), pictures(generator, 1, *size), threads)


@pytest.mark.parametrize("size", [(2, 2), (3, 5), (7, 7), (8, 9), (14, 14), (20, 19), (33, 28)])
@pytest.mark.parametrize("widths", [(8, 16), (16, 20), (24, 3), (64, 48)])
def test_winograds_convolution_is_the_direct_one(size: tuple[int, int], widths: tuple[int, int]) -> None:
    generator = np.random.default_rng(1)
    layers = Layers(generator)
    layers.convolution("centred", "first", (3, widths[0]), 1)
    layers.convolution("first", "second", widths, 3)
    assert_alike(graph_of(layers.nodes, layers.constants, widths[1]), pictures(generator, 2, *size), 2)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(3, 2, 0), (3, 1, 1), (2, 2, 0), (5, 3, 2), (3, 2, 1)]),
    st.integers(1, 40),
    st.tuples(st.integers(6, 30), st.integers(6, 30)),
)
def test_a_pool_of_negative_values_is_that_of_onnx_runtime(
    seed: int, pool: tuple[int, int, int], width: int, size: tuple[int, int]
) -> None:
    generator = np.random.default_rng(seed)
    layers = Layers(generator)
    layers.convolution("centred", "first", (3, width), 1, relu=False)
    layers.pool("first", "pooled", *pool)
    assert_alike(graph_of(layers.nodes, layers.constants, width), pictures(generator, 1, *size), 1)


@pytest.mark.parametrize("beta", [0.5, 0.75])
@pytest.mark.parametrize("window", [1, 3, 5, 7])
@pytest.mark.parametrize("width", [1, 5, 8, 21, 64])
def test_a_norm_of_any_window_is_that_of_onnx_runtime(beta: float, window: int, width: int) -> None:
    generator = np.random.default_rng(2)
    layers = Layers(generator)
    layers.convolution("centred", "first", (3, width), 1)
    attributes = {"size": window, "alpha": 0.01, "beta": beta, "bias": 2.0}
    layers.nodes.append(Node("LRN", ("first",), "norm", attributes))
    assert_alike(graph_of(layers.nodes, layers.constants, width), pictures(generator, 1, 5, 6), 2)


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_branches_side_by_side_and_many_pictures_do_not_mix(threads: int, count: int) -> None:
    generator = np.random.default_rng(3)
    layers = Layers(generator)
    layers.convolution("centred", "stem", (3, 24), 3, 2)
    one = layers.convolution("stem", "one", (24, 10), 1)
    reduced = layers.convolution("stem", "reduced", (24, 16), 1)
    three = layers.convolution(reduced, "three", (16, 20), 3)
    five = layers.convolution(layers.convolution("stem", "thin", (24, 6), 1), "five", (6, 7), 5)
    projected = layers.convolution(layers.pool("stem", "pooled", 3, 1, 1), "projected", (24, 9), 1)
    layers.nodes.append(Node("Concat", (one, three, five, projected), "joined", {"axis": 1}))
    graph = graph_of(layers.nodes, layers.constants, 46)
    assert_alike(graph, pictures(generator, count, 37, 37), threads)


def test_sizes_take_turns_without_leaving_traces() -> None:
    generator = np.random.default_rng(4)
    layers = Layers(generator)
    layers.convolution("centred", "first", (3, 16), 3)
    layers.convolution("first", "second", (16, 16), 3)
    network = Network(graph_of(layers.nodes, layers.constants, 16), 2)
    sizes = [(9, 9), (12, 8), (40, 33), (9, 9), (31, 31), (12, 8)]
    images = [pictures(generator, 2, *size) for size in sizes]
    found = [network.run(each, (FEATURE_MAPS,))[FEATURE_MAPS] for each in images]
    alone = [
        Network(graph_of(layers.nodes, layers.constants, 16), 1).run(each, (FEATURE_MAPS,))[FEATURE_MAPS]
        for each in images
    ]
    for one, other in zip(found, alone, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_fork_has_threads_of_its_own_and_ends() -> None:
    layers = Layers(np.random.default_rng(7))
    layers.convolution("centred", "first", (3, 16), 3)
    network = Network(graph_of(layers.nodes, layers.constants, 16), 2)
    images = pictures(np.random.default_rng(8), 3, 20, 20)
    expected = network.run(images, (FEATURE_MAPS,))[FEATURE_MAPS]

    def run_again() -> None:
        np.testing.assert_array_equal(network.run(images, (FEATURE_MAPS,))[FEATURE_MAPS], expected)

    child = multiprocessing.get_context("fork").Process(target=run_again)
    child.start()
    child.join(timeout=60)
    assert child.exitcode == 0


def test_an_operator_without_a_kernel_is_refused_with_another_engine() -> None:
    layers = Layers(np.random.default_rng(5))
    layers.convolution("centred", "first", (3, 4), 1)
    layers.nodes.append(Node("Sigmoid", ("first",), "squashed"))
    with pytest.raises(InputError, match=r"has no kernel for Sigmoid \(squashed\); --engine onnx runs it"):
        Network(graph_of(layers.nodes, layers.constants, 4), 1)


def test_a_picture_that_is_too_small_is_refused_with_its_size() -> None:
    layers = Layers(np.random.default_rng(6))
    layers.convolution("centred", "first", (3, 4), 1)
    layers.pool("first", "pooled", 5, 2, 0)
    layers.pool("pooled", "again", 5, 2, 0)
    network = Network(graph_of(layers.nodes, layers.constants, 4), 1)
    with pytest.raises(InputError, match="pictures of 4x2 are too small for this network"):
        network.run(np.zeros((1, 2, 4, 3), np.uint8), (FEATURE_MAPS,))
