"""Which layer of a module a unit belongs to."""

from __future__ import annotations

from collections import Counter

import pytest

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.visualization.units import unit_layers

BVLC = build_architecture(ArchitectureSpec("paper"))


def test_the_units_of_a_module_belong_to_its_branches() -> None:
    units = unit_layers(BVLC, "4c")
    assert Counter(unit.name for unit in units) == {
        "4c/1x1": 128,
        "4c/3x3": 256,
        "4c/5x5": 64,
        "4c/pool_projection": 64,
    }
    assert (units[127].name, units[128].name, units[-1].name) == ("4c/1x1", "4c/3x3", "4c/pool_projection")
    sizes = {unit.name: unit.receptive_field.size for unit in units}
    assert sizes["4c/1x1"] < sizes["4c/3x3"] < sizes["4c/5x5"] == 299


@pytest.mark.parametrize("name", ["conv1", "conv2", "conv2/conv2_reduce", "4c/5x5", "pool3", "average_pool", "linear"])
def test_the_units_of_other_layers_are_their_own(name: str) -> None:
    units = unit_layers(BVLC, name)
    assert {unit.name for unit in units} == {name}
    assert len(units) == units[0].shape[2]


@pytest.mark.parametrize("variant", ["naive", "torchvision", "small-32"])
def test_every_variant_has_units(variant: str) -> None:
    table = build_architecture(ArchitectureSpec(variant))
    assert {unit.row for unit in unit_layers(table, "4a")} == {"4a"}
