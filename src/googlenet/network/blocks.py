"""The torch module of each layer record of the architecture: see the table `MODULES`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from googlenet.architecture import layers as records
from googlenet.architecture.layer_names import UNNAMED
from googlenet.architecture.layers import Layer, Shape
from googlenet.network.response_norm import LocalResponseNorm

BATCH_NORM_MOMENTUM = 0.1


class Convolution(nn.Conv2d):
    """Convolution, batch normalisation where the record has one, ReLU. (N, C, H, W) float -> (N, filters, H', W')."""

    def __init__(self, record: records.Convolution, shape: Shape) -> None:
        """The weights are not initialized: `initialize` or a model file fills them."""
        before, after = record.pads
        super().__init__(
            shape[2],
            record.filters,
            record.kernel_size,
            record.stride,
            before if before == after else 0,
            bias=record.batch_norm is None,
        )
        self.asymmetric_pads = None if before == after else (before, after, before, after)
        self.normalization: nn.BatchNorm2d | None = None
        if record.batch_norm is not None:
            self.normalization = nn.BatchNorm2d(record.filters, record.batch_norm, BATCH_NORM_MOMENTUM)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output after its ReLU."""
        output: Tensor = self.relu(self.before_relu(x))
        return output

    def before_relu(self, x: Tensor) -> Tensor:
        """The layer's output before its ReLU."""
        if self.asymmetric_pads is not None:
            x = F.pad(x, self.asymmetric_pads)
        x = super().forward(x)
        return x if self.normalization is None else self.normalization(x)

    def reset_parameters(self) -> None:
        """As in torch; nothing while it is being built, because `initialize` follows."""
        if "relu" in self._modules:
            super().reset_parameters()

    def extra_repr(self) -> str:
        """Channels, kernel size, stride and padding."""
        pads = "" if self.asymmetric_pads is None else f", padding_before_and_after={self.asymmetric_pads[:2]}"
        return f"{super().extra_repr()}{pads}"  # type: ignore[no-untyped-call]


class LinearWithReLU(nn.Linear):
    """A fully connected layer with a ReLU. (N, inputs) -> (N, outputs)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """As of `nn.Linear`."""
        super().__init__(inputs, outputs)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output after its ReLU."""
        output: Tensor = self.relu(self.before_relu(x))
        return output

    def before_relu(self, x: Tensor) -> Tensor:
        """The layer's output before its ReLU."""
        return super().forward(x)


class Inception(nn.Module):
    """Parallel branches, concatenated; children are named after their layers, as in `3a.3x3_reduce.weight`."""

    def __init__(self, record: records.Inception, shape: Shape) -> None:
        """Builds each branch for an input of `shape`."""
        super().__init__()
        self.branches = [add_layers(self, branch, shape) for branch in record.branches]
        self.in_channels, self.out_channels = shape[2], record.output_shape(shape)[2]

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, sum of the branches' channels, H, W)."""
        return torch.cat([run(self, branch, x) for branch in self.branches], 1)

    def extra_repr(self) -> str:
        """Channels of the input and of all branches together."""
        return f"in_channels={self.in_channels}, out_channels={self.out_channels}"


class Path(nn.Module):
    """A sequence of layers as one module."""

    def __init__(self, layers: tuple[Layer, ...], shape: Shape) -> None:
        """Builds the layers for an input of `shape`."""
        super().__init__()
        self.names = add_layers(self, layers, shape)

    def forward(self, x: Tensor) -> Tensor:
        """The last layer's output."""
        return run(self, self.names, x)


def _linear(record: records.Linear, shape: Shape) -> nn.Linear:
    """A layer over all values of an input of `shape`, not initialized and without a draw of torch's random numbers."""
    state = torch.get_rng_state()
    layer = (LinearWithReLU if record.relu else nn.Linear)(1, record.outputs)
    torch.set_rng_state(state)
    layer.in_features = math.prod(shape)
    layer.weight = nn.Parameter(torch.empty(record.outputs, layer.in_features))
    return layer


MODULES: dict[type[Any], Callable[[Any, Shape], nn.Module]] = {
    records.Convolution: Convolution,
    records.Inception: Inception,
    records.Linear: _linear,
    records.LocalResponseNorm: lambda norm, shape: LocalResponseNorm(norm, shape[2]),
    records.MaxPool: lambda pool, _: nn.MaxPool2d(pool.kernel_size, pool.stride, pool.padding, ceil_mode=True),
    records.AveragePool: lambda pool, _: nn.AvgPool2d(pool.kernel_size, pool.stride),
    records.AdaptiveAveragePool: lambda pool, _: nn.AdaptiveAvgPool2d(pool.output_size),
    records.Dropout: lambda dropout, _: nn.Dropout(dropout.share),
}

CALLED = UNNAMED | {records.Dropout: "dropout"}
"""What layers without weights are called."""

FLATTEN = "flatten"


def add_layers(parent: nn.Module, layers: tuple[Layer, ...], shape: Shape, *, row: str = "") -> tuple[str, ...]:
    """Build layers as children of `parent` and return the children's names, in order.

    Layers with weights are named by the last part of their names; the others, which do not occur in files, by what they
    are called, in a `row` of several layers after the row, in one of one layer as the row. What comes before the first
    linear layer of `parent` is flattened by a layer of its own, so that any module of torch can replace that one.
    """
    names: list[str] = []
    for layer in layers:
        if isinstance(layer, records.Linear) and not hasattr(parent, FLATTEN):
            parent.add_module(FLATTEN, nn.Flatten())
            names.append(FLATTEN)
        name = _unused(_called(layer, row, alone=len(layers) == 1), parent)
        parent.add_module(name, MODULES[type(layer)](layer, shape))
        names.append(name)
        shape = layer.output_shape(shape)
    return tuple(names)


def _called(layer: Layer, row: str, *, alone: bool) -> str:
    """The name of a layer's module, if nothing else is called so."""
    kind = CALLED.get(type(layer))
    if kind is None:
        return str(getattr(layer, "name", "")).rpartition(".")[2]
    return kind if not row else row if alone else f"{row}_{kind}"


def _unused(name: str, parent: nn.Module) -> str:
    """The name, with a number if `parent` has a child of that name."""
    taken = {child for child, _ in parent.named_children()}
    return next(free for free in (name, *(f"{name}_{i}" for i in range(2, 100))) if free not in taken)


def run(parent: nn.Module, names: tuple[str, ...], x: Tensor) -> Tensor:
    """Run the named children on `x`, one after the other."""
    for name in names:
        x = getattr(parent, name)(x)
    return x
