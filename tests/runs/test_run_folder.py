"""The folder of a run and the files that follow its events."""

from __future__ import annotations

import csv
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from googlenet.errors import InputError
from googlenet.runs import (
    BadPictureFound,
    CheckpointFailed,
    CheckpointSaved,
    EpochDone,
    Event,
    HeadStuck,
    ModelSaved,
    RunFolder,
    RunWriter,
    StepDone,
    TrainingStarted,
    TrainingStopped,
    describe,
    new_run_path,
)

STARTED = TrainingStarted(0, 10, 5, 1418, 379, 189_174, "cpu")


def epoch_done(epoch: int, **values: Any) -> EpochDone:
    fields: dict[str, Any] = {
        "epoch": epoch,
        "step": 5 * epoch,
        "seconds": 1.25,
        "input_size": 28,
        "learning_rate": 0.01,
        "images_per_second": 250.0,
        "loss": 2.5,
        "head_losses": {"main": 2.0, "auxiliary_4a": 1.5},
        "head_accuracies": {"main": 0.25, "auxiliary_4a": 0.125},
        "validation_top1": 0.5,
        "validation_loss": 1.75,
        "best": True,
    }
    return EpochDone(**(fields | values))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.create()
    return made


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow: the system's own refusal, as of a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))


def test_an_epoch_is_a_row_of_numbers(folder: RunFolder) -> None:
    RunWriter(folder)(epoch_done(1))
    assert rows(folder.metrics) == [
        {
            "epoch": "1",
            "step": "5",
            "seconds": "1.25",
            "input_size": "28",
            "learning_rate": "0.01",
            "images_per_second": "250",
            "loss": "2.5",
            "loss_main": "2",
            "loss_auxiliary_4a": "1.5",
            "loss_auxiliary_4d": "",
            "accuracy_main": "0.25",
            "accuracy_auxiliary_4a": "0.125",
            "accuracy_auxiliary_4d": "",
            "validation_top1": "0.5",
            "validation_loss": "1.75",
            "best": "1",
        }
    ]


def test_an_epoch_without_validation_leaves_its_cells_empty(folder: RunFolder) -> None:
    RunWriter(folder)(epoch_done(1, validation_top1=None, validation_loss=None, best=False))
    (row,) = rows(folder.metrics)
    assert (row["validation_top1"], row["validation_loss"], row["best"]) == ("", "", "0")


def test_a_resumed_run_drops_the_rows_beyond_its_step(folder: RunFolder) -> None:
    first = RunWriter(folder)
    for epoch in (1, 2, 3):
        first(epoch_done(epoch))
    second = RunWriter(folder, step=12)
    assert [row["epoch"] for row in rows(folder.metrics)] == ["1", "2"]
    second(epoch_done(3, loss=9.0))
    assert [(row["epoch"], row["loss"]) for row in rows(folder.metrics)] == [("1", "2.5"), ("2", "2.5"), ("3", "9")]


def test_a_run_that_starts_again_from_nothing_keeps_no_row(folder: RunFolder) -> None:
    first = RunWriter(folder)
    first(epoch_done(1))
    first(BadPictureFound("a.png", "empty file"))
    RunWriter(folder)
    assert rows(folder.metrics) == []
    assert rows(folder.bad_pictures) == []


def test_a_blank_line_in_the_metrics_is_passed_over(folder: RunFolder) -> None:
    RunWriter(folder)(epoch_done(1))
    folder.metrics.write_bytes(folder.metrics.read_bytes() + b"\r\n")
    RunWriter(folder, step=5)
    assert [row["epoch"] for row in rows(folder.metrics)] == ["1"]


def test_a_bad_picture_is_named_once_in_table_and_log_also_after_a_resume(folder: RunFolder) -> None:
    awkward = 'cat/a,"b".png'
    for step in (0, 5):
        writer = RunWriter(folder, step=step)
        for name in (awkward, "cat/1.png", awkward):
            writer(BadPictureFound(name, "truncated file"))
    assert rows(folder.bad_pictures) == [
        {"image": awkward, "error": "truncated file"},
        {"image": "cat/1.png", "error": "truncated file"},
    ]
    assert folder.log.read_text().count("skipped") == 2


def test_a_name_that_is_not_utf8_is_kept(folder: RunFolder) -> None:
    name = os.fsdecode(b"cat/\xff.png")
    folder.write_table(folder.split, ("image", "class", "split"), [(name, "cat", "val")])
    assert rows(folder.split) == [{"image": name, "class": "cat", "split": "val"}]
    RunWriter(folder)(BadPictureFound(name, "empty file"))
    RunWriter(folder, step=5)
    assert rows(folder.bad_pictures) == [{"image": name, "error": "empty file"}]


def test_the_log_has_a_line_for_every_event_but_steps_and_checkpoints(folder: RunFolder) -> None:
    writer = RunWriter(folder)
    for event in (STARTED, CheckpointSaved(5, folder.checkpoint), epoch_done(1), ModelSaved(folder.model, {})):
        writer(event)
    assert [line.split()[0] for line in folder.log.read_text().splitlines()] == ["starting:", "epoch", "saved"]


def test_a_full_disk_costs_no_row(folder: RunFolder) -> None:
    writer = RunWriter(folder)
    writer(epoch_done(1))
    before = folder.metrics.read_bytes()
    with full_disk():
        writer(epoch_done(2))
        writer(BadPictureFound("a.png", "empty file"))
    assert folder.metrics.read_bytes() == before
    writer(epoch_done(3))
    assert [row["epoch"] for row in rows(folder.metrics)] == ["1", "2", "3"]
    assert rows(folder.bad_pictures) == [{"image": "a.png", "error": "empty file"}]
    assert len(folder.log.read_text().splitlines()) == 4


def test_settings_are_read_back(folder: RunFolder) -> None:
    assert folder.read_settings() is None
    folder.write_settings({"seed": 3})
    assert folder.read_settings() == {"seed": 3}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b'{"seed": ', "is damaged: it is not JSON .*; start a new run in another folder"),
        (b"[]", "is damaged: it is not a JSON object; start a new run in another folder"),
        (b"[" * 100_000, "is damaged: it is not JSON"),
        (b"", "is damaged: it is not JSON"),
        (b'{"data": "caf\xe9"}', "is damaged: it is not text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is damaged: it is not"),
    ],
)
def test_damaged_files_of_a_run_are_refused(folder: RunFolder, text: bytes, sentence: str) -> None:
    folder.settings.write_bytes(text)
    folder.evaluation.write_bytes(text)
    with pytest.raises(InputError, match=f"settings.json {sentence}"):
        folder.read_settings()
    with pytest.raises(InputError, match=r"evaluation.json is damaged.*; `googlenet evaluate` computes it again"):
        folder.read_evaluation()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_settings_that_an_editor_saved_in_another_encoding_are_read(folder: RunFolder, encoding: str) -> None:
    folder.settings.write_bytes('{"data": "café"}'.encode(encoding))
    assert folder.read_settings() == {"data": "café"}


def test_a_missing_evaluation_is_a_sentence(folder: RunFolder) -> None:
    with pytest.raises(InputError, match=r"cannot read .*evaluation.json: No such file"):
        folder.read_evaluation()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metrics.csv", b"\x89PNG\r\n\x1a\n"),
        ("metrics.csv", b"epoch,step\r\n1,5\r\n"),
        ("metrics.csv", ("a;b\r\n" * 3).encode("utf-16")),
        ("metrics.csv", b'"' + b"x" * 200_000),
        ("bad_pictures.csv", b"image,error\r\ncat/1.png\r\n"),
        ("bad_pictures.csv", b'image,error\r\n"' + b"x" * 200_000),
    ],
)
def test_a_table_that_is_not_the_runs_is_refused_and_not_overwritten(
    folder: RunFolder, name: str, content: bytes
) -> None:
    (folder.path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name} is damaged .*remove or rename it to go on without its contents"):
        RunWriter(folder, step=5)
    assert (folder.path / name).read_bytes() == content


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write .*file/run: Not a directory"):
        RunFolder(tmp_path / "file" / "run").create()


def test_what_a_killed_run_was_writing_is_cleared_away(folder: RunFolder) -> None:
    (folder.checkpoint.parent / ".last.safetensors.1234abcd.tmp").write_bytes(b"half")
    folder.checkpoint.write_bytes(b"whole")
    folder.create()
    assert list(folder.checkpoint.parent.iterdir()) == [folder.checkpoint]


def test_a_run_is_finished_when_its_model_is_there(folder: RunFolder) -> None:
    assert not folder.finished
    folder.model.write_bytes(b"")
    assert folder.finished


def test_a_new_run_takes_the_first_free_name(tmp_path: Path) -> None:
    assert new_run_path(tmp_path, "pets-scratch").name == "pets-scratch"
    (tmp_path / "pets-scratch").mkdir()
    (tmp_path / "pets-scratch-2").mkdir()
    assert new_run_path(tmp_path, "pets-scratch").name == "pets-scratch-3"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            STARTED,
            "starting: 1,418 training pictures, 379 validation pictures, 5 steps per epoch, 189,174 parameters, on cpu",
        ),
        (
            TrainingStarted(7, None, 1, 20, 5, 9, "cuda"),
            "resuming at step 7: 20 training pictures, 5 validation pictures, 1 step per epoch, 9 parameters, on cuda",
        ),
        (
            epoch_done(1),
            "epoch 1  28 px  250 images/s  rate 0.01  loss 2.500 = main 2.000 (25.0%)  auxiliary_4a 1.500 (12.5%)"
            "  validation 50.00% (best)",
        ),
        (
            epoch_done(2, validation_top1=None, head_losses={"main": 2.0}),
            "epoch 2  28 px  250 images/s  rate 0.01  loss 2.500 = main 2.000 (25.0%)",
        ),
        (
            HeadStuck(2, "main", 2.3026, "lower the rate"),
            "warning: the head main has learnt nothing yet (loss 2.303): lower the rate",
        ),
        (BadPictureFound("cat/1.png", "empty file"), "skipped cat/1.png: empty file"),
        (CheckpointFailed(5, "disk full"), "warning: no checkpoint at step 5: disk full"),
        (TrainingStopped(10, 61.4, "finished"), "stopped after 10 steps and 61 s: finished"),
        (ModelSaved(Path("run/model.safetensors"), {}), "saved run/model.safetensors"),
        (CheckpointSaved(5, Path("x")), None),
        (StepDone(1, 1, 0.1, 28, 0.1, 2.0, {}, {}, 2.0, {}, {}, 100.0, None), None),
    ],
)
def test_events_are_told_in_a_line(event: Event, line: str | None) -> None:
    assert describe(event) == line


def test_a_picture_whose_name_is_a_formula_is_only_text_to_a_spreadsheet(folder: RunFolder) -> None:
    RunWriter(folder)(BadPictureFound("=1+1.png", "empty file"))
    assert folder.bad_pictures.read_text() == "image,error\n'=1+1.png,empty file\n"
    assert folder.read_bad_pictures() == [("=1+1.png", "empty file")]
    RunWriter(folder, step=1)(BadPictureFound("-2.png", "empty file"))
    assert folder.read_bad_pictures() == [("=1+1.png", "empty file"), ("-2.png", "empty file")]
