"""How much of the picture one value of a row sees, read off the table as the counts are."""

from __future__ import annotations

from dataclasses import dataclass

from googlenet.architecture.layers import (
    AdaptiveAveragePool,
    AveragePool,
    Convolution,
    Inception,
    Layer,
    Linear,
    MaxPool,
    Shape,
    output_shape,
)
from googlenet.architecture.table1 import Architecture
from googlenet.errors import InputError


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """The square of the picture that one value sees, in px.

    `size` is its width, the picture's borders not regarded: it may be larger than the picture. `stride` is how far
    the squares of two neighbouring values lie apart.
    """

    size: int
    stride: int

    def behind(self, kernel_size: int, stride: int = 1) -> ReceptiveField:
        """The field of a value that sees `kernel` x `kernel` values with this one, `stride` values apart."""
        return ReceptiveField(self.size + (kernel_size - 1) * self.stride, self.stride * stride)


def receptive_fields(architecture: Architecture) -> dict[str, ReceptiveField]:
    """The receptive field of each row's output by the row's name; of a module, that of the branch that sees most.

    Layers that read a whole grid (the last average pool, linear layers) see it as it is for the input size the network
    was drawn for, and leave the stride as it is. Raises InputError for a module whose branches differ in stride.
    """
    field, shape = ReceptiveField(1, 1), architecture.input_shape
    fields = {}
    for row in architecture.rows:
        field = _behind_layers(row.layers, field, shape)
        shape = output_shape(row.layers, shape)
        fields[row.name] = field
    return fields


def _behind_layers(layers: tuple[Layer, ...], field: ReceptiveField, shape: Shape) -> ReceptiveField:
    """The field behind layers that follow each other; their input is of `shape`, its values see `field`."""
    for layer in layers:
        field = _behind_layer(layer, field, shape)
        shape = layer.output_shape(shape)
    return field


def _behind_layer(layer: Layer, field: ReceptiveField, shape: Shape) -> ReceptiveField:
    match layer:
        case Convolution() | MaxPool() | AveragePool():
            return field.behind(layer.kernel_size, layer.stride)
        case Linear():
            return field.behind(shape[0])
        case AdaptiveAveragePool():
            if layer.output_size != 1:
                raise InputError(
                    f"a pool whose output is {layer.output_size}x{layer.output_size} has windows of several sizes"
                )
            return field.behind(shape[0])
        case Inception():
            return _behind_branches(layer, field, shape)
        case _:
            return field  # LRN and dropout see no neighbours


def _behind_branches(module: Inception, field: ReceptiveField, shape: Shape) -> ReceptiveField:
    ends = [_behind_layers(branch, field, shape) for branch in module.branches]
    strides = {end.stride for end in ends}
    if len(strides) != 1:
        raise InputError(f"the branches of {module.name} have different strides: {sorted(strides)}")
    return max(ends, key=lambda end: end.size)
