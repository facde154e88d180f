"""From a graph to the steps that the kernels take: a convolution with its bias and ReLU is one, so are its siblings.

What a file says is compared here before anything is made of it: attributes with the arrays that they describe, the
channels that a step reads with those that are there. Sizes in pixels come later, with a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError, ModelFileError
from googlenet.graph import IMAGES, PROBABILITIES, Graph, Node, Value
from googlenet.native.steps import AveragePool, Concat, Convolve, LoadImage, LoweredGraph, Lrn, MaxPool, Step

MAX_SETTING = 4096
"""Of a kernel size, stride, padding or window; the largest in use is 7."""

FIXED: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "Transpose": {"perm": ((0, 3, 1, 2),)},
    "Cast": {"to": (1,)},
    "Conv": {"dilations": ((1, 1),), "group": (1,)},
    "MaxPool": {"dilations": ((1, 1),), "ceil_mode": (1,), "storage_order": (0,)},
    "Concat": {"axis": (1,)},
    "Flatten": {"axis": (1,)},
    "Gemm": {"transB": (1,), "transA": (0,), "alpha": (1.0,), "beta": (1.0,)},
    "Softmax": {"axis": (1, -1)},
}
"""The values of an operator's attributes that there are kernels for."""

REQUIRED = {("Transpose", "perm"), ("Cast", "to"), ("MaxPool", "ceil_mode"), ("Concat", "axis"), ("Gemm", "transB")}
"""Attributes whose default, by ONNX, is another value than that."""

INPUTS = {"Sub": 2, "Conv": 3, "Gemm": 3}
"""How many an operator reads; Concat any number, all others one."""

ON_FLAT = ("Flatten", "Gemm", "Relu", "Softmax", "Identity")
"""The operators of tensors with two dimensions."""

SETTINGS = {
    "Conv": ("kernel_shape", "strides", "pads"),
    "MaxPool": ("kernel_shape", "strides", "pads"),
    "LRN": ("size", "alpha", "beta", "bias"),
}
"""The attributes that steps are made with."""


def lower(graph: Graph) -> LoweredGraph:
    """The steps of the graph of one model.

    Raises InputError for a graph that there are no kernels for, ModelFileError for one that contradicts itself.
    """
    reader = _Reader(graph)
    for node in graph.nodes:
        reader.read(node)
    outputs = {value.name: reader.output(value) for value in graph.outputs}
    aliases = {name: reader.origin(name) for name in reader.aliases}
    return LoweredGraph(graph.name, tuple(_merge_siblings(reader.steps)), reader.constants, outputs, aliases)


class _Reader:
    """Turns nodes into steps, one by one; nodes that only rename a tensor leave an alias."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.constants: dict[str, NDArray[Any]] = dict(graph.constants)
        self.steps: list[Step] = []
        self.aliases: dict[str, str] = {}
        self.readers = graph.readers
        self.channels: dict[str, int] = {}
        self.single_pixels: set[str] = set()
        self.flat: set[str] = set()  # names of tensors with two dimensions
        self.prepared: dict[str, tuple[str, ...]] = {IMAGES: ()}  # the picture, and what was done to it
        self.softmaxed: set[str] = set()  # names, not tensors: a softmax is done outside

    def origin(self, value: str) -> str:
        """The tensor that a name stands for."""
        while value in self.aliases:
            value = self.aliases[value]
        return value

    def channels_of(self, tensor: str) -> int:
        """Of a tensor that some step has made."""
        if tensor not in self.channels:
            raise InputError(f"the graph {self.graph.name}: the engine native cannot compute with {tensor} as it is")
        return self.channels[tensor]

    def output(self, value: Value) -> str:
        """The tensor that an output of the graph is, compared with what the graph says of it."""
        name, tensor = value.name, self.origin(value.name)
        channels = self.channels_of(tensor)
        declared = value.shape[1] if len(value.shape) > 1 else channels
        if isinstance(declared, int) and declared != channels:
            raise ModelFileError(
                f"the graph {self.graph.name} contradicts itself: its output {name} is declared with {declared} "
                f"channels and computed with {channels}"
            )
        if (name in self.softmaxed) != (name == PROBABILITIES):
            raise InputError(
                f"the graph {self.graph.name}: the engine native softmaxes {PROBABILITIES} and nothing else"
            )
        if (name in self.flat) != (len(value.shape) == 2):
            raise ModelFileError(f"the graph {self.graph.name} contradicts itself: the dimensions of its output {name}")
        return tensor

    def unsupported(self, node: Node, what: str) -> InputError:
        """For what is no contradiction: another engine may run it."""
        return InputError(
            f"the graph {self.graph.name}: the engine native has no kernel for {what} ({node.output}); "
            "--engine onnx runs it"
        )

    def contradiction(self, node: Node, what: str) -> ModelFileError:
        """For what no engine can run."""
        return ModelFileError(f"the graph {self.graph.name} contradicts itself at {node.output}: {what}")

    def read(self, node: Node) -> None:
        """Append the step of a node."""
        if node.operator not in READERS:
            raise self.unsupported(node, node.operator)
        self._check_attributes(node)
        if len(node.inputs) != INPUTS.get(node.operator, 1) and not (node.operator == "Concat" and node.inputs):
            raise self.contradiction(node, f"{node.operator} of {len(node.inputs)} inputs")
        if node.operator != "Identity" and self.softmaxed & set(node.inputs):
            raise self.unsupported(node, f"{node.operator} of a softmax")
        self._check_dimensions(node)
        READERS[node.operator](self, node, self.origin(node.inputs[0]))

    def _check_attributes(self, node: Node) -> None:
        fixed, settings = FIXED.get(node.operator, {}), SETTINGS.get(node.operator, ())
        for name, value in node.attributes.items():
            if name not in settings and value not in fixed.get(name, ()):
                raise self.unsupported(node, f"{node.operator} with {name} {value}")
        for operator, name in REQUIRED:
            if operator == node.operator and name not in node.attributes:
                raise self.unsupported(node, f"{operator} without {name}")

    def _check_dimensions(self, node: Node) -> None:
        """Tensors have four dimensions up to a Flatten and two behind it; here both are pixels with channels."""
        flat = bool(self.flat & set(node.inputs))
        if (flat and node.operator not in ON_FLAT) or (not flat and node.operator in ("Gemm", "Softmax")):
            raise self.contradiction(node, f"{node.operator} of a tensor of {2 if flat else 4} dimensions")
        if flat or node.operator == "Flatten":
            self.flat.add(node.output)

    def _constant(self, node: Node, place: int, dimensions: int, what: str) -> NDArray[Any]:
        """The array that a node reads, with that many dimensions."""
        array = self.graph.constants.get(node.inputs[place])
        if array is None:
            raise self.unsupported(node, f"{node.operator} without a constant {what}")
        if array.ndim != dimensions or 0 in array.shape or array.dtype != np.float32:
            raise self.contradiction(node, f"its {what} has the shape {array.shape} and the type {array.dtype}")
        return array

    def _numbers(self, node: Node, name: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """An attribute of several integers, each from 0 to MAX_SETTING."""
        value = node.attributes.get(name, default)
        if not isinstance(value, tuple) or not all(
            isinstance(each, int) and 0 <= each <= MAX_SETTING for each in value
        ):
            raise self.contradiction(node, f"{name} is {value}")
        return value

    def rename(self, node: Node, source: str) -> None:
        """What gives the same numbers in the same order."""
        self.aliases[node.output] = source
        if node.inputs[0] in self.softmaxed:
            self.softmaxed.add(node.output)

    def softmax(self, node: Node, source: str) -> None:
        """Done in numpy, on (N, classes)."""
        self.rename(node, source)
        self.softmaxed.add(node.output)

    def prepare(self, node: Node, source: str) -> None:
        """The order of the picture's dimensions, and the type of its numbers."""
        if node.inputs[0] not in self.prepared:
            raise self.unsupported(node, f"{node.operator} of anything but the picture")
        self.prepared[node.output] = (*self.prepared[node.inputs[0]], node.operator)

    def load_image(self, node: Node, source: str) -> None:
        """The mean is subtracted from the picture, its channels first, in float32."""
        if sorted(self.prepared.get(node.inputs[0], ())) != ["Cast", "Transpose"]:
            raise self.unsupported(node, "a subtraction from anything but the picture")
        if any(isinstance(step, LoadImage) for step in self.steps):
            raise self.unsupported(node, "a second subtraction from the picture")
        mean = self._constant(node, 1, 4, "mean")
        if mean.shape != (1, 3, 1, 1):
            raise self.contradiction(node, "the picture's mean is not one number for each of three channels")
        self.steps.append(LoadImage(node.output, tuple(map(float, mean.reshape(-1)))))
        self.channels[node.output] = 3

    def convolution(self, node: Node, source: str) -> None:
        """A convolution, and the ReLU behind it."""
        kernel = self._constant(node, 1, 4, "kernel")
        sizes = self._numbers(node, "kernel_shape", kernel.shape[2:])
        strides, pads = self._numbers(node, "strides", (1, 1)), self._numbers(node, "pads", (0, 0, 0, 0))
        if sizes != kernel.shape[2:]:
            raise self.contradiction(node, f"kernel_shape is {sizes}, its kernel has the shape {kernel.shape}")
        if len(strides) != 2 or min(strides) < 1 or len(pads) != 4:
            raise self.contradiction(node, f"strides are {strides}, pads {pads}")
        if sizes[0] != sizes[1] or strides[0] != strides[1] or pads[:2] != (pads[0],) * 2 or pads[2:] != (pads[2],) * 2:
            raise self.unsupported(node, "a convolution that is not square")
        if max(pads) >= sizes[0]:
            raise self.unsupported(node, f"a convolution of {sizes[0]}x{sizes[0]} with pads {pads}")
        self._convolve(node, source, node.inputs[1], sizes[0], strides[0], (pads[0], pads[2]))

    def flatten(self, node: Node, source: str) -> None:
        """Of a single pixel: nothing to do."""
        if source not in self.single_pixels:
            raise self.unsupported(node, "a linear layer over a whole grid")
        self.rename(node, source)

    def linear(self, node: Node, source: str) -> None:
        """A linear layer: a convolution of one pixel."""
        kernel = node.inputs[1]
        self.constants[kernel] = self._constant(node, 1, 2, "matrix")[:, :, None, None]
        self._convolve(node, source, kernel, 1, 1, (0, 0))
        self.single_pixels.add(node.output)

    def _convolve(self, node: Node, source: str, kernel: str, size: int, stride: int, padding: tuple[int, int]) -> None:
        outputs, inputs = self.constants[kernel].shape[:2]
        if inputs != self.channels_of(source):
            raise self.contradiction(node, f"it takes {inputs} channels, {source} has {self.channels[source]}")
        if len(self._constant(node, 2, 1, "bias")) != outputs:
            raise self.contradiction(node, f"{outputs} outputs have {len(self.constants[node.inputs[2]])} biases")
        relu = [reader.operator for reader in self.readers.get(node.output, ())] == ["Relu"]
        self.steps.append(Convolve(source, (node.output,), (kernel,), (node.inputs[2],), size, stride, padding, relu))
        self.channels[node.output] = outputs

    def relu(self, node: Node, source: str) -> None:
        """Done by the convolution before it."""
        made = [step for step in self.steps if isinstance(step, Convolve) and step.relu and source in step.outputs]
        if not made:
            raise self.unsupported(node, "a ReLU that is not behind a convolution")
        self.rename(node, source)

    def max_pool(self, node: Node, source: str) -> None:
        """Square and rounding up, as this package writes them."""
        sizes, strides = self._numbers(node, "kernel_shape"), self._numbers(node, "strides", (1, 1))
        pads = self._numbers(node, "pads", (0, 0, 0, 0))
        if len(sizes) != 2 or len(strides) != 2 or len(pads) != 4 or min(*sizes, *strides) < 1:
            raise self.contradiction(node, f"kernel_shape is {sizes}, strides are {strides}, pads {pads}")
        if len({*sizes}) > 1 or len({*strides}) > 1 or len({*pads}) > 1:
            raise self.unsupported(node, "a max pool that is not square")
        if pads[0] >= sizes[0]:
            raise self.contradiction(node, f"pads {pads} are as large as its windows of {sizes[0]}x{sizes[0]}")
        self.steps.append(MaxPool(source, node.output, sizes[0], strides[0], pads[0]))
        self.channels[node.output] = self.channels_of(source)

    def norm(self, node: Node, source: str) -> None:
        """Powers of a half and three quarters are square roots."""
        size = node.attributes.get("size")
        alpha, beta, k = (node.attributes.get(*default) for default in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0)))
        if not isinstance(size, int) or not 1 <= size <= MAX_SETTING:
            raise self.contradiction(node, f"an LRN over {size} channels")
        finite = all(isinstance(number, int | float) and isfinite(number) for number in (alpha, beta, k))
        if not finite or alpha < 0 or k <= 0:  # type: ignore[operator]
            raise self.contradiction(node, f"an LRN with alpha {alpha}, beta {beta}, bias {k}")
        if beta not in (0.5, 0.75):
            raise self.unsupported(node, f"an LRN with the power {beta}")
        self.steps.append(Lrn(source, node.output, size, float(alpha) / size, float(beta), float(k)))  # type: ignore[arg-type]
        self.channels[node.output] = self.channels_of(source)

    def average(self, node: Node, source: str) -> None:
        """Over the whole grid."""
        self.steps.append(AveragePool(source, node.output))
        self.single_pixels.add(node.output)
        self.channels[node.output] = self.channels_of(source)

    def concat(self, node: Node, source: str) -> None:
        """Channels side by side."""
        parts = tuple(map(self.origin, node.inputs))
        self.steps.append(Concat(parts, node.output))
        self.channels[node.output] = sum(map(self.channels_of, parts))


READERS: dict[str, Callable[[_Reader, Node, str], None]] = {
    "Transpose": _Reader.prepare,
    "Cast": _Reader.prepare,
    "Sub": _Reader.load_image,
    "Conv": _Reader.convolution,
    "Relu": _Reader.relu,
    "MaxPool": _Reader.max_pool,
    "LRN": _Reader.norm,
    "Concat": _Reader.concat,
    "GlobalAveragePool": _Reader.average,
    "Flatten": _Reader.flatten,
    "Gemm": _Reader.linear,
    "Softmax": _Reader.softmax,
    "Identity": _Reader.rename,
}


def _merge_siblings(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps with all 1x1 convolutions of the same tensor as one, at the place of the first: one pass over it."""
    alike: dict[tuple[Any, ...], list[Convolve]] = {}
    for step in steps:
        if isinstance(step, Convolve) and step.kernel_size == 1:
            alike.setdefault((step.source, step.stride, step.padding, step.relu), []).append(step)
    merged = {
        group[0]: replace(
            group[0],
            outputs=tuple(name for step in group for name in step.outputs),
            kernels=tuple(name for step in group for name in step.kernels),
            biases=tuple(name for step in group for name in step.biases),
        )
        for group in alike.values()
    }
    gone = {step for group in alike.values() for step in group[1:]}
    for step in steps:
        if step not in gone:
            yield merged.get(step, step) if isinstance(step, Convolve) else step
