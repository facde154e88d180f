"""The torch module of each layer record of the architecture: see the table `MODULES`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from googlenet.architecture import layers as records
from googlenet.architecture.layers import Layer, Shape
from googlenet.network.response_norm import LocalResponseNorm

BATCH_NORM_MOMENTUM = 0.1


class Convolution(nn.Module):
    """Convolution, batch normalisation where the record has one, ReLU. (N, C, H, W) float -> (N, filters, H', W')."""

    def __init__(self, record: records.Convolution, shape: Shape) -> None:
        """The weights are not initialized: `initialize` or a model file fills them."""
        super().__init__()
        self.stride = record.stride
        before, after = record.pads
        self.asymmetric_pads = None if before == after else (before, after, before, after)
        self.padding = before if before == after else 0
        self.weight = nn.Parameter(torch.empty(record.filters, shape[2], record.kernel_size, record.kernel_size))
        if record.batch_norm is None:
            self.bias: nn.Parameter | None = nn.Parameter(torch.empty(record.filters))
            self.normalization: nn.BatchNorm2d | None = None
        else:
            self.register_parameter("bias", None)
            self.normalization = nn.BatchNorm2d(record.filters, record.batch_norm, BATCH_NORM_MOMENTUM)

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output after its ReLU."""
        return F.relu(self.before_relu(x), inplace=True)

    def before_relu(self, x: Tensor) -> Tensor:
        """The layer's output before its ReLU."""
        if self.asymmetric_pads is not None:
            x = F.pad(x, self.asymmetric_pads)
        x = F.conv2d(x, self.weight, self.bias, self.stride, self.padding)
        return x if self.normalization is None else self.normalization(x)


class Linear(nn.Module):
    """A fully connected layer over the flattened input, with a ReLU where the record has one."""

    def __init__(self, record: records.Linear, shape: Shape) -> None:
        """`shape` is (height, width, channels) of the input."""
        super().__init__()
        height, width, channels = shape
        self.relu = record.relu
        self.weight = nn.Parameter(torch.empty(record.outputs, height * width * channels))
        self.bias = nn.Parameter(torch.empty(record.outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(N, ...) -> (N, outputs)."""
        x = self.before_relu(x)
        return F.relu(x) if self.relu else x

    def before_relu(self, x: Tensor) -> Tensor:
        """The layer's output before its ReLU, if it has one."""
        return F.linear(x.flatten(1), self.weight, self.bias)


class Inception(nn.Module):
    """Parallel branches, concatenated; children are named after their layers, as in `3a.3x3_reduce.weight`."""

    def __init__(self, record: records.Inception, shape: Shape) -> None:
        """Builds each branch for an input of `shape`."""
        super().__init__()
        self.branches = [add_layers(self, branch, shape) for branch in record.branches]

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, sum of the branches' channels, H, W)."""
        return torch.cat([run(self, branch, x) for branch in self.branches], 1)


class Path(nn.Module):
    """A sequence of layers as one module."""

    def __init__(self, layers: tuple[Layer, ...], shape: Shape) -> None:
        """Builds the layers for an input of `shape`."""
        super().__init__()
        self.names = add_layers(self, layers, shape)

    def forward(self, x: Tensor) -> Tensor:
        """The last layer's output."""
        return run(self, self.names, x)


MODULES: dict[type[Any], Callable[[Any, Shape], nn.Module]] = {
    records.Convolution: Convolution,
    records.Inception: Inception,
    records.Linear: Linear,
    records.LocalResponseNorm: lambda norm, shape: LocalResponseNorm(norm, shape[2]),
    records.MaxPool: lambda pool, _: nn.MaxPool2d(pool.kernel_size, pool.stride, pool.padding, ceil_mode=True),
    records.AveragePool: lambda pool, _: nn.AvgPool2d(pool.kernel_size, pool.stride),
    records.AdaptiveAveragePool: lambda pool, _: nn.AdaptiveAvgPool2d(pool.output_size),
    records.Dropout: lambda dropout, _: nn.Dropout(dropout.share),
}


KINDS: dict[type[Any], str] = {
    records.LocalResponseNorm: "norm",
    records.MaxPool: "pool",
    records.AveragePool: "pool",
    records.AdaptiveAveragePool: "pool",
    records.Dropout: "dropout",
}
"""What a layer without weights is called."""


def add_layers(parent: nn.Module, layers: tuple[Layer, ...], shape: Shape, *, row: str = "") -> tuple[str, ...]:
    """Build layers as children of `parent` and return the children's names, in order.

    Layers with weights are named by the last part of their names; the others, which do not occur in files, by their
    kind, after their row's name where there is one.
    """
    names: list[str] = []
    for layer in layers:
        name = layer.name.rpartition(".")[2] if hasattr(layer, "name") else _unused(_name_of_kind(layer, row), parent)
        parent.add_module(name, MODULES[type(layer)](layer, shape))
        names.append(name)
        shape = layer.output_shape(shape)
    return tuple(names)


def _name_of_kind(layer: Layer, row: str) -> str:
    """`pool2` for the pool of that row, `conv2_norm` for what conv2 has besides; `pool` outside of rows."""
    kind = KINDS[type(layer)]
    return row if kind in row else f"{row}_{kind}".lstrip("_")


def _unused(name: str, parent: nn.Module) -> str:
    """The name, with a number if `parent` has a child of that name."""
    taken = {child for child, _ in parent.named_children()}
    return next(free for free in (name, *(f"{name}_{i}" for i in range(2, 100))) if free not in taken)


def run(parent: nn.Module, names: tuple[str, ...], x: Tensor) -> Tensor:
    """Run the named children on `x`, one after the other."""
    for name in names:
        x = parent.get_submodule(name)(x)
    return x
