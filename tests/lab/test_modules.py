"""The networks that the experiments about modules compare: they differ in what they say, and cost what they say."""

from __future__ import annotations

from typing import Any

import pytest

import googlenet
from googlenet.architecture import INCEPTION_MODULES, weight_shapes

FAMILIES = pytest.mark.parametrize("family", ["small-32", "small-64"])


def multiply_adds(table: googlenet.Architecture) -> int:
    return googlenet.network_cost(table).multiply_adds


@FAMILIES
def test_the_narrow_naive_network_costs_what_the_reduced_one_does(load: Any, family: str) -> None:
    reductions = load("reductions")
    width = reductions.width_of_equal_cost(family)
    narrow, reduced = (
        multiply_adds(googlenet.build_architecture(googlenet.ArchitectureSpec(variant, classes=10, width=one)))
        for variant, one in ((f"{family}-naive", width), (family, reductions.WIDTH))
    )
    assert narrow / reduced == pytest.approx(1, abs=0.15)


@FAMILIES
def test_network_in_network_costs_what_the_wider_convolutions_do(load: Any, family: str) -> None:
    one_by_one = load("one_by_one")
    changes = one_by_one.plain(one_by_one.factor_of_equal_cost(family)), one_by_one.plain(one_by_one=True)
    linear, stacked = (one_by_one.changed(family, family, change) for change in changes)
    assert multiply_adds(linear) / multiply_adds(stacked) == pytest.approx(1, abs=0.002)
    assert modules_layers(linear) == {"3x3"}
    assert modules_layers(stacked) == {"3x3", "1x1"}
    shapes = weight_shapes(stacked)
    assert shapes["4e.3x3.weight"] == (320, 288, 3, 3)  # as many filters as Table 1 has; 4d gives as many as its 3x3
    assert shapes["4e.1x1.weight"] == (320, 320, 1, 1)


@pytest.mark.parametrize(
    ("ending", "left"),
    [
        ("_reduce", {"1x1", "3x3", "5x5", "pool_projection"}),
        ("pool_projection", {"1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5"}),
    ],
)
def test_what_is_switched_off_is_gone_from_every_module_and_from_nowhere_else(
    load: Any, ending: str, left: set[str]
) -> None:
    one_by_one = load("one_by_one")
    table = one_by_one.changed("small-32", "one", one_by_one.without(ending))
    assert modules_layers(table) == left
    assert "conv2_reduce.weight" in weight_shapes(table)


def modules_layers(table: googlenet.Architecture) -> set[str]:
    """The names of the convolutions that every module has."""
    names = [name.split(".")[:2] for name in weight_shapes(table)]
    found = [{layer for row, layer in names if row == module} for module in INCEPTION_MODULES]
    assert all(one == found[0] for one in found)
    return found[0]


def test_few_pictures_are_as_many_of_each_class_and_all_that_validate(load: Any) -> None:
    head = load("head")
    everything = googlenet.open_dataset("digits")
    few = head.few_of_each(everything)
    assert set(few.splits["train"].counts.values()) == {head.FEW}
    assert few.splits["val"] == everything.splits["val"]
    assert few.splits["train"].items == head.few_of_each(everything).splits["train"].items
