"""Graphs that contradict themselves, built directly: refused with a sentence, before a kernel touches memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from googlenet.errors import GoogLeNetError, InputError, ModelFileError
from googlenet.graph import FEATURE_MAPS, FEATURES, PROBABILITIES, Graph, Node
from googlenet.native import Network, bounds, operations
from googlenet.native.library import Operation
from googlenet.native.task_schedule import Task
from tests.native.graphs import Layers, graph_of

pytestmark = pytest.mark.usefixtures("each_instruction_set")

Constants = dict[str, NDArray[Any]]
PICTURE = np.zeros((1, 20, 20, 3), np.uint8)


def small_graph() -> Graph:
    """Every kind of step, in float32."""
    layers = Layers(np.random.default_rng(1))
    layers.convolution("centred", "stem", (3, 16), 3, 2)
    layers.pool("stem", "pooled", 3, 1, 1)
    layers.nodes.append(Node("LRN", ("pooled",), "norm", {"size": 5, "alpha": 0.01, "beta": 0.75, "bias": 1.0}))
    layers.convolution("norm", "one", (16, 8), 1)
    layers.convolution("norm", "three", (16, 12), 3)
    layers.nodes.append(Node("Concat", ("one", "three"), "joined", {"axis": 1}))
    return graph_of(layers.nodes, layers.constants, 20)


def changed(output: str, constants: Constants | None = None, **attributes: Any) -> Graph:
    """The small graph with other attributes of one node, and other constants; None takes an attribute away."""
    graph = small_graph()
    nodes = []
    for node in graph.nodes:
        both = {**node.attributes, **(attributes if node.output == output else {})}
        nodes.append(replace(node, attributes={name: value for name, value in both.items() if value is not None}))
    return replace(graph, nodes=tuple(nodes), constants={**graph.constants, **(constants or {})})


def zeros(*shape: int) -> NDArray[np.float32]:
    return np.zeros(shape, np.float32)


CONTRADICTIONS: dict[str, Graph] = {
    "kernel_shape of 2001": changed("three.sums", kernel_shape=(2001, 2001)),
    "kernel_shape of 1": changed("three.sums", kernel_shape=(1, 1)),
    "a kernel of one input channel": changed("", {"three.weight": zeros(12, 1, 3, 3)}),
    "a kernel of more input channels": changed("", {"one.weight": zeros(8, 17, 1, 1)}),
    "a kernel without outputs": changed("", {"one.weight": zeros(0, 16, 1, 1)}),
    "a kernel of two dimensions": changed("", {"one.weight": zeros(8, 16)}),
    "a bias of one value": changed("", {"three.bias": zeros(1)}),
    "a bias of two dimensions": changed("", {"three.bias": zeros(12, 1)}),
    "more classes than declared": changed("", {"last.weight": zeros(5000, 20), "last.bias": zeros(5000)}),
    "fewer biases than classes": changed("", {"last.weight": zeros(5000, 20)}),
    "a matrix of fewer inputs": changed("", {"last.weight": zeros(2, 19)}),
    "an LRN of 2^31 - 1": changed("norm", size=2**31 - 1),
    "an LRN of nothing": changed("norm", size=0),
    "a stride of 0": changed("three.sums", strides=(0, 0)),
    "a pool with a stride of 0": changed("pooled", strides=(0, 0)),
    "a pool with pads of 1,000": changed("pooled", pads=(1000,) * 4),
    "a pool of 2^31 - 1": changed("pooled", kernel_shape=(2**31 - 1,) * 2),
    "a pool with one pad": changed("pooled", pads=(1,)),
    "a negative pad": changed("three.sums", pads=(-1,) * 4),
    "a mean of one value": changed("", {"mean": zeros(1, 1, 1, 1)}),
    "unequal grids": changed("three.sums", pads=(0, 0, 0, 0)),
}

UNSUPPORTED: dict[str, Graph] = {
    "pads of 500": changed("three.sums", pads=(500,) * 4),
    "unequal pads": changed("three.sums", pads=(1, 0, 1, 0)),
    "unequal strides": changed("stem.sums", strides=(2, 1)),
    "unequal strides of a pool": changed("pooled", strides=(1, 2)),
    "unequal pads of a pool": changed("pooled", pads=(1, 1, 0, 0)),
    "a pool that rounds down": changed("pooled", ceil_mode=0),
    "a pool that says nothing of rounding": changed("pooled", ceil_mode=None),
    "a pool with dilations": changed("pooled", dilations=(2, 2)),
    "a convolution with dilations": changed("three.sums", dilations=(2, 2)),
    "a convolution in groups": changed("three.sums", group=2),
    "an unknown attribute": changed("three.sums", auto_pad=1),
    "Transpose to another order": changed("planes", perm=(0, 3, 2, 1)),
    "Transpose without an order": changed("planes", perm=None),
    "Cast to float64": changed("floats", to=11),
    "Concat of rows": changed("joined", axis=2),
    "Flatten of everything": changed("flat", axis=0),
    "Gemm that is not transposed": changed("logits", transB=0),
    "Gemm without a word on it": changed("logits", transB=None),
    "Gemm with a factor": changed("logits", alpha=2.0),
    "Softmax over pictures": changed("softmax", axis=0),
    "an LRN with the power 1": changed("norm", beta=1.0),
}


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_a_graph_that_contradicts_itself_is_a_damaged_model(what: str) -> None:
    with pytest.raises(ModelFileError, match=r"the graph a small network"):
        Network(CONTRADICTIONS[what], 1).run(PICTURE, (PROBABILITIES,))


@pytest.mark.parametrize("what", UNSUPPORTED)
def test_what_has_no_kernel_is_left_to_another_engine(what: str) -> None:
    with pytest.raises(InputError, match=r"the engine native .*--engine onnx runs it"):
        Network(UNSUPPORTED[what], 1)


def rewired(**nodes: Node) -> Graph:
    """The small graph with other nodes in the places of those that make these values."""
    graph = small_graph()
    return replace(graph, nodes=tuple(nodes.get(node.output, node) for node in graph.nodes))


@pytest.mark.parametrize(
    "graph",
    [
        rewired(softmax=Node("Identity", ("logits",), "softmax")),
        rewired(features=Node("Identity", ("softmax",), FEATURES)),
        rewired(features=Node("Identity", ("joined",), FEATURES)),
        rewired(feature_maps=Node("Transpose", ("joined",), FEATURE_MAPS, {"perm": (0, 3, 1, 2)})),
        rewired(floats=Node("Identity", ("planes",), "floats")),
        rewired(centred=Node("Identity", ("floats",), "centred")),
        rewired(flat=Node("Flatten", ("joined",), "flat", {"axis": 1})),
    ],
)
def test_operators_in_places_where_they_would_mean_something_else_are_refused(graph: Graph) -> None:
    with pytest.raises(GoogLeNetError, match=r"the graph a small network.* (engine native|contradicts itself)"):
        Network(graph, 1)


def test_a_picture_that_takes_too_much_memory_is_refused_with_the_amount() -> None:
    network = Network(small_graph(), 1)
    with pytest.raises(InputError, match=r"a picture of this size takes [\d.]+ GiB in this network"):
        network.run(np.broadcast_to(PICTURE[:, :1, :1], (1, 20_000, 20_000, 3)), (PROBABILITIES,))


CORRUPTIONS: dict[str, Callable[[Operation], None]] = {
    "the source before its block": lambda o: setattr(o.in_, "first", o.in_.first - 4096),
    "the source behind its block": lambda o: setattr(o.in_, "first", o.in_.first + 4096),
    "more rows": lambda o: setattr(o.out, "height", o.out.height + 8),
    "rows apart": lambda o: setattr(o.in_, "row", o.in_.row * 2),
    "a negative distance": lambda o: setattr(o.in_, "pixel", -o.in_.pixel),
    "channels": lambda o: setattr(o.in_, "channels", o.in_.channels + 4096),
    "no items": lambda o: setattr(o, "items", 0),
    "more items": lambda o: setattr(o, "items", o.items + 1),
}
"""What could go wrong with an operation on its way to the library."""


KERNELS = ("conv", "winograd_input", "winograd_output", "maxpool", "lrn", "avgpool")

WITHOUT_EFFECT = {
    ("winograd_output", "rows apart"),
    ("winograd_output", "a negative distance"),
    ("conv", "channels"),
    ("winograd_input", "more rows"),
}
"""Fields that these kernels do not read."""


@pytest.mark.parametrize(
    ("kernel", "what"), [pair for pair in product(KERNELS, CORRUPTIONS) if pair not in WITHOUT_EFFECT]
)
def test_no_operation_leaves_its_memory(monkeypatch: pytest.MonkeyPatch, kernel: str, what: str) -> None:
    def corrupt(operation: Operation, task: Task, *rest: Any, **more: Any) -> None:
        if task.kernel == kernel:
            CORRUPTIONS[what](operation)
        bounds.check_operation(operation, task, *rest, **more)

    monkeypatch.setattr(operations, "check_operation", corrupt)
    with pytest.raises(ModelFileError, match="outside of the memory that is its own"):
        Network(small_graph(), 1).run(PICTURE, (PROBABILITIES,))


@pytest.mark.parametrize("name", ["kernels", "biases"])
def test_weights_that_are_shorter_than_what_is_read_are_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def shorten(operation: Operation, task: Task, blocks: Any, packed: Any, panel: int, *, int8: bool) -> None:
        if packed is not None:
            packed = replace(packed, **{name: getattr(packed, name).reshape(-1)[:-1]})
        bounds.check_operation(operation, task, blocks, packed, panel, int8=int8)

    monkeypatch.setattr(operations, "check_operation", shorten)
    with pytest.raises(ModelFileError, match="outside of the memory that is its own"):
        Network(small_graph(), 1).run(PICTURE, (PROBABILITIES,))
