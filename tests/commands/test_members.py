"""`googlenet train --members`: networks that differ as the paper's seven do, and answer as one model."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from googlenet.cli.display import CountDisplay
from googlenet.errors import InputError
from googlenet.evaluation import Answers
from googlenet.model import load_model
from googlenet.recipes import recipe_from_dict
from googlenet.runs import ModelSaved, RunFolder
from googlenet.training import TrainingJob
from googlenet.training.parts import build_network, build_sampler
from googlenet.workflow.members import member_plans
from googlenet.workflow.plan import new_plan
from googlenet.workflow.request import Request

if TYPE_CHECKING:
    from tests.commands.conftest import Run

TRAIN = ("--recipe", "smoke", "--set", "steps=3", "--set", "batch_size=8", "--device", "cpu", "--seed", "5")


@pytest.fixture(scope="module")
def ensemble(program: Run, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The RUN of an ensemble of three, and what its training printed."""
    out = tmp_path_factory.mktemp("ensemble") / "run"
    done = program("train", photos, *TRAIN, "--members", "3", "--out", out)
    assert done.code == 0, done.err
    return out, done.out


def member_jobs(photos: Path, members: int) -> list[TrainingJob]:
    plan, dataset = new_plan(Request(data=str(photos), recipe="smoke", minutes=7.0, seed=5, members=members))
    return [
        TrainingJob(
            dataset,
            recipe_from_dict(member.settings),
            RunFolder(photos / "none"),
            member.seed,
            member.minutes,
            initial_seed=member.initial_seed,
        )
        for member in member_plans(plan)
    ]


def test_members_share_their_start_and_differ_in_sampling_and_order_and_the_last_is_wider(photos: Path) -> None:
    jobs = member_jobs(photos, 7)
    assert len(jobs) == 7
    assert {job.minutes for job in jobs} == {1.0}
    starts = [dict(build_network(job)[0].named_parameters()) for job in jobs]
    for start in starts[1:6]:
        assert all(np.array_equal(start[name].detach(), starts[0][name].detach()) for name in starts[0])
    assert [job.recipe.width for job in jobs] == [0.125] * 6 + [0.125 * 1.25]
    orders = {tuple(build_sampler(job).epoch_order(0).tolist()) for job in jobs}
    assert len(orders) == 7
    assert len({job.seed for job in jobs}) == 7
    rates = {(job.recipe.learning_rate, job.recipe.schedule, job.recipe.epochs) for job in jobs}
    assert len(rates) == 1


def test_an_ensemble_is_one_model_for_every_verb(googlenet: Run, ensemble: tuple[Path, str], photos: Path) -> None:
    run, printed = ensemble
    assert "member 1 of 3" in printed
    assert printed.splitlines()[-1].startswith("3 members together: ")
    assert json.loads((run / "ensemble.json").read_text()) == {
        "schema_version": 1,
        "members": ["members/1", "members/2", "members/3"],
    }
    evaluation: dict[str, Any] = json.loads((run / "evaluation.json").read_text())
    again = googlenet("evaluate", run, photos, "--json").json
    assert (again["top1"], again["models"]) == (evaluation["top1"], 3)
    assert again["loss"] == pytest.approx(evaluation["loss"], rel=1e-5)
    answers = Answers.load(run / "answers.npz")
    assert (len(answers), evaluation["calibration"], evaluation["temperature"]) == (evaluation["pictures"], None, 1)
    (row,) = googlenet("predict", run, photos / "red" / "00.png", "--json").lines
    alone = [
        googlenet("predict", run / "members" / str(number), photos / "red" / "00.png", "--json").lines[0]
        for number in (1, 2, 3)
    ]

    def red(answer: dict[str, Any]) -> float:
        return float(next(one["probability"] for one in answer["predictions"] if one["label"] == "red"))

    assert red(row) == pytest.approx(sum(map(red, alone)) / 3, abs=2e-6)
    assert googlenet("info", run, "--verify").code == 0
    widths = [load_model(run / "members" / str(number)).spec.width for number in (1, 2, 3)]
    assert widths == [0.125, 0.125, 0.15625]


def test_an_ensemble_goes_on_member_by_member(
    googlenet: Run, ensemble: tuple[Path, str], photos: Path, tmp_path: Path
) -> None:
    whole, _ = ensemble
    cut = tmp_path / "cut"
    shutil.copytree(whole, cut)
    (cut / "ensemble.json").unlink()
    shutil.rmtree(cut / "members" / "2")  # as if it had not begun
    before = (cut / "members" / "1" / "model.safetensors").stat().st_mtime_ns
    done = googlenet("train", "--resume", cut)
    assert done.code == 0, done.err
    assert "member 1 of 3 is finished\nmember 2 of 3\n" in done.out
    assert (cut / "members" / "1" / "model.safetensors").stat().st_mtime_ns == before
    for number in ("1", "2", "3"):
        ours, theirs = (load_model(run / "members" / number).weights for run in (cut, whole))
        assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    assert googlenet("train", "--resume", cut).out.startswith(f"{cut} is finished; nothing to do\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_last_evaluation_ends_it_with_the_line_that_goes_on(
    googlenet: Run,
    ensemble: tuple[Path, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    code: int,
) -> None:
    whole, _ = ensemble
    cut = tmp_path / "cut"
    shutil.copytree(whole, cut)
    (cut / "ensemble.json").unlink()
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    monkeypatch.setattr(CountDisplay, "__call__", lambda self, done, total: os.kill(os.getpid(), number))
    done = googlenet("train", "--resume", cut)
    assert done.code == code
    assert done.out.endswith(f"stopped and saved; resume with:\n  googlenet train --resume {cut}\n")
    assert not (cut / "ensemble.json").exists()
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before
    monkeypatch.undo()
    assert googlenet("train", "--resume", cut).out.splitlines()[-1].startswith("3 members together: ")


def test_a_signal_while_a_member_is_saved_starts_no_other_member(
    googlenet: Run, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press_ctrl_c(event: object) -> str:
        if isinstance(event, ModelSaved):
            os.kill(os.getpid(), signal.SIGINT)
        return "told"

    monkeypatch.setattr("googlenet.runs.describe", press_ctrl_c)
    done = googlenet("train", photos, *TRAIN, "--members", "2", "--out", tmp_path / "run")
    assert done.code == 130
    assert done.out.endswith(f"googlenet train --resume {tmp_path / 'run'}\n")
    assert (tmp_path / "run" / "members" / "1" / "model.safetensors").is_file()
    assert not any((tmp_path / "run" / "members" / "2").iterdir())


def test_two_trainings_of_one_ensemble_are_one_too_many(
    googlenet: Run, ensemble: tuple[Path, str], photos: Path, tmp_path: Path
) -> None:
    whole, _ = ensemble
    cut = tmp_path / "cut"
    shutil.copytree(whole, cut)
    (cut / "ensemble.json").unlink()
    with RunFolder(cut).lock():
        assert googlenet("train", "--resume", cut).error.startswith(f"another training is writing into {cut}; wait")
    shutil.rmtree(cut / "members" / "2")
    with RunFolder(cut).member(2).lock():  # `train --resume RUN/members/2`, say
        done = googlenet("train", "--resume", cut)
    assert (done.code, f"error: another training is writing into {cut}/members/2; wait" in done.err) == (2, True)


def test_a_member_whose_turn_has_not_come_is_locked_too(
    googlenet: Run, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = []

    def begin_another(event: object) -> str:
        if isinstance(event, ModelSaved):
            for number in (1, 2):
                with pytest.raises(InputError) as refused, RunFolder(tmp_path / "run").member(number).lock():
                    pass
                refusals.append(str(refused.value))
        return "told"

    monkeypatch.setattr("googlenet.runs.describe", begin_another)
    done = googlenet("train", photos, *TRAIN, "--members", "2", "--out", tmp_path / "run")
    assert (done.code, len(refusals)) == (0, 4)
    assert all(refusal.startswith("another training is writing into") for refusal in refusals)


def test_an_ensemble_has_at_least_two_members(googlenet: Run, photos: Path, tmp_path: Path) -> None:
    done = googlenet("train", photos, *TRAIN, "--members", "1", "--out", tmp_path / "run")
    assert done.error == "--members is 1; an ensemble needs at least 2 members (the paper's has 7)"
    assert not (tmp_path / "run").exists()
