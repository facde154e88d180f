"""What a graph's values are called means nothing: an exported graph with other names gives the same answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from googlenet.artifacts import decode_onnx, encode_onnx
from googlenet.engines import Engine, Extra
from googlenet.engines.native_engine import NativeEngine
from googlenet.engines.onnx_engine import OnnxEngine
from googlenet.export import to_int8
from googlenet.graph import Graph, build_graph, decompose_lrn, fuse_lrn
from googlenet.native import Network
from googlenet.quantization import dequantize
from tests.graph.test_building import make_images, make_model

ENDINGS = (
    "",
    ".rounded",
    ".quantized",
    ".dequantized",
    ".kernel",
    ".squares",
    ".band",
    ".scale",
    ".zero_point",
    ".int8",
)
"""Of names that were once taken apart, or might be."""

IMAGES = make_images(96)

KINDS: dict[str, Callable[[], Graph]] = {
    "float32": lambda: decompose_lrn(build_graph(make_model("paper"))),
    "float32 of inception5h": lambda: decompose_lrn(build_graph(make_model("inception5h"))),
    "int8": lambda: to_int8(build_graph(make_model("paper")), IMAGES, quantize_all_outputs=True),
}

ENGINES: dict[str, Callable[[Graph], Engine]] = {
    "native": lambda graph: NativeEngine(Network(decode_onnx(encode_onnx(graph)), 1)),
    "onnx": lambda graph: OnnxEngine(encode_onnx(graph), where="the graph", threads=1),
}


def renamed(graph: Graph) -> Graph:
    """The graph with another name for each of its values but its inputs and outputs, in no order that says anything."""
    ours = {value.name for value in (*graph.inputs, *graph.outputs)}
    names = sorted({*graph.constants, *(node.output for node in graph.nodes)} - ours)
    order = np.random.default_rng(0).permutation(len(names))
    new = {name: f"v{order[place]}{ENDINGS[order[place] % len(ENDINGS)]}" for place, name in enumerate(names)}
    return replace(
        graph,
        nodes=tuple(
            replace(
                node,
                inputs=tuple(new.get(name, name) for name in node.inputs),
                output=new.get(node.output, node.output),
            )
            for node in graph.nodes
        ),
        constants={new.get(name, name): values for name, values in graph.constants.items()},
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_with_other_names_gives_the_same_answer(kind: str, engine: str) -> None:
    graph = KINDS[kind]()
    wanted: tuple[Extra] = ("features",)
    expected, got = (ENGINES[engine](one).run(IMAGES, also=wanted) for one in (graph, renamed(graph)))
    np.testing.assert_array_equal(got.probabilities, expected.probabilities)
    assert got.features is not None
    np.testing.assert_array_equal(got.features, expected.features)


@pytest.mark.parametrize("kind", KINDS)
def test_norms_and_grids_are_found_whatever_the_names(kind: str) -> None:
    graph = KINDS[kind]()
    plain, other = dequantize(graph), dequantize(renamed(graph))
    norms, others = ([node for node in fuse_lrn(one.graph).nodes if node.operator == "LRN"] for one in (plain, other))
    assert [node.attributes for node in others] == [node.attributes for node in norms]
    assert len(norms) == 2
    assert list(other.grids.values()) == list(plain.grids.values())
    assert len(other.weights) == len(plain.weights)
