"""The compiled kernels give what ONNX Runtime gives, whatever the widths, sizes and settings."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event, Thread

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from googlenet.artifacts import encode_onnx
from googlenet.engines.onnx_engine import OnnxEngine
from googlenet.errors import InputError
from googlenet.graph import FEATURE_MAPS, FEATURES, Graph, Node, Value
from googlenet.native import Network
from tests.native.graphs import Layers, graph_of

pytestmark = pytest.mark.usefixtures("each_instruction_set")


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


def small_network(threads: int) -> Network:
    layers = Layers(np.random.default_rng(7))
    layers.convolution("centred", "first", (3, 16), 3)
    return Network(graph_of(layers.nodes, layers.constants, 16), threads)


def test_a_fork_has_threads_of_its_own_and_ends() -> None:
    network = small_network(2)
    images = pictures(np.random.default_rng(8), 3, 20, 20)
    expected = network.run(images, (FEATURE_MAPS,))[FEATURE_MAPS]

    def run_again() -> None:
        np.testing.assert_array_equal(network.run(images, (FEATURE_MAPS,))[FEATURE_MAPS], expected)

    child = multiprocessing.get_context("fork").Process(target=run_again)
    child.start()
    child.join(timeout=60)
    assert child.exitcode == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_forks_while_another_thread_predicts_answer_rightly(threads: int) -> None:
    network = small_network(threads)
    images = pictures(np.random.default_rng(8), 8, 40, 40)
    expected = network.run(images, (FEATURE_MAPS,))[FEATURE_MAPS]
    done = Event()

    def predict_all_the_time() -> None:
        while not done.is_set():
            network.run(images, (FEATURE_MAPS,))

    predicting = Thread(target=predict_all_the_time)
    predicting.start()
    try:
        for _ in range(3):
            child = os.fork()
            if child == 0:
                signal.alarm(30)  # a deadlock would end in SIGALRM
                found = network.run(images, (FEATURE_MAPS,))[FEATURE_MAPS]
                os._exit(not np.array_equal(found, expected))
            assert os.waitpid(child, 0)[1] == 0
    finally:
        done.set()
        predicting.join()
    np.testing.assert_array_equal(network.run(images, (FEATURE_MAPS,))[FEATURE_MAPS], expected)


def test_threads_of_one_process_take_turns() -> None:
    network = small_network(2)
    images = [pictures(np.random.default_rng(seed), 2, 20 + seed, 20) for seed in range(4)]
    expected = [network.run(each, (FEATURE_MAPS,))[FEATURE_MAPS] for each in images]
    with ThreadPoolExecutor(4) as together:
        found = list(together.map(lambda each: network.run(each, (FEATURE_MAPS,))[FEATURE_MAPS], images * 5))
    for one, other in zip(found, expected * 5, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("threads", [-1, 0, 100_000])
def test_a_number_of_threads_that_cannot_be_is_refused(threads: int) -> None:
    with pytest.raises(InputError, match=f"runs with 1 to 1024 threads, not with {threads}"):
        small_network(threads)


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


def test_outputs_that_others_pad_or_join_are_given_in_one_piece() -> None:
    generator = np.random.default_rng(9)
    layers = Layers(generator)
    layers.convolution("centred", "padded", (3, 24), 1)
    part = layers.convolution("padded", "part", (24, 10), 3)
    other = layers.convolution("padded", "other", (24, 7), 5, relu=False)
    layers.nodes.append(Node("Concat", (part, other), "joined", {"axis": 1}))
    graph = graph_of(layers.nodes, layers.constants, 17)
    names = ("padded", "part", "other", "joined")
    outputs = tuple(Value(name, np.dtype(np.float32), ("N", "C", "h", "w")) for name in names)
    graph = replace(graph, nodes=graph.nodes[: -len(graph.outputs) - 4], outputs=outputs)
    images = pictures(generator, 3, 19, 13)
    found = Network(graph, 2).run(images, names)
    engine = OnnxEngine(encode_onnx(graph), where="a graph", threads=1)
    for name, expected in zip(names, engine.run_layers(images), strict=True):
        np.testing.assert_allclose(found[name].transpose(0, 3, 1, 2), expected, atol=1e-3, rtol=0)
