"""A rewritten graph says the same, with other operators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from googlenet.architecture import VARIANTS
from googlenet.artifacts import encode_onnx
from googlenet.engines.onnx_engine import OnnxEngine
from googlenet.errors import InputError
from googlenet.graph import Graph, Node, Value, build_graph, channels_of, decompose_lrn, fuse_lrn
from googlenet.model import load_model
from googlenet.pretrained import find_model
from tests.graph.test_building import make_images, make_model

CHANNELS = 11
FLOAT32 = np.dtype(np.float32)


def norm_graph(size: int, beta: float, k: float) -> Graph:
    """One norm behind a convolution that changes nothing, which tells the number of channels."""
    kernel = np.eye(CHANNELS, dtype=np.float32).reshape(CHANNELS, CHANNELS, 1, 1)
    return Graph(
        "norm",
        (
            Node("Conv", ("values", "kernel"), "same"),
            Node("LRN", ("same",), "normed", {"size": size, "alpha": 1e-4, "beta": beta, "bias": k}),
        ),
        {"kernel": kernel},
        (Value("values", FLOAT32, (2, CHANNELS, 5, 5)),),
        (Value("normed", FLOAT32, (2, CHANNELS, 5, 5)),),
    )


def run(graph: Graph, values: NDArray[np.float32]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(encode_onnx(graph), providers=["CPUExecutionProvider"])
    result: NDArray[np.float32] = session.run(None, {"values": values})[0]
    return result


@pytest.mark.parametrize("size", [1, 3, 5, 9])
@pytest.mark.parametrize(("beta", "k"), [(0.75, 1.0), (0.5, 2.0), (0.6, 1.0)])
def test_a_decomposed_norm_is_the_same_norm(size: int, beta: float, k: float) -> None:
    values = np.random.default_rng(size).uniform(-900, 900, (2, CHANNELS, 5, 5)).astype(np.float32)
    graph = norm_graph(size, beta, k)
    expected = run(graph, values)
    assert np.abs(expected).max() < 0.7 * np.abs(values).max()  # so that a norm that does nothing would show
    decomposed = decompose_lrn(graph)
    assert "LRN" not in {node.operator for node in decomposed.nodes}
    np.testing.assert_allclose(run(decomposed, values), expected, rtol=2e-5, atol=1e-4)


@pytest.mark.parametrize("size", [1, 2, 5, 9, 25])
@pytest.mark.parametrize("beta", [0.75, 0.5, 0.6])
def test_a_fused_norm_is_the_norm_that_was_decomposed(size: int, beta: float) -> None:
    graph = norm_graph(size, beta, 2.0)
    again = fuse_lrn(decompose_lrn(graph))
    assert [node.operator for node in again.nodes] == ["Conv", "LRN"]
    norm = again.nodes[1].attributes
    assert norm["size"] == min(size, 2 * CHANNELS - 1)  # a wider window holds no more channels
    assert norm["beta"] == pytest.approx(beta)
    values = np.random.default_rng(size).uniform(-900, 900, (2, CHANNELS, 5, 5)).astype(np.float32)
    if size % 2:
        np.testing.assert_allclose(run(again, values), run(graph, values), rtol=2e-5, atol=1e-4)


def changed(graph: Graph, operator: str, constant: int, place: tuple[int, ...]) -> Graph:
    """The graph with one more in a place of the constant that its last node of that kind reads."""
    name = [node for node in graph.nodes if node.operator == operator][-1].inputs[constant]
    values = graph.constants[name].copy()
    values[place] += 1
    return replace(graph, constants={**graph.constants, name: values})


def with_inputs(graph: Graph, output: str, *inputs: str) -> Graph:
    nodes = tuple(replace(node, inputs=inputs) if node.output == output else node for node in graph.nodes)
    return replace(graph, nodes=nodes)


NO_NORMS: dict[str, Callable[[Graph], Graph]] = {
    "weights that differ": lambda graph: changed(graph, "Conv", 1, (3, 3, 0, 0)),
    "a window with a hole": lambda graph: changed(graph, "Conv", 1, (0, CHANNELS - 1, 0, 0)),
    "constants that differ": lambda graph: changed(graph, "Conv", 2, (3,)),
    "another value's squares": lambda graph: with_inputs(graph, "normed.squares", "values", "values"),
    "products that are no squares": lambda graph: with_inputs(graph, "normed.squares", "same", "values"),
    "another value over them": lambda graph: with_inputs(graph, "normed", "values", "normed.divisor"),
    "a product of two values": lambda graph: with_inputs(graph, "normed.divisor", "normed.root", "same"),
}


@pytest.mark.parametrize("what", NO_NORMS)
def test_what_is_no_norm_stays_as_it_is(what: str) -> None:
    graph = NO_NORMS[what](decompose_lrn(norm_graph(5, 0.75, 2.0)))
    again = fuse_lrn(graph)
    assert "LRN" not in {node.operator for node in again.nodes}
    values = np.random.default_rng(0).uniform(1, 9, (2, CHANNELS, 5, 5)).astype(np.float32)
    np.testing.assert_array_equal(run(again, values), run(graph, values))


def test_a_long_chain_of_roots_is_followed_no_farther_than_a_norm_is_deep() -> None:
    graph = decompose_lrn(norm_graph(5, 0.5, 2.0))
    roots = tuple(Node("Mul", (f"root{n}", f"root{n}"), f"root{n + 1}") for n in range(5_000))
    divisor = Node("Sqrt", ("normed.sums",), "root0")
    *before, quotient = graph.nodes
    chain = replace(graph, nodes=(*before, divisor, *roots, replace(quotient, inputs=("same", "root5000"))))
    assert "LRN" not in {node.operator for node in fuse_lrn(chain).nodes}


def test_the_shipped_weights_answer_the_same_with_decomposed_norms() -> None:
    model = load_model(find_model("bvlc"))
    assert model.known_answer is not None
    engine = OnnxEngine(encode_onnx(decompose_lrn(build_graph(model))), where="the rewritten graph", threads=1)
    probabilities = engine.run(model.known_answer.images).probabilities
    np.testing.assert_allclose(probabilities, model.known_answer.probabilities, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_can_be_rewritten(variant: str) -> None:
    model = make_model(variant)
    graph = build_graph(model)
    images = make_images(model.preprocessing.input_size)
    plain, decomposed = (
        OnnxEngine(encode_onnx(one), where=variant, threads=1).run(images) for one in (graph, decompose_lrn(graph))
    )
    np.testing.assert_allclose(decomposed.probabilities, plain.probabilities, atol=1e-5)


def test_the_channels_of_a_value_follow_from_the_kernels_before_it() -> None:
    graph = build_graph(make_model("paper", width=1.0))
    assert channels_of(graph, "conv2") == 192
    assert channels_of(graph, "3b") == 480
    assert channels_of(graph, "pool3.layer_0") == 480


def test_where_nothing_tells_the_channels_the_value_is_named() -> None:
    graph = norm_graph(5, 0.75, 1.0)
    without_kernel = replace(graph, nodes=(replace(graph.nodes[1], inputs=("values",)),))
    with pytest.raises(InputError, match="the number of channels of 'values' is unknown"):
        decompose_lrn(without_kernel)
