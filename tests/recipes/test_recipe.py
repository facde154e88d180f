"""Recipes: what they hold, how `--set` changes them, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from googlenet.architecture import build_architecture
from googlenet.cli.recipes import setting_text
from googlenet.errors import InputError, SettingsError
from googlenet.recipes import PURPOSES, RECIPES, Recipe, get_recipe, override, parse_overrides, recipe_from_dict


def changed(*pairs: str) -> Recipe:
    return override(get_recipe("paper"), parse_overrides(pairs))


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("epochs=10", 10.0),
        ("epochs=.5", 0.5),
        ("learning_rate=1e-3", 1e-3),
        (" steps = 40 ", 40),
        ("variant=small-32", "small-32"),
        ("fit=letterbox", "letterbox"),
        ("mirror=false", False),
        ("mirror=off", False),
        ("mirror=no", False),
        ("nesterov=on", True),
        ("nesterov=Yes", True),
        ("nesterov=true", True),
        ("lighting=off", 0.0),
        ("auxiliary_weight=off", 0.0),
        ("patch_area=0.3,1", (0.3, 1.0)),
        ("patch_area=0.3, 1", (0.3, 1.0)),
        ("patch_area=[0.3, 1]", (0.3, 1.0)),
        ("patch_area=off", None),
        ("photometric=none", None),
        ("resize_size=None", None),
        ("patience=3", 3),
        ("patience=OFF", None),
        ("dropout=none", None),
        ("dropout=off", 0.0),
        ("averaging=none", "none"),
        ("averaging=off", "none"),
        ("interpolations=area", ("area",)),
        ("interpolations=bilinear,area", ("bilinear", "area")),
        ("interpolations=bilinear, area", ("bilinear", "area")),
        ('interpolations=["area"]', ("area",)),
        ("train_sizes=96", ((0.0, 96),)),
        ("train_sizes=0:64,0.5:96", ((0.0, 64), (0.5, 96))),
        ("train_sizes=[[0, 64], [0.5, 96]]", ((0.0, 64), (0.5, 96))),
        ("train_sizes=none", None),
    ],
)
def test_a_setting_is_read_in_every_form_that_a_user_writes(pair: str, value: Any) -> None:
    key = pair.partition("=")[0].strip()
    assert getattr(changed(pair), key) == value


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        (["epochs"], "--set 'epochs' has no value: write key=value, for example epochs=10"),
        (["=10"], "--set '=10' has no value: write key=value, for example epochs=10"),
        (["epochs=1", "epochs=2"], "--set gives 'epochs' twice"),
        (["epoch=10"], "unknown setting 'epoch'; did you mean 'epochs'?"),
        (["learningrate=1"], "unknown setting 'learningrate'; did you mean 'learning_rate'?"),
        (["qqqq=off"], "unknown setting 'qqqq'; `googlenet recipes` lists them"),
        (["epochs=fast"], "epochs=fast: give a number above 0"),
        (["epochs=0"], "epochs=0: give a number above 0"),
        (["learning_rate=Infinity"], "learning_rate=inf: give finite numbers"),
        (["photometric=0.5,Infinity"], "photometric=(0.5, inf): give finite numbers"),
        (["learning_rate=off"], "learning_rate=0: give a number above 0"),
        (["batch_size=0"], "batch_size=0: give an integer of at least 1"),
        (["channels=2"], "channels=2: give one of 1, 3"),
        (["schedule=steps"], "schedule=steps: give one of paper, polynomial, linear, cosine, constant"),
        (["precision=half"], "precision=half: give one of auto, float32, bfloat16"),
        (["warmup=1"], "warmup=1: give a number of at least 0 and below 1"),
        (["workers=65"], "workers=65: give an integer of at least 1 and at most 64, or none"),
        (["mirror=maybe"], "mirror=maybe: give true or false"),
        (["patch_area=0.5"], "patch_area=0.5: give two values, each a number above 0, or none"),
        (["resize_size=200"], "resize_size is 200 and input_size is 224: resize_size must be at least input_size"),
        (["patch_area=1,0.5"], "patch_area is 1.0,0.5: give the smaller number first"),
        (["patch_area=0.5,2"], "patch_area ends at 2.0: a share is at most 1"),
        (["photometric=1.5,0.5"], "photometric is 1.5,0.5: give the smaller number first"),
        (["interpolations=[]"], "interpolations is empty: give at least one"),
        (["train_sizes=0.5:64"], "train_sizes '0.5:64' must start at 0, as in 0:64,0.5:96"),
        (["train_sizes=64,96"], "train_sizes '64,96' cannot be read: write 128, or 0:64,0.5:96,0.8:128"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_a_sentence(pairs: list[str], sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        changed(*pairs)
    assert str(refusal.value) == sentence


def test_an_unknown_variant_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no variant is called 'smal-32'; did you mean 'small-32'\?"):
        changed("variant=smal-32")


@pytest.mark.parametrize("name", RECIPES)
def test_what_googlenet_recipes_shows_can_be_given_to_set(name: str) -> None:
    recipe = get_recipe(name)
    pairs = [f"{key}={setting_text(value)}" for key, value in recipe.to_dict().items()]
    again = override(get_recipe("smoke"), parse_overrides(pairs))
    assert again.to_dict() == {
        key: pytest.approx(value, rel=1e-5) if isinstance(value, float | list) and key != "interpolations" else value
        for key, value in recipe.to_dict().items()
    }


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_json(name: str) -> None:
    recipe = get_recipe(name)
    assert recipe_from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_has_a_purpose_a_network_and_a_preprocessing(name: str) -> None:
    recipe = get_recipe(name)
    assert PURPOSES[name]
    assert build_architecture(recipe.spec(10)).classes == 10
    assert recipe.preprocessing().input_size == recipe.input_size
    assert len(recipe.preprocessing().mean) == recipe.channels


def test_a_recipe_is_frozen() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        get_recipe("paper").epochs = 1  # type: ignore[misc]


def test_settings_of_another_version_are_refused() -> None:
    with pytest.raises(SettingsError, match="unknown setting 'colour'"):
        recipe_from_dict(get_recipe("paper").to_dict() | {"colour": 3})


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("papr", "unknown recipe 'papr'; did you mean 'paper'?"),
        ("zzz", "unknown recipe 'zzz'; choose from paper, scratch, finetune, small, smoke"),
    ],
)
def test_an_unknown_recipe_suggests_the_nearest(name: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        get_recipe(name)
    assert str(refusal.value) == sentence


def test_the_paper_recipe_is_section_6_of_the_paper() -> None:
    paper = get_recipe("paper")
    assert (paper.variant, paper.width, paper.input_size, paper.channels) == ("paper", 1.0, 224, 3)
    assert (paper.optimizer, paper.momentum, paper.nesterov) == ("sgd", 0.9, False)
    assert (paper.schedule, paper.warmup) == ("paper", 0.0), "4 % less every 8 epochs: test_schedule.py"
    assert (paper.averaging, paper.auxiliary_weight, paper.dropout) == ("polyak", 0.3, None)
    assert (paper.patch_area, paper.patch_aspect) == ((0.08, 1.0), (3 / 4, 4 / 3))
    assert (paper.photometric, paper.lighting, paper.mirror) == ((0.5, 1.5), 0.1, True)
    assert paper.interpolations == ("bilinear", "area", "nearest", "bicubic")
    assert (paper.batch_size, paper.learning_rate, paper.weight_decay) == (32, 0.01, 2e-4)  # Caffe's replication
    assert (paper.label_smoothing, paper.train_sizes, paper.precision) == (0.0, None, "float32")
