"""One training at a time writes into a run's folder; a folder that is deleted meanwhile is made again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from googlenet.dataset import Sample
from googlenet.errors import InputError
from googlenet.files import FolderLock
from googlenet.model import load_model
from googlenet.runs import CheckpointSaved, EpochDone, Event, FolderRecreated, RunFolder, StepDone

if TYPE_CHECKING:
    from tests.training.conftest import Training

HOLDER = """
import sys
from pathlib import Path
from googlenet.runs import RunFolder
with RunFolder(Path(sys.argv[1])).lock():
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_two_trainings_cannot_write_into_one_folder(training: Training) -> None:
    job = training.job("run", steps=2)

    def begin_another(event: Event) -> None:
        if isinstance(event, StepDone):
            with pytest.raises(
                InputError, match=r"another training is writing into .*run; wait for it to finish, or use"
            ):
                training.run(job)

    first = training.run(job, listen=begin_another)
    assert first.model is not None
    assert len(first.all(StepDone)) == 2
    assert not (job.folder.path / ".lock").exists()


def test_the_lock_of_a_training_that_was_killed_is_no_obstacle(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, folder.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(InputError, match="another training is writing into"), folder.lock():
            pass
        holder.send_signal(signal.SIGKILL)
    assert (folder.path / ".lock").exists()
    with folder.lock():
        pass


def test_a_lock_that_another_one_has_taken_meanwhile_is_refused(tmp_path: Path) -> None:
    with FolderLock(tmp_path / "run", "taken") as ours:
        assert not ours.restore()
        shutil.rmtree(tmp_path / "run")
        with FolderLock(tmp_path / "run", "taken") as theirs:
            with pytest.raises(InputError, match=r"^taken$"):
                ours.restore()
            assert not theirs.restore()
        assert ours.restore()
        assert not ours.restore()


@pytest.mark.parametrize("selection", ["best", "last"])
def test_a_folder_that_is_deleted_in_mid_run_is_made_again(training: Training, selection: str) -> None:
    data = training.dataset()
    val = data.splits["val"]  # called by other classes' names: who learns more scores less, so that epoch 1 is the best
    items = tuple(Sample(item.name, (item.label + 1) % 3) for item in val.items)
    data = replace(data, splits=data.splits | {"val": replace(val, items=items)})
    plain = {"photometric": None, "lighting": 0, "averaging": "none", "learning_rate": 0.1, "warmup": 0.3}
    job = training.job("run", data, epochs=3, selection=selection, **plain)

    def delete(event: Event) -> None:
        if isinstance(event, StepDone) and event.step == 8:
            shutil.rmtree(job.folder.path)

    done = training.run(job, listen=delete)
    assert [event.path for event in done.all(FolderRecreated)] == [job.folder.path]
    assert [event.step for event in done.all(CheckpointSaved)] == [6, 12, 18]
    assert len(job.folder.metrics.read_text().splitlines()) == 1 + 3
    assert "was deleted; it was created again" in job.folder.log.read_text()
    model = load_model(job.folder.model)
    first, *since = (epoch.validation_top1 or 0.0 for epoch in done.all(EpochDone))
    assert first > max(since)
    assert model.about.scores["top1"] == (max(since) if selection == "best" else since[-1])


def test_a_current_folder_that_is_deleted_in_mid_run_is_made_again(
    training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    training.root = Path("runs")
    job = training.job("run", steps=3)

    def delete(event: Event) -> None:
        if isinstance(event, StepDone) and event.step == 2:
            shutil.rmtree(here)

    assert training.run(job, listen=delete).model is not None
    assert (here / "runs" / "run" / "model.safetensors").is_file()
    assert Path(os.getcwd()) == here
