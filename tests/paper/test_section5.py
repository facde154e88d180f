"""Section 5 and Figure 3: what defines the network besides its table. Figures are from `paper.md`, by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from googlenet.architecture import (
    PAPER,
    VARIANTS,
    TableRow,
    auxiliary_weight_shapes,
    check_input_size,
    input_sizes,
    network_cost,
    row_shapes,
    weight_shapes,
)
from googlenet.architecture.layers import (
    AdaptiveAveragePool,
    AveragePool,
    Convolution,
    Dropout,
    Inception,
    Layer,
    Linear,
    LocalResponseNorm,
    MaxPool,
    Shape,
    count_parameters,
    map_layers,
    output_shape,
    walk,
)
from googlenet.errors import InputError
from googlenet.network import GoogLeNet, blocks

ROWS = {row.name: row for row in PAPER.rows}
AUXILIARIES = {auxiliary.after: auxiliary for auxiliary in PAPER.auxiliaries}
MODULES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")


@pytest.fixture(scope="module")
def network() -> GoogLeNet:
    return GoogLeNet(PAPER)


def test_224_rgb_goes_in() -> None:
    assert PAPER.input_shape == (224, 224, 3)


def test_lrn_stands_after_the_first_pool_and_after_the_3x3_of_conv2_and_nowhere_else() -> None:
    """Figure 3; over 5 channels, alpha 1e-4, beta 0.75, k 1, as in the weights that people have."""
    norm = LocalResponseNorm(size=5, alpha=1e-4, beta=0.75, k=1.0)
    assert ROWS["pool1"].layers == (MaxPool(3, 2), norm)
    reduction, convolution, last = ROWS["conv2"].layers
    assert isinstance(reduction, Convolution)
    assert isinstance(convolution, Convolution)
    assert (reduction.kernel_size, reduction.filters) == (1, 64)
    assert (convolution.kernel_size, convolution.filters) == (3, 192)
    assert last == norm
    assert sum(isinstance(layer, LocalResponseNorm) for layer in PAPER.layers) == 2


def test_the_first_convolution_is_7x7_with_stride_2() -> None:
    (convolution,) = ROWS["conv1"].layers
    assert isinstance(convolution, Convolution)
    assert (convolution.kernel_size, convolution.stride, convolution.filters) == (7, 2, 64)


@pytest.mark.parametrize("name", ["pool1", "pool2", "pool3", "pool4"])
def test_max_pools_are_3x3_with_stride_2(name: str) -> None:
    assert ROWS[name].layers[0] == MaxPool(3, 2)


def test_max_pools_round_up() -> None:
    input_size = 112
    for expected in (56, 28, 14, 7):
        input_size = MaxPool(3, 2).output_shape((input_size, input_size, 1))[0]
        assert input_size == expected


@pytest.mark.parametrize("module", MODULES)
def test_a_modules_pool_branch_is_3x3_with_stride_1_before_its_projection(module: str) -> None:
    (inception,) = ROWS[module].layers
    assert isinstance(inception, Inception)
    assert [len(branch) for branch in inception.branches] == [1, 2, 2, 2]
    pool, projection = inception.branches[3]
    assert pool == MaxPool(3, 1, padding=1)
    assert isinstance(projection, Convolution)
    assert projection.kernel_size == 1


def test_a_relu_stands_behind_every_convolution_reductions_and_projections_included(network: GoogLeNet) -> None:
    """57 convolutions on the main path and one in each auxiliary classifier: none ever hands on a negative value."""
    convolutions = {name: module for name, module in network.named_modules() if isinstance(module, blocks.Convolution)}
    assert len(convolutions) == 1 + 2 + 9 * 6 + 2
    lowest: dict[str, float] = {}
    spread: dict[str, float] = {}
    hooks = [module.register_forward_hook(_note(name, lowest, spread)) for name, module in convolutions.items()]
    with torch.no_grad():
        network.train()(torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1)))
    for hook in hooks:
        hook.remove()
    assert lowest.keys() == convolutions.keys()
    assert set(lowest.values()) == {0.0}
    assert all(value > 0 for value in spread.values())


Hook = Callable[[nn.Module, tuple[Any, ...], torch.Tensor], None]


def _note(name: str, lowest: dict[str, float], spread: dict[str, float]) -> Hook:
    def hook(module: nn.Module, arguments: tuple[Any, ...], output: torch.Tensor) -> None:
        lowest[name], spread[name] = float(output.min()), float(output.std())

    return hook


def test_the_average_pool_covers_the_whole_7x7_grid_and_holds_no_weights(network: GoogLeNet) -> None:
    assert row_shapes(PAPER)["5b"] == (7, 7, 1024)
    (pool,) = network.rows["average_pool"]
    x = torch.randn(2, 1024, 7, 7, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(network.get_submodule(pool)(x), nn.AvgPool2d(7, 1)(x))
    assert not list(network.get_submodule(pool).parameters())


def test_dropout_is_40_percent_before_the_classifier_and_70_in_the_auxiliary_classifiers() -> None:
    assert ROWS["dropout"].layers == (Dropout(0.4),)
    assert [layer for layer in PAPER.layers if isinstance(layer, Dropout)] == [Dropout(0.4)]
    for auxiliary in PAPER.auxiliaries:
        assert [layer for layer in auxiliary.layers if isinstance(layer, Dropout)] == [Dropout(0.7)]


def test_auxiliary_classifiers_read_4a_and_4d() -> None:
    assert [(auxiliary.name, auxiliary.after) for auxiliary in PAPER.auxiliaries] == [
        ("auxiliary_4a", "4a"),
        ("auxiliary_4d", "4d"),
    ]


@pytest.mark.parametrize(
    ("after", "pooled", "parameters"), [("4a", (4, 4, 512), 3_188_840), ("4d", (4, 4, 528), 3_190_888)]
)
def test_a_auxiliary_classifier_is_a_5x5_pool_by_3_a_1x1_convolution_and_two_linear_layers(
    after: str, pooled: tuple[int, int, int], parameters: int
) -> None:
    pool, convolution, fully_connected, dropout, linear = AUXILIARIES[after].layers
    assert pool == AveragePool(5, 3)
    assert pool.output_shape(row_shapes(PAPER)[after]) == pooled
    assert isinstance(convolution, Convolution)
    assert (convolution.filters, convolution.kernel_size) == (128, 1)
    assert isinstance(fully_connected, Linear)
    assert (fully_connected.outputs, fully_connected.relu) == (1024, True)
    assert dropout == Dropout(0.7)
    assert isinstance(linear, Linear)
    assert (linear.outputs, linear.relu) == (1000, False)
    assert count_parameters(auxiliary_weight_shapes(PAPER, AUXILIARIES[after])) == parameters


def test_auxiliary_classifiers_run_in_training_alone(network: GoogLeNet) -> None:
    x = torch.zeros(1, 3, 224, 224)
    with torch.no_grad():
        assert network.train()(x).auxiliary_4a is not None
        assert network(x).auxiliary_4d is not None
        assert network.eval()(x)[1:] == (None, None)


def test_the_auxiliary_classifiers_5x5_pool_by_3_takes_223_to_270_px() -> None:
    assert input_sizes(PAPER, auxiliaries=True) == (223, 270)
    for input_size in (223, 270):
        check_input_size(PAPER, input_size, auxiliaries=True)
    for input_size in (222, 271):
        with pytest.raises(InputError, match="223 to 270 px"):
            check_input_size(PAPER, input_size, auxiliaries=True)


def test_naive_modules_grow_to_4944_channels_and_cost_12_billion_multiply_adds() -> None:
    """Figure 2a; 92.5 M weights and 12.09 G multiply-adds are what the nine modules alone would have."""
    naive = VARIANTS["naive"].build()
    modules = [row for row in network_cost(naive).rows if row.kind == "inception"]
    assert len(modules) == 9
    assert row_shapes(naive)["5b"] == (7, 7, 4944)
    assert round(sum(row.multiply_adds for row in modules) / 1e9, 2) == 12.09
    weights = sum(_kernels(naive.rows, row.name, naive.input_shape) for row in modules)
    assert round(weights / 1e6, 1) == 92.5


def test_naive_modules_have_three_convolutions_with_the_tables_filters_beside_the_pool() -> None:
    (module,) = next(row.layers for row in VARIANTS["naive"].build().rows if row.name == "3a")
    assert isinstance(module, Inception)
    assert module.branches == (
        (Convolution("1x1", 64, 1),),
        (Convolution("3x3", 128, 3),),
        (Convolution("5x5", 32, 5),),
        (MaxPool(3, 1, padding=1),),
    )


def _kernels(rows: tuple[TableRow, ...], name: str, shape: Shape) -> int:
    """Weights without biases of the row called `name`, counted from its layers' inputs: k * k * in * out."""
    for row in rows:
        if row.name == name:
            convolutions = [
                (layer, given) for layer, given in walk(row.layers, shape) if isinstance(layer, Convolution)
            ]
            return sum(layer.kernel_size**2 * given[2] * layer.filters for layer, given in convolutions)
        shape = output_shape(row.layers, shape)
    raise AssertionError(name)


def test_the_fully_connected_head_would_hold_51_million_weights_more() -> None:
    """7 x 7 x 1024 values into 1024; average pooling holds none."""
    cost = network_cost(VARIANTS["fully-connected"].build())
    head = {row.name: row for row in cost.rows}["fully_connected"]
    assert head.parameters == 7 * 7 * 1024 * 1024 + 1024
    assert head.multiply_adds == 51_380_224
    assert cost.parameters == 6_998_552 + 51_380_224 + 1024


def test_inception5h_is_the_network_that_was_published_with_weights() -> None:
    table = VARIANTS["inception5h"].build()
    cost = network_cost(table)
    assert (cost.parameters, cost.multiply_adds, cost.classes) == (7_066_380, 1_584_881_536, 1_008)
    assert row_shapes(table)["4a"] == (14, 14, 508)
    assert row_shapes(table)["linear"] == (1, 1, 1008)
    norms = [layer for layer in table.layers if isinstance(layer, LocalResponseNorm)]
    assert norms == [LocalResponseNorm(size=11, alpha=0.0011, beta=0.5, k=2.0)] * 2  # alpha / size = 1e-4
    (module,) = next(row.layers for row in table.rows if row.name == "5a")
    assert isinstance(module, Inception)
    assert module.branches[2][0] == Convolution("5x5_reduce", 48, 1)


def test_inception5h_port_differs_in_its_lrn_alone() -> None:
    """torch.nn.functional.local_response_norm(size=9, alpha=1e-4, beta=0.5, k=1), as its PyTorch ports call it."""

    def without_norm(layer: Layer) -> Layer | None:
        return None if isinstance(layer, LocalResponseNorm) else layer

    published, port = (VARIANTS[name].build() for name in ("inception5h", "inception5h-port"))
    norms = [layer for layer in port.layers if isinstance(layer, LocalResponseNorm)]
    assert norms == [LocalResponseNorm(size=9, alpha=1e-4, beta=0.5, k=1.0)] * 2
    assert map_layers(port.layers, without_norm) == map_layers(published.layers, without_norm)


def test_inception5h_has_the_papers_output_sizes_with_padding_right_and_bottom() -> None:
    table = VARIANTS["inception5h"].build()
    ours, papers = row_shapes(table), row_shapes(PAPER)
    assert {name: shape[:2] for name, shape in ours.items()} == {name: shape[:2] for name, shape in papers.items()}
    (convolution,) = table.rows[0].layers
    assert isinstance(convolution, Convolution)
    assert convolution.pads == (2, 3)


def test_torchvisions_network_is_another_one() -> None:
    """3x3 for 5x5, batch normalisation and no bias, no LRN, a 2x2 pool, dropout 0.2, auxiliary 4x4 pools."""
    table = VARIANTS["torchvision"].build()
    rows = {row.name: row for row in table.rows}
    shapes = weight_shapes(table)
    assert network_cost(table).parameters == 6_624_904
    assert {shape[2:] for name, shape in shapes.items() if name.endswith(".5x5.weight")} == {(3, 3)}
    assert not any(isinstance(layer, LocalResponseNorm) for layer in table.layers)
    biases = [name for name in shapes if name.endswith(".bias") and ".normalization." not in name]
    assert {name.split(".")[-2] for name in biases} == {"fully_connected", "linear"}
    assert rows["pool4"].layers == (MaxPool(2, 2),)
    assert rows["dropout"].layers == (Dropout(0.2),)
    assert [auxiliary.layers[0] for auxiliary in table.auxiliaries] == [AdaptiveAveragePool(4)] * 2
