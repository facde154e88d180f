"""Layers as data: frozen records that know their output shape and the shapes of their weights.

A shape is `(height, width, channels)`; a vector is `(1, 1, channels)`. Nothing here computes on pictures: the torch
network, the costs of Table 1 and exported graphs are all built from these records.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from googlenet.errors import InputError

Shape: TypeAlias = tuple[int, int, int]
WeightShapes: TypeAlias = dict[str, tuple[int, ...]]

BATCH_NORM_EPSILON = 1e-3


class GridTooSmallError(InputError):
    """A layer has no output because its input is smaller than its window."""


def _pooled_length(length: int, kernel_size: int, stride: int, padding: int, *, round_up: bool) -> int:
    """Output size of a pool; windows that start in the trailing padding are dropped, as in Caffe and torch."""
    span = length + 2 * padding - kernel_size
    steps = -(-span // stride) if round_up else span // stride
    if round_up and steps * stride >= length + padding:
        steps -= 1
    if steps < 0:
        raise GridTooSmallError(f"a {kernel_size}x{kernel_size} pool has no output for an input of {length}")
    return steps + 1


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution with its ReLU (paper, Section 5: every convolution has one, reductions and projections included).

    `padding` is (before, after) on each axis; default: what keeps the size at stride 1. `batch_norm` is the epsilon of
    a batch normalisation between convolution and ReLU; with one there is no bias.
    """

    name: str
    filters: int
    kernel_size: int
    stride: int = 1
    padding: tuple[int, int] | None = None
    batch_norm: float | None = None

    @property
    def pads(self) -> tuple[int, int]:
        """The effective padding (before, after)."""
        return self.padding if self.padding is not None else (self.kernel_size // 2, self.kernel_size // 2)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the output; raises GridTooSmallError if the window does not fit."""

        def output_length(length: int) -> int:
            span = length + sum(self.pads) - self.kernel_size
            if span < 0:
                raise GridTooSmallError(f"{self.name} has no output for an input of {length}")
            return span // self.stride + 1

        return output_length(shape[0]), output_length(shape[1]), self.filters

    def weight_shapes(self, shape: Shape) -> WeightShapes:
        """Shapes of the weights by name; the kernel is (filters, channels, height, width)."""
        kernel = {f"{self.name}.weight": (self.filters, shape[2], self.kernel_size, self.kernel_size)}
        if self.batch_norm is None:
            return kernel | {f"{self.name}.bias": (self.filters,)}
        parts = ("weight", "bias", "running_mean", "running_var")
        return kernel | {f"{self.name}.normalization.{part}": (self.filters,) for part in parts}


@dataclass(frozen=True, slots=True)
class MaxPool:
    """A max pool that rounds its output size up (paper, Table 1: 112 -> 56 -> 28 -> 14 -> 7)."""

    kernel_size: int
    stride: int
    padding: int = 0

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the output, rounded up."""
        height, width = (
            _pooled_length(length, self.kernel_size, self.stride, self.padding, round_up=True) for length in shape[:2]
        )
        return height, width, shape[2]

    def weight_shapes(self, shape: Shape) -> WeightShapes:
        """None."""
        return {}


@dataclass(frozen=True, slots=True)
class AveragePool:
    """An average pool that rounds its output size down (the auxiliary classifiers' 5x5/3; paper, Section 5)."""

    kernel_size: int
    stride: int

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the output, rounded down."""
        height, width = (
            _pooled_length(length, self.kernel_size, self.stride, 0, round_up=False) for length in shape[:2]
        )
        return height, width, shape[2]

    def weight_shapes(self, shape: Shape) -> WeightShapes:
        """None."""
        return {}


@dataclass(frozen=True, slots=True)
class AdaptiveAveragePool:
    """An average pool to `output_size` x `output_size`, whatever its input; 1 averages the whole grid."""

    output_size: int

    def output_shape(self, shape: Shape) -> Shape:
        """`output_size` x `output_size`, whatever the input."""
        return self.output_size, self.output_size, shape[2]

    def weight_shapes(self, shape: Shape) -> WeightShapes:
        """None."""
        return {}


@dataclass(frozen=True, slots=True)
class LocalResponseNorm:
    """x / (k + alpha/size * sum of x^2 over `size` neighbouring channels) ^ beta (Krizhevsky 2012; paper, Figure 3)."""

    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    def output_shape(self, shape: Shape) -> Shape:
        """The same as the input."""
        return shape

    def weight_shapes(self, shape: Shape) -> WeightShapes:
        """None."""
        return {}


@dataclass(frozen=True, slots=True)
class Dropout:
    """Dropout with probability `share`, in training only."""

    share: float

    def output_shape(self, shape: Shape) -> Shape:
        """The same as the input."""
        return shape

    def weight_shapes(self, shape: Shape) -> WeightShapes:
        """None."""
        return {}


@dataclass(frozen=True, slots=True)
class Linear:
    """A fully connected layer over all values of its input, in the order (channels, height, width)."""

    name: str
    outputs: int
    relu: bool = False

    def output_shape(self, shape: Shape) -> Shape:
        """A vector of `outputs`."""
        return 1, 1, self.outputs

    def weight_shapes(self, shape: Shape) -> WeightShapes:
        """The matrix (outputs, inputs) and the bias."""
        height, width, channels = shape
        return {f"{self.name}.weight": (self.outputs, height * width * channels), f"{self.name}.bias": (self.outputs,)}


@dataclass(frozen=True, slots=True)
class Inception:
    """Branches with the same input, whose outputs are concatenated along the channels (paper, Figure 2)."""

    name: str
    branches: tuple[tuple[Layer, ...], ...]

    def output_shape(self, shape: Shape) -> Shape:
        """The height and width that all branches share, with the sum of their channels."""
        shapes = [output_shape(branch, shape) for branch in self.branches]
        return shapes[0][0], shapes[0][1], sum(channels for _, _, channels in shapes)

    def weight_shapes(self, shape: Shape) -> WeightShapes:
        """The weights of all branches, each name prefixed with the module's."""
        return {
            f"{self.name}.{name}": weight_shape
            for branch in self.branches
            for name, weight_shape in weight_shapes(branch, shape).items()
        }


Layer: TypeAlias = (
    Convolution | MaxPool | AveragePool | AdaptiveAveragePool | LocalResponseNorm | Dropout | Linear | Inception
)


def inception(name: str, *filters: int, kernel_5x5: int = 5) -> Inception:
    """The module of Figure 2b from its six numbers: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection."""
    one, three_reduce, three, five_reduce, five, projection = filters
    return Inception(
        name,
        (
            (Convolution("1x1", one, 1),),
            (Convolution("3x3_reduce", three_reduce, 1), Convolution("3x3", three, 3)),
            (Convolution("5x5_reduce", five_reduce, 1), Convolution("5x5", five, kernel_5x5)),
            (MaxPool(3, 1, padding=1), Convolution("pool_projection", projection, 1)),
        ),
    )


def naive_inception(module: Inception) -> Inception:
    """The module of Figure 2a with the same filters: no reductions before 3x3 and 5x5, no projection after the pool."""
    branches = []
    for branch in module.branches:
        kept = tuple(layer for layer in branch if not (isinstance(layer, Convolution) and _is_reduction(layer.name)))
        branches.append(kept)
    return replace(module, branches=tuple(branches))


def _is_reduction(name: str) -> bool:
    return name.endswith("_reduce") or name == "pool_projection"


def output_shape(layers: tuple[Layer, ...], shape: Shape) -> Shape:
    """Output shape of a sequence of layers."""
    for layer in layers:
        shape = layer.output_shape(shape)
    return shape


def weight_shapes(layers: tuple[Layer, ...], shape: Shape) -> WeightShapes:
    """Shapes of all weights of a sequence of layers."""
    found: WeightShapes = {}
    for layer in layers:
        found |= layer.weight_shapes(shape)
        shape = layer.output_shape(shape)
    return found


def walk(layers: tuple[Layer, ...], shape: Shape) -> Iterator[tuple[Layer, Shape]]:
    """Every layer inside and outside modules with its input shape, in order, branches one after the other."""
    for layer in layers:
        if isinstance(layer, Inception):
            for branch in layer.branches:
                yield from walk(branch, shape)
        else:
            yield layer, shape
        shape = layer.output_shape(shape)


def map_layers(layers: tuple[Layer, ...], change: Callable[[Layer], Layer | None]) -> tuple[Layer, ...]:
    """The layers, those inside modules included, each replaced by what `change` returns for it; None removes it."""
    changed: list[Layer] = []
    for layer in layers:
        if isinstance(layer, Inception):
            layer = replace(layer, branches=tuple(map_layers(branch, change) for branch in layer.branches))
        kept = change(layer)
        if kept is not None:
            changed.append(kept)
    return tuple(changed)


def is_statistic(name: str) -> bool:
    """Whether a weight is a running statistic of batch normalisation: saved, but not a trained parameter."""
    return name.endswith((".running_mean", ".running_var"))


def count_parameters(shapes: Mapping[str, tuple[int, ...]], *, biases: bool = True) -> int:
    """Number of parameters in weights of these shapes, with or without biases."""
    total = 0
    for name, shape in shapes.items():
        if is_statistic(name) or (not biases and name.endswith(".bias")):
            continue
        total += math.prod(shape)
    return total
