"""What a request becomes: where a training starts, with which recipe, and what is refused before any work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from googlenet.dataset import open_dataset
from googlenet.errors import DataError, InputError, SettingsError
from googlenet.recipes import RECIPES, STARTS
from googlenet.workflow.plan import new_plan
from googlenet.workflow.request import Request
from googlenet.workflow.starting import LOOKED_AT, median_shorter_side
from googlenet.workflow.train import merged_settings, train


def write_pictures(root: Path, size: tuple[int, int], *, count: int = 10) -> Path:
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for number in range(count):
            pixels = np.random.default_rng(number).integers(0, 255, (*size, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("data") / "photos", (100, 130))


@pytest.fixture(scope="module")
def icons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("data") / "icons", (95, 300))


def decided(data: object, **request: Any) -> tuple[str, str | None, str | None]:
    plan, _ = new_plan(Request(data=str(data), **request))
    return plan.recipe, plan.start, plan.start_reason


@pytest.mark.parametrize(
    ("request_", "decision"),
    [
        ({}, ("finetune", "bvlc", None)),
        ({"recipe": "finetune"}, ("finetune", "bvlc", None)),
        ({"from_scratch": True}, ("scratch", None, None)),
        ({"recipe": "scratch"}, ("scratch", None, None)),
        ({"recipe": "paper"}, ("paper", None, None)),
        ({"recipe": "scratch", "start": "bvlc"}, ("scratch", "bvlc", None)),
        ({"overrides": {"width": 1.0, "variant": "paper", "channels": 3}}, ("finetune", "bvlc", None)),
        ({"overrides": {"width": 0.5}}, ("scratch", None, "width is set to 0.5, and bvlc has 1.0")),
        ({"overrides": {"channels": 1}}, ("scratch", None, "channels is set to 1, and bvlc has 3")),
        (
            {"overrides": {"variant": "batchnorm"}},
            ("scratch", None, "variant is set to batchnorm, and bvlc has paper"),
        ),
    ],
)
def test_photographs_are_fine_tuned_unless_the_request_says_otherwise(
    photos: Path, request_: dict[str, Any], decision: tuple[str, str | None, str | None]
) -> None:
    assert decided(photos, **request_) == decision


def test_embedded_sets_and_small_pictures_start_from_random_weights_and_say_why(icons: Path) -> None:
    assert decided("digits") == ("small", None, "digits is an embedded set of small pictures")
    assert decided("digits", from_scratch=True) == ("small", None, None)
    reason = "the pictures are small: a shorter side of 95 px, below 96 px"
    assert decided(icons) == ("scratch", None, reason)
    assert decided(icons, recipe="finetune") == ("finetune", "bvlc", None)
    assert decided(icons, start="bvlc") == ("finetune", "bvlc", None)


def test_every_recipe_says_where_it_starts() -> None:
    assert STARTS.keys() == RECIPES.keys()
    assert all((STARTS[name] is None) == (not recipe.needs_start) for name, recipe in RECIPES.items())


def test_the_size_is_that_of_most_pictures_of_a_sample_and_bad_ones_do_not_count(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "data", (40, 50), count=60)
    for number in range(10):
        Image.new("RGB", (500, 400)).save(root / "cat" / f"{number}.png")
        (root / "dog" / f"{number}.png").write_bytes(b"no picture")
    samples = open_dataset(root).splits["train"]
    opened: list[str] = []

    class Counting:
        def decode(self, name: str, *rest: Any, **more: Any) -> Any:
            opened.append(name)
            return samples.source.decode(name, *rest, **more)

    from dataclasses import replace

    assert median_shorter_side(replace(samples, source=Counting())) == 40
    assert len(opened) == LOOKED_AT


def test_nothing_is_opened_for_a_request_that_cannot_be(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    with pytest.raises(SettingsError, match=r"unknown setting 'lr'; did you mean 'learning_rate'\?"):
        new_plan(Request(data=missing, overrides={"lr": 1}))
    with pytest.raises(SettingsError, match="unknown recipe 'smal'"):
        new_plan(Request(data=missing, recipe="smal"))
    with pytest.raises(InputError, match="this program has GoogLeNet only"):
        new_plan(Request(data=missing, start="resnet50"))


def test_epochs_of_a_user_are_not_raised_to_the_recipes_least_updates(photos: Path) -> None:
    assert new_plan(Request(data=str(photos)))[0].settings["least_steps"] == 400
    assert new_plan(Request(data=str(photos), overrides={"epochs": 1}))[0].settings["least_steps"] == 1
    both = {"epochs": 1, "least_steps": 50}
    assert new_plan(Request(data=str(photos), overrides=both))[0].settings["least_steps"] == 50


def test_a_setting_given_both_ways_must_be_the_same() -> None:
    assert merged_settings({"epochs": 3}, {"epochs": 3.0, "workers": None}) == {"epochs": 3.0}
    with pytest.raises(InputError, match="--batch-size is 8 and --set batch_size is 16: omit one of them"):
        merged_settings({"batch_size": 16}, {"batch_size": 8})


def test_excluded_pictures_are_left_out_and_kept_in_the_plan(photos: Path) -> None:
    plan, dataset = new_plan(Request(data=str(photos), exclude=("cat/3.png", "dog/1.png")))
    names = {item.name for samples in dataset.splits.values() for item in samples.items}
    assert len(names) == 18
    assert not names & {"cat/3.png", "dog/1.png"}
    assert plan.exclude == ("cat/3.png", "dog/1.png")
    again = {item.name for samples in plan.open_dataset().splits.values() for item in samples.items}
    assert again == names
    with pytest.raises(DataError):
        new_plan(Request(data=str(photos), exclude=("nowhere.png",)))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"data": 5}, "data must be a string or a path, not 5"),
        ({"data": "digits", "minutes": "7"}, "minutes must be a number, not '7'"),
        ({"data": "digits", "batch_size": 1.5}, r"batch_size must be an integer, not 1\.5"),
        ({"data": "digits", "settings": ["epochs=3"]}, "settings must be a dict, not a list"),
        ({"data": "digits", "minutes": 1, "epochs": 2}, "both say how long to train; omit one of them"),
        ({"data": "digits", "minutes": 0}, "minutes is 0; give a time above 0"),
        ({}, "DATA is missing"),
    ],
)
def test_a_wrong_call_is_refused_by_name(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        train(**arguments)
