"""`googlenet.train`: the same road as the verb, with events, lines and a typed result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import googlenet
from googlenet.dataset import read_exclude
from googlenet.runs import EpochDone, Event, ModelSaved, RunFolder
from googlenet.workflow import TrainingStoppedError
from tests.workflow.test_plan import write_pictures

SETTINGS = {"steps": 3, "epochs": 1}


@pytest.fixture(scope="module")
def icons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("data") / "icons", (30, 30))


def test_a_line_of_python_trains_and_tells_listeners_and_prints_nothing(
    icons: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    events: list[Event] = []
    lines: list[str] = []
    (tmp_path / "exclude.txt").write_text("# twice\ncat/3.png\n")
    result = googlenet.train(
        icons,
        recipe="smoke",
        batch_size=4,
        settings=SETTINGS,
        seed=3,
        exclude=tmp_path / "exclude.txt",
        out=tmp_path / "run",
        device="cpu",
        on_event=events.append,
        on_line=lines.append,
    )
    assert capfd.readouterr() == ("", "")
    assert lines[0] == f"training small-32 from scratch on icons: 2 classes, 3 steps, into {tmp_path / 'run'}"
    assert "excluded 1 of 20 pictures" in lines
    assert isinstance(events[-1], ModelSaved)
    assert any(isinstance(event, EpochDone) for event in events)
    assert (result.folder, result.model) == (tmp_path / "run", tmp_path / "run" / "model.safetensors")
    assert result.scores["top1"] == json.loads((tmp_path / "run" / "evaluation.json").read_text())["top1"]
    assert json.loads(json.dumps(result.to_dict()))["folder"] == str(tmp_path / "run")
    assert repr(result).startswith(f"TrainingResult('{tmp_path / 'run'}': ")
    assert "\n" not in repr(result)
    stored = RunFolder(tmp_path / "run").read_settings()
    assert stored is not None
    assert (stored["exclude"], stored["settings"]["batch_size"], stored["seed"]) == (["cat/3.png"], 4, 3)
    assert read_exclude(tmp_path / "run" / "exclude.txt") == {"cat/3.png"}, "the report's command names this file"
    again = googlenet.train(resume=tmp_path / "run")
    assert again == result
    (tmp_path / "exclude.txt").write_text("cat/4.png\n")
    with pytest.raises(googlenet.InputError, match="--exclude lists others"):
        googlenet.train(resume=tmp_path / "run", exclude=str(tmp_path / "exclude.txt"))


def test_a_listener_can_stop_it_and_it_goes_on_where_it_was(icons: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    arguments: dict[str, Any] = {"recipe": "smoke", "settings": {"steps": 4, "batch_size": 4}, "device": "cpu"}
    with pytest.raises(TrainingStoppedError, match="stopped and saved; resume with googlenet") as stopped:
        googlenet.train(
            icons, out=tmp_path / "run", on_event=events.append, should_stop=lambda: len(events) > 2, **arguments
        )
    assert (stopped.value.folder, stopped.value.saved) == (tmp_path / "run", True)
    whole = googlenet.train(icons, out=tmp_path / "whole", **arguments)
    resumed = googlenet.train(resume=tmp_path / "run", device="cpu")
    assert resumed.scores["top1"] == whole.scores["top1"]
    assert resumed.scores["loss"] == whole.scores["loss"]


def test_an_ensemble_takes_the_same_road(icons: Path, tmp_path: Path) -> None:
    result = googlenet.train(
        icons, recipe="smoke", settings={"steps": 2}, batch_size=4, members=2, out=tmp_path / "run", device="cpu"
    )
    assert (result.members, result.model) == (2, tmp_path / "run")
    assert "2 members together: " in result.lines[1]
    assert googlenet.load(result.folder).predict(icons / "cat" / "0.png").error is None
