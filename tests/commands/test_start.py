"""`googlenet train --start` and `googlenet lr-find`: from the weights of one model to new classes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from googlenet.model import load_model
from googlenet.pretrained import find_model
from googlenet.recipes import RECIPES

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


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            ("--recipe", "smoke", "--set", "frozen=conv2"),
            "frozen of the recipe need a model to start from; give --start MODEL",
        ),
        (
            ("--recipe", "finetune", "--from-scratch"),
            "--from-scratch starts from random weights, but the recipe finetune is for a model to start from: "
            "omit one of them",
        ),
        (
            ("--start", "bvlc", "--from-scratch"),
            "--from-scratch starts from random weights, --start bvlc from that model: omit one of them",
        ),
    ],
)
def test_what_contradicts_random_weights_is_refused(
    googlenet: Run, two_colours: Path, tmp_path: Path, flags: tuple[str, ...], sentence: str
) -> None:
    assert googlenet("train", two_colours, *flags, "--out", tmp_path / "run").error == sentence
    assert not (tmp_path / "run").exists()


def test_small_pictures_start_from_scratch_and_the_first_lines_say_why(
    googlenet: Run, two_colours: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    small = ("--set", "input_size=32", "--set", "train_sizes=32", "--set", "width=1")
    done = googlenet("train", two_colours, "--out", run, *SHORT, *small)
    assert done.code == 0, done.err
    assert done.out.splitlines()[:2] == [
        f"training batchnorm from scratch on two: 2 classes, 3 steps, into {run}",
        "from scratch, because the pictures are small: a shorter side of 30 px, below 96 px "
        "(--start bvlc: fine-tune the ImageNet weights instead)",
    ]
    assert googlenet("train", "--resume", run, "--from-scratch").code == 0


def test_larger_pictures_are_fine_tuned_from_the_shipped_weights_and_the_first_line_says_so(
    googlenet: Run, tmp_path: Path
) -> None:
    generator = np.random.default_rng(0)
    for name, red in (("cat", 200), ("dog", 60)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(6):
            pixels = generator.integers(red - 50, red + 50, (100, 120, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    run = tmp_path / "run"
    small: tuple[str, ...] = (
        "--set",
        "steps=2",
        "--batch-size",
        "2",
        "--set",
        "input_size=96",
        "--set",
        "train_sizes=96",
    )
    small += ("--set", "precision=float32")
    done = googlenet("train", tmp_path / "photos", "--out", run, *small, "--device", "cpu")
    assert done.code == 0, done.err
    assert done.out.splitlines()[:3] == [
        f"fine-tuning bvlc, GoogLeNet's weights from ImageNet, on photos: 2 classes, 2 steps, into {run}",
        "starting from bvlc: its weights, channel order, mean and scale; the classifier is new "
        "(--from-scratch: random weights instead)",
        f"recipe finetune: fit squash to 96 px, trained in float32; all settings are in {run}/settings.json",
    ]
    model = load_model(run)
    assert "from the weights of: BVLC GoogLeNet" in model.about.source
    frozen = "conv1.weight"
    assert np.array_equal(model.weights[frozen], load_model(find_model("bvlc")).weights[frozen])
    assert googlenet("train", "--resume", run, "--from-scratch").error == (
        f"{run} was started from bvlc, not from scratch; omit it to resume the run"
    )


def test_a_learning_rate_is_suggested_with_its_curve_and_whether_to_follow_it(
    googlenet: Run, trained: Path, two_colours: Path, tmp_path: Path
) -> None:
    out, own = tmp_path / "curve.png", RECIPES["finetune"].learning_rate
    lr = ("lr-find", two_colours, "--start", trained, "--steps", "12", "--out", out, "--set", "batch_size=8")
    done = googlenet(*lr)
    assert done.code == 0, done.err
    suggested, advice, plot = done.out.splitlines()
    assert advice.startswith((f"keep the recipe finetune's own {own:g}: ", "try it: it is "))
    assert plot == f"plot: {out}"
    assert done.err.startswith(f"starting from {trained.resolve()}: ")
    with Image.open(out) as curve:
        assert curve.size == (960, 600)
    fields = googlenet(*lr, "--json").json
    what = "suggested: --learning-rate" if fields["verdict"] == "try" else "this search:"
    assert suggested.startswith(f"{what} {fields['learning_rate']:g} ")
    assert (fields["recipe"], fields["recipe_learning_rate"], fields["advice"]) == ("finetune", own, advice)
    assert len(fields["rates"]) == len(fields["losses"]) <= 12


def test_without_matplotlib_a_rate_is_suggested_and_a_line_says_why_there_is_no_plot(
    googlenet: Run, trained: Path, two_colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    out = tmp_path / "curve.png"
    done = googlenet("lr-find", two_colours, "--start", trained, "--steps", "10", "--out", out, "--set", "batch_size=8")
    assert done.code == 0
    assert done.out.startswith(("suggested: --learning-rate ", "this search: "))
    assert 'no plot: the plot needs matplotlib, which is not installed: pip install "googlenet[report]"\n' in done.err
    assert not out.exists()


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--out", "curve.jpg"), "cannot write curve.jpg: the plot is a PNG file, so its name must end in .png"),
        (
            ("--lowest", "1", "--highest", "0.1"),
            "--lowest is 1 and --highest is 0.1: both must be above 0 and ascending",
        ),
    ],
)
def test_lr_refuses_what_cannot_be(googlenet: Run, two_colours: Path, flags: tuple[str, ...], sentence: str) -> None:
    assert googlenet("lr-find", two_colours, *flags).error == sentence
