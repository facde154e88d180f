"""Layers know the size of their output and of their weights: torch, which really computes them, agrees."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from googlenet.architecture.layers import (
    AdaptiveAveragePool,
    AveragePool,
    Convolution,
    Dropout,
    GridTooSmallError,
    Inception,
    Layer,
    Linear,
    LocalResponseNorm,
    MaxPool,
    Shape,
    count_parameters,
    inception,
    map_layers,
    naive_inception,
    output_shape,
    walk,
    weight_shapes,
)
from googlenet.errors import InputError

sizes = st.integers(1, 40)
kernels = st.integers(1, 7)
strides = st.integers(1, 4)


def shape_or_none(layer: Layer, shape: Shape) -> Shape | None:
    try:
        return layer.output_shape(shape)
    except GridTooSmallError:
        return None


def shape_by_torch(compute: Callable[[], torch.Tensor]) -> Shape | None:
    """Shape of what torch gives, None where it says that the input is too small."""
    try:
        _, channels, height, width = compute().shape
    except RuntimeError as error:
        if "too small" in str(error) or "greater than actual input size" in str(error):
            return None
        raise
    return height, width, channels


@given(height=sizes, width=sizes, kernel_size=kernels, stride=strides, data=st.data())
def test_max_pools_round_up_as_torch_does(
    height: int, width: int, kernel_size: int, stride: int, data: st.DataObject
) -> None:
    padding = data.draw(st.integers(0, kernel_size // 2))
    x = torch.zeros(1, 2, height, width)
    expected = shape_by_torch(lambda: F.max_pool2d(x, kernel_size, stride, padding, ceil_mode=True))
    assert shape_or_none(MaxPool(kernel_size, stride, padding), (height, width, 2)) == expected


@given(height=sizes, width=sizes, kernel_size=kernels, stride=strides)
def test_average_pools_round_down_as_torch_does(height: int, width: int, kernel_size: int, stride: int) -> None:
    x = torch.zeros(1, 2, height, width)
    expected = shape_by_torch(lambda: F.avg_pool2d(x, kernel_size, stride))
    assert shape_or_none(AveragePool(kernel_size, stride), (height, width, 2)) == expected


@given(
    height=sizes, width=sizes, kernel_size=kernels, stride=strides, before=st.integers(0, 4), after=st.integers(0, 4)
)
def test_convolutions_have_torchs_output_size_with_any_padding(
    height: int, width: int, kernel_size: int, stride: int, before: int, after: int
) -> None:
    layer = Convolution("c", 5, kernel_size, stride, padding=(before, after))
    x = F.pad(torch.zeros(1, 2, height, width), (before, after, before, after))
    weight = torch.zeros(layer.weight_shapes((height, width, 2))["c.weight"])
    expected = shape_by_torch(lambda: F.conv2d(x, weight, stride=stride))
    assert shape_or_none(layer, (height, width, 2)) == expected


@given(input_size=sizes, kernel_size=st.sampled_from([1, 3, 5, 7]))
def test_a_convolution_with_stride_1_keeps_the_size(input_size: int, kernel_size: int) -> None:
    assert Convolution("c", 8, kernel_size).output_shape((input_size, input_size, 3)) == (input_size, input_size, 8)


def test_adaptive_pools_give_their_side_whatever_comes() -> None:
    assert AdaptiveAveragePool(4).output_shape((9, 7, 12)) == (4, 4, 12)


@pytest.mark.parametrize("layer", [LocalResponseNorm(), Dropout(0.4)])
def test_layers_that_work_value_by_value_keep_the_shape_and_hold_no_weights(layer: Layer) -> None:
    assert layer.output_shape((5, 6, 7)) == (5, 6, 7)
    assert layer.weight_shapes((5, 6, 7)) == {}


def test_a_grid_that_is_too_small_says_which_layer_has_no_output() -> None:
    with pytest.raises(GridTooSmallError, match="conv1 has no output for an input of 3"):
        Convolution("conv1", 8, 5, padding=(0, 0)).output_shape((3, 3, 1))
    with pytest.raises(GridTooSmallError, match="a 3x3 pool has no output for an input of 1"):
        MaxPool(3, 2).output_shape((1, 9, 1))
    assert issubclass(GridTooSmallError, InputError)


def test_a_convolution_has_a_bias_or_a_batch_normalisation() -> None:
    assert Convolution("c", 8, 3).weight_shapes((9, 9, 4)) == {"c.weight": (8, 4, 3, 3), "c.bias": (8,)}
    with_norm = Convolution("c", 8, 3, batch_norm=1e-3).weight_shapes((9, 9, 4))
    assert with_norm == {
        "c.weight": (8, 4, 3, 3),
        "c.normalization.weight": (8,),
        "c.normalization.bias": (8,),
        "c.normalization.running_mean": (8,),
        "c.normalization.running_var": (8,),
    }
    assert count_parameters(with_norm) == 8 * 4 * 9 + 16  # running statistics are no parameters
    assert count_parameters(with_norm, biases=False) == 8 * 4 * 9 + 8


def test_a_linear_layer_reads_every_value_of_the_grid() -> None:
    assert Linear("l", 10).weight_shapes((4, 4, 128)) == {"l.weight": (10, 2048), "l.bias": (10,)}
    assert Linear("l", 10).output_shape((4, 4, 128)) == (1, 1, 10)


def test_a_modules_branches_read_one_input_and_stand_side_by_side() -> None:
    module = inception("m", 1, 2, 3, 4, 5, 6)
    assert module.output_shape((14, 14, 10)) == (14, 14, 1 + 3 + 5 + 6)
    shapes = module.weight_shapes((14, 14, 10))
    assert {name: shape for name, shape in shapes.items() if name.endswith("weight")} == {
        "m.1x1.weight": (1, 10, 1, 1),
        "m.3x3_reduce.weight": (2, 10, 1, 1),
        "m.3x3.weight": (3, 2, 3, 3),
        "m.5x5_reduce.weight": (4, 10, 1, 1),
        "m.5x5.weight": (5, 4, 5, 5),
        "m.pool_projection.weight": (6, 10, 1, 1),
    }


def test_a_naive_module_lets_the_pooled_input_through() -> None:
    assert naive_inception(inception("m", 1, 2, 3, 4, 5, 6)).output_shape((14, 14, 10)) == (14, 14, 1 + 3 + 5 + 10)


def test_layers_that_follow_each_other_are_walked_with_their_inputs() -> None:
    layers: tuple[Layer, ...] = (Convolution("c", 4, 3, 2), inception("m", 1, 2, 3, 4, 5, 6), Linear("l", 2))
    seen = [(getattr(layer, "name", type(layer).__name__), shape) for layer, shape in walk(layers, (8, 8, 3))]
    assert seen == [
        ("c", (8, 8, 3)),
        ("1x1", (4, 4, 4)),
        ("3x3_reduce", (4, 4, 4)),
        ("3x3", (4, 4, 2)),
        ("5x5_reduce", (4, 4, 4)),
        ("5x5", (4, 4, 4)),
        ("MaxPool", (4, 4, 4)),
        ("pool_projection", (4, 4, 4)),
        ("l", (4, 4, 15)),
    ]
    assert output_shape(layers, (8, 8, 3)) == (1, 1, 2)
    assert list(weight_shapes(layers, (8, 8, 3)))[-2:] == ["l.weight", "l.bias"]


def test_a_change_reaches_the_layers_inside_modules_and_may_leave_some_out() -> None:
    def without_pools(layer: Layer) -> Layer | None:
        return None if isinstance(layer, MaxPool) else layer

    changed = map_layers((MaxPool(3, 2), inception("m", 1, 2, 3, 4, 5, 6)), without_pools)
    (module,) = changed
    assert isinstance(module, Inception)
    assert not any(isinstance(layer, MaxPool) for branch in module.branches for layer in branch)


@given(height=st.integers(1, 20), width=st.integers(1, 20), channels=st.integers(1, 4))
def test_a_modules_branches_all_keep_the_grid(height: int, width: int, channels: int) -> None:
    module = inception("m", 1, 2, 3, 4, 5, 6)
    grids = {output_shape(branch, (height, width, channels))[:2] for branch in module.branches}
    assert grids == {(height, width)}
