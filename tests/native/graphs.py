"""Small graphs of random layers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from googlenet.graph import FEATURE_MAPS, FEATURES, IMAGES, PROBABILITIES, Graph, Node, Value
from googlenet.graph.graph import Attribute

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
