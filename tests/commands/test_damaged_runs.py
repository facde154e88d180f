"""Files of a run's folder that are damaged, or that another program wrote: a sentence, never a traceback."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from googlenet.model import load_model, save_model

if TYPE_CHECKING:
    from tests.commands.conftest import Run

NO_TEXT = b"\x89PNG\r\n\x1a\n\xff\xfe"


@pytest.fixture
def run_folder(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize("content", [NO_TEXT, b"", b'{"seed": 1}', b"[1]"])
def test_settings_that_are_none_are_named(googlenet: Run, run_folder: Path, content: bytes) -> None:
    (run_folder / "settings.json").write_bytes(content)
    error = googlenet("train", "--resume", run_folder).error
    assert error.startswith(f"{run_folder / 'settings.json'} ")
    assert error.endswith("start a new run in another folder")


@pytest.mark.parametrize(
    "wrong", [{"seed": "x"}, {"data": 5}, {"settings": []}, {"val_share": None}, {"minutes": [1]}, {"members": 2.5}]
)
def test_settings_of_other_types_are_named(googlenet: Run, run_folder: Path, wrong: dict[str, Any]) -> None:
    path = run_folder / "settings.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | wrong))
    assert f"{path} is damaged" in googlenet("train", "--resume", run_folder).error


@pytest.mark.parametrize("content", [NO_TEXT, b"", b"[]", None])
def test_the_evaluation_of_an_ensemble_that_is_none_is_named(
    googlenet: Run, ensemble: Path, trained: Path, tmp_path: Path, content: bytes | None
) -> None:
    folder = tmp_path / "ensemble"
    shutil.copytree(ensemble, folder)
    shutil.copy(trained / "settings.json", folder)
    if content is not None:
        (folder / "evaluation.json").write_bytes(content)
    assert "evaluation.json" in googlenet("train", "--resume", folder).error


@pytest.mark.parametrize("content", [NO_TEXT, b"", b"[]", b'{"members": "abc"}'])
def test_a_list_of_members_that_is_none_is_named(
    googlenet: Run, ensemble: Path, tmp_path: Path, content: bytes
) -> None:
    folder = tmp_path / "ensemble"
    shutil.copytree(ensemble, folder)
    (folder / "ensemble.json").write_bytes(content)
    for arguments in (("info", folder), ("predict", folder, "photo.jpg"), ("evaluate", folder, "digits")):
        assert f"{folder / 'ensemble.json'} is " in googlenet(*arguments).error


@pytest.mark.parametrize(
    "odd",
    [
        {"scores": {"top1": "high", "top1_interval": 3, "pictures": None, "training_seconds": {}}},
        {"scores": {"top1": 0.5, "top1_interval": [0, 1, 2], "pictures": 4, "training_seconds": 1}},
        {"data": {"name": 12345678901, "pictures": [1], "split": "half"}},
        {"data": {"name": "photos", "pictures": {"train": "many"}, "split": {"seeds": 3}}},
        {"data": {"name": "photos", "split": {"seed": "a", "share": "b"}}},
    ],
)
def test_what_another_program_wrote_about_a_model_is_shown_as_it_is(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path, odd: dict[str, Any]
) -> None:
    model = load_model(trained)
    path = tmp_path / "model.safetensors"
    save_model(replace(model, about=replace(model.about, **odd)), path)
    assert googlenet("info", path).code == 0
    assert googlenet("evaluate", path, photos).code == 0
