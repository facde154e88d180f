"""What a network costs and which inputs it takes, read off any table."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from googlenet.architecture import (
    PAPER,
    VARIANTS,
    Architecture,
    ArchitectureSpec,
    build_architecture,
    check_input_size,
    input_sizes,
    network_cost,
    row_shapes,
)
from googlenet.architecture.cost import cost_to_dict, multiply_adds
from googlenet.architecture.layers import Convolution, Linear
from googlenet.errors import InputError

TABLES = {name: variant.build() for name, variant in VARIANTS.items()}
ADAPTIVE = build_architecture(ArchitectureSpec(adaptive_auxiliary_pooling=True))


def fits(table: Architecture, input_size: int, *, auxiliaries: bool) -> bool:
    try:
        check_input_size(table, input_size, auxiliaries=auxiliaries)
    except InputError:
        return False
    return True


@pytest.mark.parametrize("auxiliaries", [False, True])
@pytest.mark.parametrize("variant", ["paper", "fully-connected", "inception5h", "torchvision", "small-32"])
def test_the_sides_of_the_interval_fit_and_those_beside_it_do_not(variant: str, auxiliaries: bool) -> None:
    table = TABLES[variant]
    least, largest = input_sizes(table, auxiliaries=auxiliaries)
    last = largest or 2000
    inside = {least, least + 1, table.input_size, last - 1, last}
    outside = {1, least - 1} | ({largest + 1, 4096} if largest else set())
    assert {input_size for input_size in inside | outside if fits(table, input_size, auxiliaries=auxiliaries)} == inside


@settings(max_examples=25)
@given(input_size=st.integers(1, 20_000))
def test_an_input_size_is_checked_whatever_it_is(input_size: int) -> None:
    assert fits(PAPER, input_size, auxiliaries=False) == (input_size >= 31)
    assert fits(TABLES["fully-connected"], input_size, auxiliaries=False) == (223 <= input_size <= 254)


def test_a_network_with_an_average_over_the_whole_grid_takes_any_larger_input() -> None:
    assert input_sizes(PAPER) == (31, None)
    check_input_size(PAPER, 4096)
    check_input_size(PAPER, 100_000)


def test_a_head_of_linear_layers_takes_its_own_grid_alone() -> None:
    with pytest.raises(InputError, match="too large: the variant 'fully-connected' accepts 223 to 254 px"):
        check_input_size(TABLES["fully-connected"], 5000)


def test_a_side_that_does_not_fit_is_answered_with_those_that_do() -> None:
    with pytest.raises(InputError) as small:
        check_input_size(PAPER, 20)
    assert str(small.value) == "an input of 20 px is too small: the variant 'paper' accepts 31 px or more"
    with pytest.raises(InputError) as large:
        check_input_size(PAPER, 288, auxiliaries=True)
    assert str(large.value) == (
        "an input of 288 px is too large: the variant 'paper' accepts 223 to 270 px; "
        "adaptive_auxiliary_pooling=true makes its auxiliary classifiers accept other sizes"
    )


@pytest.mark.parametrize("table", [PAPER, ADAPTIVE])
def test_adaptive_side_pooling_is_advised_only_where_it_helps(table: Architecture) -> None:
    """20 px are too few for the modules themselves, however the auxiliary classifiers pool."""
    with pytest.raises(InputError, match="20 px is too small") as error:
        check_input_size(table, 20, auxiliaries=True)
    assert "adaptive_auxiliary_pooling" not in str(error.value)
    assert "adaptive_auxiliary_pooling" in _refusal(PAPER, 128)


def _refusal(table: Architecture, input_size: int) -> str:
    with pytest.raises(InputError) as error:
        check_input_size(table, input_size, auxiliaries=True)
    return str(error.value)


def test_multiply_adds_are_a_kernel_for_each_place_of_its_output() -> None:
    assert multiply_adds((Convolution("c", 8, 3, 2),), (10, 10, 4)) == 5 * 5 * 8 * 4 * 9
    assert multiply_adds((Linear("l", 10),), (2, 2, 3)) == 120


@given(input_size=st.integers(31, 500))
def test_shapes_for_another_input_start_from_it(input_size: int) -> None:
    shapes = row_shapes(PAPER, (input_size, input_size, 3))
    assert shapes["conv1"] == ((input_size + 1) // 2, (input_size + 1) // 2, 64)
    assert shapes["linear"] == (1, 1, 1000)


def test_the_totals_are_the_sums_of_the_rows() -> None:
    for table in TABLES.values():
        cost = network_cost(table)
        assert cost.parameters == sum(row.parameters for row in cost.rows)
        assert cost.multiply_adds == sum(row.multiply_adds for row in cost.rows)
        assert cost.depth == sum(row.depth for row in cost.rows)


def test_costs_pass_through_json() -> None:
    record = json.loads(json.dumps(cost_to_dict(network_cost(PAPER))))
    assert record["parameters"] == 6_998_552
    assert record["rows"][0]["name"] == "conv1"
    assert record["rows"][0]["parameters_met"] is False
