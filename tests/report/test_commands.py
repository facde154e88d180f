"""`googlenet report`, and the command that repeats a run."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from googlenet.evaluation import Answers
from googlenet.recipes import get_recipe, override, parse_overrides
from googlenet.report.commands import repeat_command
from googlenet.runs import RunFolder
from tests.commands.conftest import Run, googlenet
from tests.report.conftest import changed, fill_run, random_answers

__all__ = ["googlenet"]


@pytest.fixture
def small(tmp_path: Path) -> RunFolder:
    """A run of two classes, whose pictures are in a folder `data` beside it."""
    return fill_run(RunFolder(tmp_path / "small"), tmp_path / "data", random_answers([0, 1] * 10, ("a", "b")))


def test_it_makes_the_report_of_a_run_again(googlenet: Run, small: RunFolder) -> None:
    done = googlenet("report", small.path)
    assert (done.code, done.out) == (0, f"report: {small.report}\n")
    assert "it names about" in small.report.read_text("utf-8")


def test_it_says_where_the_page_is_as_json(googlenet: Run, small: RunFolder, tmp_path: Path) -> None:
    done = googlenet("report", small.path, "--out", tmp_path / "page.html", "--json")
    assert done.json == {"report": str(tmp_path / "page.html")}
    assert not small.report.exists()


def test_it_compares_runs(googlenet: Run, small: RunFolder, tmp_path: Path) -> None:
    other = RunFolder(tmp_path / "other")
    shutil.copytree(small.path, other.path)
    changed(Answers.load(small.answers), accuracy=0.95, seed=3).save(other.answers)
    page = tmp_path / "both.html"
    assert googlenet("report", small.path, other.path, "--out", page).code == 0
    text = page.read_text("utf-8")
    assert "Comparison of 2 models" in text
    assert "All answered the same 20 pictures of val" in text


def test_a_model_file_and_a_run_without_answers_are_evaluated_on_data(
    googlenet: Run, small: RunFolder, tmp_path: Path
) -> None:
    small.answers.unlink()
    for model in (small.path, small.model):
        assert "has no answers of its own: give labelled pictures with --data" in googlenet("report", model).error
        page = tmp_path / "page.html"
        done = googlenet("report", model, "--data", tmp_path / "data", "--out", page)
        assert (done.code, done.err) == (0, "")
        assert "Measured on 20 pictures of val" in page.read_text("utf-8")


def test_data_with_other_pictures_is_evaluated_and_moved_pictures_are_not(
    googlenet: Run, small: RunFolder, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    (tmp_path / "data").rename(tmp_path / "moved")
    assert googlenet("report", small.path, "--data", tmp_path / "moved", "--out", page).code == 0
    assert "torn.png" in page.read_text("utf-8")  # the bad picture that the run's own answers know
    for picture in sorted((tmp_path / "moved").rglob("*.png"))[::2]:
        picture.unlink()
    assert googlenet("report", small.path, "--data", tmp_path / "moved", "--out", page).code == 0
    assert "Measured on 10 pictures of val" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("out", "error"),
    [("page.png", "must end in .html"), ("nowhere/page.html", "there is no folder nowhere")],
)
def test_a_page_needs_a_name_and_a_folder(
    googlenet: Run, small: RunFolder, out: str, error: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert error in googlenet("report", small.path, "--out", out).error


@pytest.mark.parametrize("content", ['{"data": 3}', '{"data": "x", "recipe": "small-32", "settings": []}'])
def test_settings_of_another_kind_are_an_error_in_a_sentence(googlenet: Run, small: RunFolder, content: str) -> None:
    small.settings.write_text(content)
    error = googlenet("report", small.path).error
    assert "settings.json is damaged" in error
    assert "unexpected" not in error


def test_a_run_that_does_not_exist(googlenet: Run, tmp_path: Path) -> None:
    assert f"{tmp_path / 'none'}: no such run or model file" in googlenet("report", tmp_path / "none").error


@pytest.mark.parametrize(
    "overrides",
    [
        ("epochs=3", "batch_size=8"),
        ("photometric=off", "mirror=false", "dropout=none", "interpolations=bilinear,nearest"),
        ("train_sizes=0:24,0.5:32", "patch_area=0.2,0.75", "learning_rate=0.0125", "variant=batchnorm"),
    ],
)
def test_the_command_that_repeats_a_run_gives_its_settings(overrides: tuple[str, ...]) -> None:
    recipe = override(get_recipe("smoke"), parse_overrides(overrides))
    stored = {
        **{"data": "/a folder/photos", "recipe": "smoke", "settings": recipe.to_dict(), "seed": 3, "minutes": 1.5},
        **{"start": None, "members": None, "val_share": 0.25, "split_seed": 0},
    }
    words = shlex.split(repeat_command(stored))
    assert "--from-scratch" in words
    assert "--from-scratch" not in repeat_command(stored | {"start": "bvlc"})
    words.remove("--from-scratch")
    assert words[:5] == ["googlenet", "train", "/a folder/photos", "--recipe", "smoke"]
    flags = dict(zip(words[5::2], words[6::2], strict=True))
    assert (flags["--seed"], flags["--minutes"], flags["--val-share"]) == ("3", "1.5", "0.25")
    assert "--start" not in flags
    pairs = [value for flag, value in zip(words[5::2], words[6::2], strict=True) if flag == "--set"]
    assert override(get_recipe("smoke"), parse_overrides(pairs)) == recipe
