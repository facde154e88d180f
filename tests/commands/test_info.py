"""`googlenet info`: what a model is, whether it still answers as it did, and that a tampered file is not trusted."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from googlenet.model import About, KnownAnswer, load_model, save_model

if TYPE_CHECKING:
    from tests.commands.conftest import Run


def test_a_model_says_what_it_is(googlenet: Run, trained: Path) -> None:
    done = googlenet("info", trained)
    facts = {line[:15].strip(): line[15:] for line in done.out.splitlines()}
    assert facts["variant"] == "small-32, width 0.125, 3 classes"
    assert facts["classes"] == "blue; green; red"
    assert facts["pictures"].startswith("squash to 28 px; RGB, minus (124, 117, 104)")
    assert facts["data"].startswith("photos: ")
    assert "held back with seed 3, share 0.3" in facts["data"]
    assert "validation top-1 (95 % interval" in done.out.splitlines()[-1]
    assert "known answer" not in done.out  # not asked for


def test_json_says_the_same_for_programs(googlenet: Run, trained: Path) -> None:
    facts = googlenet("info", trained, "--json").json
    assert facts["architecture"]["variant"] == "small-32"
    assert [one["id"] for one in facts["classes"]] == ["blue", "green", "red"]
    assert facts["preprocessing"]["fit"] == "squash"
    assert facts["data"]["split"] == {"seed": 3, "share": 0.3}
    assert facts["recipe"]["variant"] == "small-32"
    assert facts["scores"]["split"] == "val"
    assert facts["known_answer"] is None
    assert len(facts["sha256"]) == 64


def test_verify_runs_the_known_answer(googlenet: Run, trained: Path) -> None:
    done = googlenet("info", trained, "--verify")
    assert done.code == 0
    assert "known answer   agrees (largest difference in a probability " in done.out
    check = googlenet("info", trained / "model.safetensors", "--verify", "--json").json["known_answer"]
    assert check["agrees"] is True
    assert 0 <= check["worst_difference"] < 1e-4


def test_an_answer_that_has_changed_is_told_by_text_and_exit_code(
    googlenet: Run, trained: Path, tmp_path: Path
) -> None:
    model = load_model(trained)
    assert model.known_answer is not None
    wrong = np.roll(model.known_answer.probabilities, 1, axis=1)
    save_model(
        replace(model, known_answer=KnownAnswer(model.known_answer.images, wrong)), tmp_path / "wrong.safetensors"
    )
    done = googlenet("info", tmp_path / "wrong.safetensors", "--verify")
    assert done.code == 1
    assert "DOES NOT AGREE: do not trust this file on this machine" in done.out


def test_scores_and_data_of_any_kind_are_shown_and_are_json(googlenet: Run, trained: Path, tmp_path: Path) -> None:
    """Another program may have written them, and a training that ran away NaN."""
    model = load_model(trained)
    path = tmp_path / "model.safetensors"
    for scores in (
        {"top1": float("nan")},
        {**model.about.scores, "top1": None},
        {**model.about.scores, "top1_interval": "x"},
    ):
        for data in ({"name": "a", "pictures": [1, 2], "split": "x"}, {"pictures": {"train": "x"}}):
            save_model(replace(model, about=replace(model.about, scores=scores, data=data)), path)
            assert googlenet("info", path).code == 0
            assert "NaN" not in googlenet("info", path, "--json").out


def test_a_model_of_another_maker_is_shown_with_what_it_says(googlenet: Run, trained: Path, tmp_path: Path) -> None:
    """Scores, data and versions are free: what is missing is not asked for."""
    path = tmp_path / "other.safetensors"
    for about in (About(scores={"top1": 0.7}, data={"name": "birds"}, licence="MIT"), About()):
        save_model(replace(load_model(trained), about=about, known_answer=None), path)
        done = googlenet("info", path, "--verify")
        assert (done.code, done.err) == (0, "")
        assert "known answer   none in this file" in done.out
        assert "made           not stated\n" in done.out
        assert ("scores         top1 0.7" in done.out) == bool(about.scores)


def test_an_imported_model_says_what_file_it_was_read_from(googlenet: Run) -> None:
    done = googlenet("info", "bvlc", "--verify")
    assert done.code == 0
    facts = {line[:15].strip(): line[15:] for line in done.out.splitlines()}
    assert facts["licence"] == "unrestricted use"
    assert facts["source sha256"].startswith("ac5fa81a5079")
    assert facts["known answer"].startswith("agrees")
    assert googlenet("info", "bvlc", "--json").json["source_sha256"].startswith("ac5fa81a5079")


@pytest.mark.parametrize("place", [0.02, 0.5, 0.999])
def test_a_tampered_file_is_never_trusted(googlenet: Run, trained: Path, tmp_path: Path, place: float) -> None:
    path = tmp_path / "tampered.safetensors"
    data = bytearray((trained / "model.safetensors").read_bytes())
    data[int(place * len(data))] ^= 0x10
    path.write_bytes(data)
    sentence = googlenet("info", path, "--verify").error
    assert sentence.startswith(str(path))


def test_half_a_file_is_refused_even_without_verifying(googlenet: Run, trained: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.safetensors"
    path.write_bytes((trained / "model.safetensors").read_bytes()[:-1000])
    assert googlenet("info", path).error.startswith(str(path))


def test_a_run_that_has_no_model_yet_is_an_error(googlenet: Run, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "run")
    (tmp_path / "run" / "model.safetensors").unlink()
    assert googlenet("info", tmp_path / "run").error == f"the folder {tmp_path / 'run'} contains no model.safetensors"


def test_each_member_of_an_ensemble_is_shown_and_checked(googlenet: Run, ensemble: Path, tmp_path: Path) -> None:
    done = googlenet("info", ensemble, "--verify")
    assert done.code == 0
    assert done.out.startswith("ensemble       2 models")
    assert done.out.count("known answer   agrees") == 2
    assert f"member 2       {ensemble / 'members' / '2'}\n" in done.out
    members = googlenet("info", ensemble, "--json").json["members"]
    assert [one["preprocessing"]["resize_size"] for one in members] == [28, 32]
    shutil.copytree(ensemble, tmp_path / "copy")
    second = tmp_path / "copy" / "members" / "2" / "model.safetensors"
    model = load_model(second)
    assert model.known_answer is not None
    wrong = KnownAnswer(model.known_answer.images, np.roll(model.known_answer.probabilities, 1, axis=1))
    save_model(replace(model, known_answer=wrong), second)
    done = googlenet("info", tmp_path / "copy", "--verify")
    assert done.code == 1
    assert (done.out.count("known answer   agrees"), done.out.count("DOES NOT AGREE")) == (1, 1)
