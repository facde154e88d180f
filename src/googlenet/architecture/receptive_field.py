"""Receptive fields of the rows, computed from the table as the costs are."""

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

    `size` is its width, ignoring the picture's borders: it may be larger than the picture. `stride` is the distance
    between the squares of two neighbouring values. `centre` is the centre of the first value's square, from the
    picture's edge.
    """

    size: int
    stride: int
    centre: float

    def after(self, kernel_size: int, stride: int = 1, padding: int = 0) -> ReceptiveField:
        """The field after a layer with this kernel size, stride, and `padding` before the first value."""
        return ReceptiveField(
            self.size + (kernel_size - 1) * self.stride,
            self.stride * stride,
            self.centre + ((kernel_size - 1) / 2 - padding) * self.stride,
        )


def receptive_fields(architecture: Architecture) -> dict[str, ReceptiveField]:
    """The receptive field of each row's output by the row's name; for a module, that of its widest branch.

    For layers that read the whole grid (the last average pool, linear layers) the grid is that of the architecture's
    own input size, and the stride does not change. Raises InputError for a module whose branches differ in stride.
    """
    field, shape = ReceptiveField(1, 1, 0.5), architecture.input_shape
    fields = {}
    for row in architecture.rows:
        field = _after_layers(row.layers, field, shape)
        shape = output_shape(row.layers, shape)
        fields[row.name] = field
    return fields


def _after_layers(layers: tuple[Layer, ...], field: ReceptiveField, shape: Shape) -> ReceptiveField:
    """The field after a sequence of layers whose input has `shape` and the receptive field `field`."""
    for layer in layers:
        field = after_layer(layer, field, shape)
        shape = layer.output_shape(shape)
    return field


def after_layer(layer: Layer, field: ReceptiveField, shape: Shape) -> ReceptiveField:
    """The field after one layer whose input has `shape` and the receptive field `field`; errors: `receptive_fields`."""
    match layer:
        case Convolution():
            return field.after(layer.kernel_size, layer.stride, layer.pads[0])
        case MaxPool():
            return field.after(layer.kernel_size, layer.stride, layer.padding)
        case AveragePool():
            return field.after(layer.kernel_size, layer.stride)
        case Linear():
            return field.after(shape[0])
        case AdaptiveAveragePool():
            if layer.output_size != 1:
                raise InputError(
                    f"a pool whose output is {layer.output_size}x{layer.output_size} has windows of several sizes"
                )
            return field.after(shape[0])
        case Inception():
            return _after_branches(layer, field, shape)
        case _:
            return field  # LRN and dropout see no neighbours


def _after_branches(module: Inception, field: ReceptiveField, shape: Shape) -> ReceptiveField:
    ends = [_after_layers(branch, field, shape) for branch in module.branches]
    strides = {end.stride for end in ends}
    if len(strides) != 1:
        raise InputError(f"the branches of {module.name} have different strides: {sorted(strides)}")
    return max(ends, key=lambda end: end.size)
