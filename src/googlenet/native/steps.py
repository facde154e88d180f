"""What the kernels can do, as records: each kind of step says how it shapes its output and fills an operation.

A step names the tensors that it reads and writes. Tensors are (height, width, channels), one picture's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from numpy.typing import NDArray

PICTURE_ROWS = 16
"""Rows of the picture that an item takes."""


@dataclass(frozen=True, slots=True)
class TensorShape:
    """(height, width, channels)."""

    height: int
    width: int
    channels: int


@dataclass(frozen=True, slots=True)
class LoadImage:
    """uint8 RGB -> a tensor less the `mean` of each channel."""

    output: str
    mean: tuple[float, ...]
    kernel: ClassVar[str] = "image"


@dataclass(frozen=True, slots=True)
class Convolve:
    """Convolutions of one tensor, alike but for their kernels; a linear layer is one of a single pixel.

    `kernels` and `biases` name constants: one for each of `outputs`.
    """

    source: str
    outputs: tuple[str, ...]
    kernels: tuple[str, ...]
    biases: tuple[str, ...]
    kernel_size: int
    stride: int
    padding: tuple[int, int]
    relu: bool

    def grid(self, source: TensorShape) -> tuple[int, int]:
        """Rows and columns of the output."""
        padded = sum(self.padding) - self.kernel_size
        return (source.height + padded) // self.stride + 1, (source.width + padded) // self.stride + 1


@dataclass(frozen=True, slots=True)
class Concat:
    """Channels side by side: nothing is computed, the parts are written where they belong."""

    parts: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True)
class Unary:
    """A step with one source, one output and one kernel, `kernel` with the suffix of the arithmetic."""

    source: str
    output: str
    kernel: ClassVar[str]

    def shape(self, source: TensorShape) -> TensorShape:
        """The output's; as the source."""
        return source

    def settings(self, source: TensorShape) -> dict[str, Any]:
        """The fields of its operation that are the step's own."""
        return {}

    def items(self, output: TensorShape, panel: int) -> int:
        """How many pieces it is cut into; the rows of the output."""
        return output.height


@dataclass(frozen=True, slots=True)
class MaxPool(Unary):
    """A max pool that rounds up."""

    kernel_size: int
    stride: int
    padding: int
    kernel: ClassVar[str] = "maxpool"

    def shape(self, source: TensorShape) -> TensorShape:  # noqa: D102
        return TensorShape(self._pooled(source.height), self._pooled(source.width), source.channels)

    def settings(self, source: TensorShape) -> dict[str, Any]:  # noqa: D102
        return {"kernel_size": self.kernel_size, "stride": self.stride, "padding": self.padding}

    def _pooled(self, size: int) -> int:
        """The last window begins inside the padded picture, before its padding on the far side."""
        windows = -(-(size + 2 * self.padding - self.kernel_size) // self.stride) + 1
        return windows - 1 if (windows - 1) * self.stride >= size + self.padding else windows


@dataclass(frozen=True, slots=True)
class Lrn(Unary):
    """x / (k + alpha * sum of squares over `window` channels) ^ beta; alpha is already divided by the window."""

    window: int
    alpha: float
    beta: float
    k: float
    kernel: ClassVar[str] = "lrn"

    def settings(self, source: TensorShape) -> dict[str, Any]:  # noqa: D102
        return {"window": self.window, "alpha": self.alpha, "beta": self.beta, "k": self.k}


@dataclass(frozen=True, slots=True)
class AveragePool(Unary):
    """The average of the whole grid."""

    kernel: ClassVar[str] = "avgpool"

    def shape(self, source: TensorShape) -> TensorShape:  # noqa: D102
        return TensorShape(1, 1, source.channels)

    def settings(self, source: TensorShape) -> dict[str, Any]:  # noqa: D102
        return {"factor": 1 / (source.height * source.width)}

    def items(self, output: TensorShape, panel: int) -> int:  # noqa: D102
        return -(-output.channels // panel)


@dataclass(frozen=True, slots=True)
class Quantize(Unary):
    """float32 -> int8, of a single pixel; only in int8 arithmetic."""

    kernel: ClassVar[str] = "quantize"


@dataclass(frozen=True, slots=True)
class Dequantize(Unary):
    """int8 -> float32."""

    kernel: ClassVar[str] = "dequantize"


Step: TypeAlias = LoadImage | Convolve | Concat | Unary


def outputs_of(step: Step) -> tuple[str, ...]:
    """The tensors that a step makes."""
    return step.outputs if isinstance(step, Convolve) else (step.output,)


def sources_of(step: Step) -> tuple[str, ...]:
    """The tensors that a step reads; the picture is none."""
    match step:
        case LoadImage():
            return ()
        case Concat(parts):
            return parts
        case _:
            return (step.source,)


@dataclass(frozen=True, slots=True, eq=False)
class LoweredGraph:
    """The steps of a graph, its constants, and the tensors that are its outputs, by the outputs' names.

    What is called PROBABILITIES here is the tensor before the softmax. `aliases`: other names of the graph for the
    same tensors, such as that of a convolution's ReLU. `name`: of the graph, for people.
    """

    name: str
    steps: tuple[Step, ...]
    constants: Mapping[str, NDArray[Any]]
    outputs: Mapping[str, str]
    aliases: Mapping[str, str]
