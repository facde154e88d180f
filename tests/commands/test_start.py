"""`googlenet train --start` and `googlenet lr-find`: from the weights of one model to new classes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from googlenet.model import load_model

if TYPE_CHECKING:
    from tests.commands.conftest import Run

SHORT = ("--set", "steps=3", "--set", "batch_size=8", "--device", "cpu")


@pytest.fixture
def two_colours(photos: Path, tmp_path: Path) -> Path:
    """DATA of two of the three colours, so that a classifier of three does not fit."""
    for colour in ("blue", "red"):
        shutil.copytree(photos / colour, tmp_path / "two" / colour)
    return tmp_path / "two"


def test_a_training_begins_from_a_model_and_keeps_its_network_and_pictures(
    googlenet: Run, trained: Path, two_colours: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    done = googlenet("train", two_colours, "--start", trained, "--out", out, *SHORT)
    assert done.code == 0, done.err
    assert f"starting from {trained.resolve()}: its weights, channel order, mean and scale; the classifier is new" in (
        done.out
    )
    assert "recipe finetune: fit squash to 28 px" in done.out
    start, model = load_model(trained), load_model(out)
    assert (model.spec.variant, model.spec.width) == (start.spec.variant, start.spec.width)
    assert model.preprocessing == start.preprocessing
    assert [label.id for label in model.classes] == ["blue", "red"]
    assert "from the weights of: trained by googlenet" in model.about.source


def test_another_side_keeps_the_margin_that_is_cut_off(
    googlenet: Run, trained: Path, two_colours: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert (
        googlenet("train", two_colours, "--start", trained, "--out", first, *SHORT, "--set", "resize_size=42").code == 0
    )
    assert (
        googlenet("train", two_colours, "--start", first, "--out", second, *SHORT, "--set", "input_size=32").code == 0
    )
    assert (load_model(first).preprocessing.resize_size, load_model(second).preprocessing.resize_size) == (42, 48)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("width=0.5", "--set width=0.5 contradicts the model to start from, which has 0.125; omit it"),
        ("variant=paper", "--set variant=paper contradicts the model to start from, which has small-32; omit it"),
    ],
)
def test_a_setting_that_contradicts_the_start_is_refused(
    googlenet: Run, trained: Path, two_colours: Path, tmp_path: Path, setting: str, sentence: str
) -> None:
    out = tmp_path / "run"
    done = googlenet("train", two_colours, "--start", trained, "--out", out, "--set", setting)
    assert done.error == sentence
    assert not out.exists()


def test_a_run_goes_on_only_from_the_weights_it_was_started_from(
    googlenet: Run, trained: Path, two_colours: Path, tmp_path: Path
) -> None:
    out, start = tmp_path / "run", tmp_path / "start.safetensors"
    shutil.copy(trained / "model.safetensors", start)
    assert googlenet("train", two_colours, "--start", start, "--out", out, *SHORT).code == 0
    (out / "model.safetensors").replace(start)
    assert googlenet("train", "--resume", out).error == (
        f"{start.resolve()} has changed since this run was started from it, so the run cannot be resumed: "
        "restore it, or start a new run"
    )
    assert googlenet("train", two_colours, "--resume", out, "--start", trained).error == (
        f"{out} was started with start {start.resolve()}, not {trained.resolve()}; omit it to resume the run"
    )


def test_the_recipe_for_a_start_needs_one(googlenet: Run, two_colours: Path, tmp_path: Path) -> None:
    done = googlenet("train", two_colours, "--recipe", "finetune", "--out", tmp_path / "run")
    assert done.error.startswith("linear_probe and frozen of the recipe")
    assert done.error.endswith("need a model to start from; give --start MODEL")


def test_a_learning_rate_is_suggested_with_its_curve(
    googlenet: Run, trained: Path, two_colours: Path, tmp_path: Path
) -> None:
    out = tmp_path / "curve.png"
    lr = ("lr-find", two_colours, "--start", trained, "--steps", "12", "--out", out, "--set", "batch_size=8")
    done = googlenet(*lr)
    assert done.code == 0, done.err
    assert done.out.startswith("suggested: --set learning_rate=0.")
    assert done.out.rstrip().endswith(f"; plot: {out}")
    with Image.open(out) as curve:
        assert curve.size == (960, 600)
    fields = googlenet(*lr, "--json").json
    assert f"learning_rate={fields['learning_rate']:g} " in done.out
    assert len(fields["rates"]) == len(fields["losses"]) <= 12


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--out", "curve.jpg"), "--out is curve.jpg: the plot is a PNG file, so its name must end in .png"),
        (
            ("--lowest", "1", "--highest", "0.1"),
            "--lowest is 1 and --highest is 0.1: both must be above 0 and ascending",
        ),
    ],
)
def test_lr_refuses_what_cannot_be(googlenet: Run, two_colours: Path, flags: tuple[str, ...], sentence: str) -> None:
    assert googlenet("lr-find", two_colours, *flags).error == sentence
