"""Table 1, row by row: what the paper prints, what its rows cost by hand count, and which printed cells cannot be met.

Every figure is written here from `paper.md`, none is taken from the code.
"""

from __future__ import annotations

import pytest

from googlenet.architecture import PAPER, network_cost, row_shapes, weight_shapes
from googlenet.architecture.cost import RowCost

# name: output as printed, depth as printed, params as printed, ops as printed, parameters and multiply-adds as counted
TABLE: dict[str, tuple[str, int, str | None, str | None, int, int]] = {
    "conv1": ("112x112x64", 1, "2.7K", "34M", 9_472, 118_013_952),
    "pool1": ("56x56x64", 0, None, None, 0, 0),
    "conv2": ("56x56x192", 2, "112K", "360M", 4_160 + 110_784, 12_845_056 + 346_816_512),
    "pool2": ("28x28x192", 0, None, None, 0, 0),
    "3a": ("28x28x256", 2, "159K", "128M", 163_696, 128_049_152),
    "3b": ("28x28x480", 2, "380K", "304M", 388_736, 304_267_264),
    "pool3": ("14x14x480", 0, None, None, 0, 0),
    "4a": ("14x14x512", 2, "364K", "73M", 376_176, 73_608_192),
    "4b": ("14x14x512", 2, "437K", "88M", 449_160, 87_908_352),
    "4c": ("14x14x512", 2, "463K", "100M", 510_104, 99_850_240),
    "4d": ("14x14x528", 2, "580K", "119M", 605_376, 118_515_712),
    "4e": ("14x14x832", 2, "840K", "170M", 868_352, 169_996_288),
    "pool4": ("7x7x832", 0, None, None, 0, 0),
    "5a": ("7x7x832", 2, "1072K", "54M", 1_043_456, 51_079_168),
    "5b": ("7x7x1024", 2, "1388K", "71M", 1_444_080, 70_697_984),
    "average_pool": ("1x1x1024", 0, None, None, 0, 0),
    "dropout": ("1x1x1024", 0, None, None, 0, 0),
    "linear": ("1x1x1000", 1, "1000K", "1M", 1_025_000, 1_024_000),
    "softmax": ("1x1x1000", 0, None, None, 0, 0),
}
UNMET_PARAMETERS = {"conv1", "4a", "4b", "4c", "4d", "4e", "5a", "5b"}
UNMET_MULTIPLY_ADDS = {"conv1", "5a"}

COST = network_cost(PAPER)
ROWS = {row.name: row for row in COST.rows}


def test_the_rows_stand_in_the_papers_order() -> None:
    assert list(ROWS) == list(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_a_row_has_the_printed_output_and_depth(name: str) -> None:
    output, depth, *_ = TABLE[name]
    assert ROWS[name].output == output
    assert ROWS[name].output_met is True
    assert ROWS[name].depth == depth
    assert "x".join(map(str, row_shapes(PAPER)[name])) == output


@pytest.mark.parametrize("name", TABLE)
def test_a_row_costs_what_its_kernels_do(name: str) -> None:
    *_, parameters, multiply_adds = TABLE[name]
    assert (ROWS[name].parameters, ROWS[name].multiply_adds) == (parameters, multiply_adds)


@pytest.mark.parametrize("name", TABLE)
def test_a_row_shows_the_printed_figures_beside_the_counted_ones(name: str) -> None:
    _, _, parameters, multiply_adds, *_ = TABLE[name]
    assert (ROWS[name].printed_parameters, ROWS[name].printed_multiply_adds) == (parameters, multiply_adds)


def test_exactly_the_cells_that_no_reading_meets_are_marked() -> None:
    def unmet(cell: str) -> set[str]:
        return {row.name for row in COST.rows if getattr(row, cell) is False}

    assert unmet("parameters_met") == UNMET_PARAMETERS
    assert unmet("multiply_adds_met") == UNMET_MULTIPLY_ADDS
    assert unmet("output_met") == set()


def test_a_cell_that_the_paper_leaves_empty_is_neither_met_nor_unmet() -> None:
    def checked(row: RowCost) -> tuple[bool, bool]:
        return row.parameters_met is not None, row.multiply_adds_met is not None

    for name, (_, _, parameters, multiply_adds, *_) in TABLE.items():
        assert checked(ROWS[name]) == (parameters is not None, multiply_adds is not None)


def test_the_totals() -> None:
    assert COST.parameters == 6_998_552
    assert COST.multiply_adds == 1_582_671_872
    assert COST.parameters_with_auxiliary == 13_378_280
    assert (COST.input_size, COST.classes) == (224, 1000)


def test_22_layers_with_weights_and_27_with_pools() -> None:
    assert COST.depth == 22
    assert COST.depth + sum("pool" in row.kind for row in COST.rows) == 27


def test_the_printed_operations_add_up_to_the_texts_billion_and_a_half() -> None:
    printed = (row.printed_multiply_adds for row in COST.rows)
    assert sum(int(figure.removesuffix("M")) for figure in printed if figure) == 1_502


# columns "#1x1" to "pool proj" of the table
FILTERS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
KERNELS = {"1x1": 1, "3x3_reduce": 1, "3x3": 3, "5x5_reduce": 1, "5x5": 5, "pool_projection": 1}
INPUTS = {"3a": 192, "3b": 256, "4a": 480, "4b": 512, "4c": 512, "4d": 512, "4e": 528, "5a": 832, "5b": 832}


@pytest.mark.parametrize("module", FILTERS)
def test_a_module_has_the_six_filter_counts_and_kernels_of_its_row(module: str) -> None:
    shapes = weight_shapes(PAPER)
    _, reduce_3x3, _, reduce_5x5, _, _ = FILTERS[module]
    channels = dict.fromkeys(KERNELS, INPUTS[module]) | {"3x3": reduce_3x3, "5x5": reduce_5x5}
    for (name, kernel), filters in zip(KERNELS.items(), FILTERS[module], strict=True):
        assert shapes[f"{module}.{name}.weight"] == (filters, channels[name], kernel, kernel)
        assert shapes[f"{module}.{name}.bias"] == (filters,)
