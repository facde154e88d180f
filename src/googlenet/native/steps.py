"""From a graph to the steps that the kernels take: a convolution with its bias and ReLU is one, so are its siblings.

Steps name the values that they read and write and know nothing of sizes in pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.graph import FEATURE_MAPS, FEATURES, IMAGES, PROBABILITIES, Graph, Node


@dataclass(frozen=True, slots=True)
class TakeImage:
    """uint8 RGB -> floats less the `mean` of each channel."""

    output: str
    mean: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Convolve:
    """Convolutions of one value, alike but for their kernels; a linear layer is one of a single pixel.

    `kernels` and `biases` name constants: one for each of `outputs`.
    """

    source: str
    outputs: tuple[str, ...]
    kernels: tuple[str, ...]
    biases: tuple[str, ...]
    side: int
    stride: int
    padding: tuple[int, int]
    relu: bool


@dataclass(frozen=True, slots=True)
class MaxPool:
    """A max pool that rounds up."""

    source: str
    output: str
    kernel: int
    stride: int
    padding: int


@dataclass(frozen=True, slots=True)
class Normalize:
    """x / (k + alpha * sum of squares over `window` channels) ^ beta; alpha is already divided by the window."""

    source: str
    output: str
    window: int
    alpha: float
    beta: float
    k: float


@dataclass(frozen=True, slots=True)
class Average:
    """The mean over the grid."""

    source: str
    output: str


@dataclass(frozen=True, slots=True)
class Join:
    """Channels side by side: nothing is done, the parts are written where they belong."""

    parts: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True)
class Round:
    """Floats -> codes; only in a computation in whole numbers."""

    source: str
    output: str


@dataclass(frozen=True, slots=True)
class Restore:
    """Codes -> floats."""

    source: str
    output: str


Step: TypeAlias = TakeImage | Convolve | MaxPool | Normalize | Average | Join | Round | Restore


def outputs_of(step: Step) -> tuple[str, ...]:
    """The values that a step makes."""
    return step.outputs if isinstance(step, Convolve) else (step.output,)


@dataclass(frozen=True, slots=True, eq=False)
class Computation:
    """The steps of a graph, its constants, and the values that are its outputs, by the outputs' names.

    What is called PROBABILITIES here are the values before the softmax. `aliases`: other names of the graph for the
    same values, such as that of a convolution's ReLU.
    """

    steps: tuple[Step, ...]
    constants: Mapping[str, NDArray[Any]]
    outputs: Mapping[str, str]
    aliases: Mapping[str, str]


def read_graph(graph: Graph) -> Computation:
    """The steps of the graph of one model. Raises InputError for a graph that the kernels cannot run."""
    reader = _Reader(graph)
    for node in graph.nodes:
        reader.read(node)
    outputs = {name: reader.origin(name) for name in (PROBABILITIES, FEATURES, FEATURE_MAPS)}
    aliases = {name: reader.origin(name) for name in reader.aliases}
    return Computation(tuple(_merge_siblings(reader.steps)), reader.constants, outputs, aliases)


class _Reader:
    """Turns nodes into steps, one by one; nodes that only rename a value leave an alias."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.constants: dict[str, NDArray[Any]] = dict(graph.constants)
        self.steps: list[Step] = []
        self.aliases: dict[str, str] = {}
        self.readers = graph.readers
        self.single_pixels: set[str] = set()

    def origin(self, value: str) -> str:
        """The value that a name stands for."""
        while value in self.aliases:
            value = self.aliases[value]
        return value

    def read(self, node: Node) -> None:
        """Append the step of a node."""
        if node.operator not in READERS:
            raise InputError(
                f"the graph {self.graph.name}: the engine native has no kernel for {node.operator} ({node.output}); "
                "--engine onnx runs it"
            )
        READERS[node.operator](self, node, self.origin(node.inputs[0]))

    def rename(self, node: Node, source: str) -> None:
        """What gives the same numbers in the same order."""
        self.aliases[node.output] = source

    def take_image(self, node: Node, source: str) -> None:
        """The mean is taken off the picture, whose planes and floats are aliases of it."""
        if source != IMAGES:
            raise InputError(f"the graph {self.graph.name}: the engine native subtracts from pictures alone")
        mean = self.graph.constants[node.inputs[1]].reshape(-1)
        self.steps.append(TakeImage(node.output, tuple(map(float, mean))))

    def convolution(self, node: Node, source: str) -> None:
        """A convolution, and the ReLU behind it."""
        settings = node.attributes
        pads: Any = settings.get("pads", (0, 0, 0, 0))
        stride: Any = settings.get("strides", (1, 1))
        side: Any = settings["kernel_shape"]
        self._convolve(node, source, node.inputs[1], side[0], stride[0], (pads[0], pads[2]))

    def flatten(self, node: Node, source: str) -> None:
        """Of a single pixel: nothing to do."""
        if source not in self.single_pixels:
            raise InputError(f"the graph {self.graph.name}: the engine native has no linear layer over a whole grid")
        self.rename(node, source)

    def linear(self, node: Node, source: str) -> None:
        """A linear layer: a convolution of one pixel."""
        kernel = f"{node.inputs[1]}.kernel"
        self.constants[kernel] = self.graph.constants[node.inputs[1]][:, :, None, None]
        self._convolve(node, source, kernel, 1, 1, (0, 0))
        self.single_pixels.add(node.output)

    def _convolve(self, node: Node, source: str, kernel: str, side: int, stride: int, padding: tuple[int, int]) -> None:
        relu = [reader.operator for reader in self.readers[node.output]] == ["Relu"]
        self.steps.append(Convolve(source, (node.output,), (kernel,), (node.inputs[2],), side, stride, padding, relu))

    def relu(self, node: Node, source: str) -> None:
        """Done by the convolution before it."""
        made = [step for step in self.steps if isinstance(step, Convolve) and step.relu and source in step.outputs]
        if not made:
            raise InputError(f"the graph {self.graph.name}: the engine native runs a ReLU behind a convolution alone")
        self.rename(node, source)

    def max_pool(self, node: Node, source: str) -> None:
        """Square and rounding up, as this package writes them."""
        kernel, stride, pads = (node.attributes[key] for key in ("kernel_shape", "strides", "pads"))
        self.steps.append(MaxPool(source, node.output, kernel[0], stride[0], pads[0]))  # type: ignore[index]

    def norm(self, node: Node, source: str) -> None:
        """Powers of a half and three quarters are square roots."""
        window, alpha, beta, k = (node.attributes[key] for key in ("size", "alpha", "beta", "bias"))
        if beta not in (0.5, 0.75):
            raise InputError(f"{node.output}: the engine native has no response norm with the power {beta}")
        self.steps.append(Normalize(source, node.output, int(window), alpha / window, beta, k))  # type: ignore[arg-type, operator]

    def average(self, node: Node, source: str) -> None:
        """Over the whole grid."""
        self.steps.append(Average(source, node.output))
        self.single_pixels.add(node.output)

    def join(self, node: Node, source: str) -> None:
        """Channels, or nothing where there is one part."""
        self.steps.append(Join(tuple(map(self.origin, node.inputs)), node.output))


READERS: dict[str, Callable[[_Reader, Node, str], None]] = {
    "Transpose": _Reader.rename,
    "Cast": _Reader.rename,
    "Sub": _Reader.take_image,
    "Conv": _Reader.convolution,
    "Relu": _Reader.relu,
    "MaxPool": _Reader.max_pool,
    "LRN": _Reader.norm,
    "Concat": _Reader.join,
    "GlobalAveragePool": _Reader.average,
    "Flatten": _Reader.flatten,
    "Gemm": _Reader.linear,
    "Softmax": _Reader.rename,  # done in numpy, on (N, classes)
    "Identity": _Reader.rename,
}


def _merge_siblings(steps: list[Step]) -> Iterator[Step]:
    """The steps with all 1x1 convolutions of the same value as one, at the place of the first: one pass over it."""
    alike: dict[tuple[Any, ...], list[Convolve]] = {}
    for step in steps:
        if isinstance(step, Convolve) and step.side == 1:
            alike.setdefault((step.source, step.stride, step.relu), []).append(step)
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
