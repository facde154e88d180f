"""`googlenet table1` and `googlenet recipes`: the tables that the package is made of, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from googlenet.architecture import VARIANTS
from googlenet.recipes import RECIPES, SETTINGS, get_recipe, override, parse_overrides

if TYPE_CHECKING:
    from tests.commands.conftest import Run


def test_json_has_the_promised_keys(googlenet: Run) -> None:
    table = googlenet("table1", "--json").json
    assert table["variant"] == "paper"
    assert table["parameters"] == 6_998_552
    assert table["parameters_with_auxiliary"] == 13_378_280
    assert table["multiply_adds"] == 1_582_671_872
    assert table["depth"] == 22
    keys = {"name", "kind", "output", "parameters", "multiply_adds", "printed_parameters", "printed_multiply_adds"}
    assert all(keys <= row.keys() for row in table["rows"])
    assert (
        table["rows"][4]
        | {
            "name": "3a",
            "kind": "inception",
            "output": "28x28x256",
            "parameters": 163_696,
            "multiply_adds": 128_049_152,
            "printed_parameters": "159K",
            "printed_multiply_adds": "128M",
        }
        == table["rows"][4]
    )


def test_the_text_shows_counted_beside_printed_and_marks_the_cells_that_cannot_be_met(googlenet: Run) -> None:
    lines = googlenet("table1").out.splitlines()
    rows = {line.split()[0]: line.split() for line in lines if line}
    assert rows["conv1"] == ["conv1", "convolution", "112x112x64", "1", "9,472", "2.7K", "*", "118,013,952", "34M", "*"]
    assert rows["3a"] == ["3a", "inception", "28x28x256", "2", "163,696", "159K", "128,049,152", "128M"]
    assert sum(line.count(" *") for line in lines) == 10  # 8 of parameters, 2 of multiply-adds
    assert any(line.split() == ["parameters", "6,998,552"] for line in lines)
    assert any(line.startswith("* The printed cell is met by no reading") for line in lines)


def test_markdown_is_a_table_with_the_same_cells(googlenet: Run) -> None:
    lines = googlenet("table1", "--markdown").out.splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + 19
    assert len({line.count("|") for line in table}) == 1
    assert "| 4a | inception | 14x14x512 | 2 | 376,176 | 364K \\* | 73,608,192 | 73M |" in table


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_has_its_table(googlenet: Run, variant: str) -> None:
    table = googlenet("table1", "--variant", variant, "--json").json
    assert table["variant"] == variant
    assert table["parameters"] == sum(row["parameters"] for row in table["rows"])
    text = googlenet("table1", "--variant", variant).out
    assert f"{variant}: {VARIANTS[variant].purpose}" in text
    assert ("is met by no reading" in text) == (variant == "paper")  # the figures are those of the paper's network


def test_an_unknown_variant_is_answered_with_the_nearest(googlenet: Run) -> None:
    assert googlenet("table1", "--variant", "papre").error == "no variant is called 'papre'; did you mean 'paper'?"
    assert "the variants are paper, naive" in googlenet("table1", "--variant", "zzz").error


def test_two_forms_at_once_contradict_each_other(googlenet: Run) -> None:
    assert googlenet("table1", "--json", "--markdown").error.startswith("--json and --markdown contradict each other")


def test_recipes_are_listed_with_their_purpose(googlenet: Run) -> None:
    lines = googlenet("recipes").out.splitlines()
    assert [line.split()[0] for line in lines] == list(RECIPES)
    assert all(len(line.split()) > 3 for line in lines)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_shows_every_setting_with_its_value_and_meaning(googlenet: Run, name: str) -> None:
    shown = {line.split()[0]: line.split()[1:] for line in googlenet("recipes", name).out.splitlines()[2:]}
    assert shown.keys() == SETTINGS.keys()
    assert all(len(words) >= 2 for words in shown.values())
    as_json = googlenet("recipes", name, "--json").json
    assert as_json.keys() == shown.keys()
    assert googlenet("recipes", "--json").json[name] == as_json


@pytest.mark.parametrize("name", RECIPES)
def test_a_shown_value_can_be_typed_after_set(googlenet: Run, name: str) -> None:
    lines = googlenet("recipes", name).out.splitlines()[2:]
    pairs = [f"{line.split()[0]}={line.split()[1]}" for line in lines]
    typed, shown = override(get_recipe("smoke"), parse_overrides(pairs)).to_dict(), get_recipe(name).to_dict()
    for key, value in shown.items():
        numbers = isinstance(value, float) or (isinstance(value, list) and key != "interpolations")
        assert typed[key] == (pytest.approx(value, rel=1e-5) if numbers else value), key


def test_an_unknown_recipe_is_answered_with_the_nearest(googlenet: Run) -> None:
    assert googlenet("recipes", "smke").error == "unknown recipe 'smke'; did you mean 'smoke'?"
