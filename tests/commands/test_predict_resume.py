"""`googlenet predict --output FILE --resume`: no row is lost, doubled, or mixed with those of another model."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from googlenet.cli.model_identity import identify_model
from googlenet.model import load_model, save_model
from googlenet.predictions import note_path, partial_path, read_predictions
from tests.commands.conftest import PROGRAM, paint

if TYPE_CHECKING:
    from tests.commands.conftest import Run


def images(path: Path) -> list[str]:
    return [Path(row["image"]).name for row in read_predictions(path)]


@pytest.fixture
def part(googlenet: Run, trained: Path, photos: Path, tmp_path: Path) -> Callable[..., Path]:
    """Make the FILE.partial of a run over the red pictures that was cut off in the middle of its sixth row."""

    def make(name: str, *options: str | Path) -> Path:
        path = tmp_path / name
        assert googlenet("predict", trained, photos / "red", "--output", path, *options).code == 0
        rows = [len(line) for line in path.read_bytes().splitlines(keepends=True)]
        whole = 5 + (path.suffix == ".csv")
        partial_path(path).write_bytes(path.read_bytes()[: sum(rows[:whole]) + 9])
        path.unlink()
        return path

    return make


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("rows.csv", ("--top", "2")),
        ("rows.csv", ("--crops", "10")),
        ("rows.jsonl", ()),
        ("rows.jsonl", ("--embeddings", "--top", "2")),
    ],
)
def test_a_file_that_was_cut_off_becomes_the_file_of_an_uninterrupted_run(
    googlenet: Run, trained: Path, photos: Path, part: Callable[..., Path], name: str, options: tuple[str, ...]
) -> None:
    path = part(name, *options)
    done = googlenet("predict", trained, photos / "red", "--output", path, "--resume", *options)
    assert (done.code, done.out) == (0, f"12 pictures (5 already done), 0 unreadable: {path}\n"), done.err
    assert images(path) == [f"{number:02}.png" for number in range(12)]
    assert not partial_path(path).exists()
    again = path.with_name(f"again{path.suffix}")
    assert googlenet("predict", trained, photos / "red", "--output", again, *options).code == 0
    for row, expected in zip(read_predictions(path), read_predictions(again), strict=True):
        best, other = row["predictions"][0], expected["predictions"][0]
        assert (row["image"], best["label"]) == (expected["image"], other["label"])
        assert best["probability"] == pytest.approx(other["probability"], abs=1e-5)


def test_a_finished_file_takes_the_pictures_that_it_does_not_hold_yet(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    (tmp_path / "broken.png").write_bytes(b"no picture")
    first = (photos / "red" / "00.png", tmp_path / "broken.png")
    assert googlenet("predict", trained, *first, "--output", path).code == 1
    done = googlenet("predict", trained, *first, photos / "blue" / "00.png", "--output", path, "--resume")
    assert (done.code, done.out) == (1, f"3 pictures (2 already done), 1 unreadable: {path}\n")
    assert images(path) == ["00.png", "broken.png", "00.png"]
    before = path.read_bytes()
    assert googlenet("predict", trained, *first, "--output", path, "--resume").code == 1
    assert path.read_bytes() == before


def test_resume_without_anything_begun_begins(googlenet: Run, trained: Path, photos: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    assert googlenet("predict", trained, photos / "red", "--output", path, "--resume").code == 0
    assert len(images(path)) == 12


def test_rows_of_another_model_are_not_mixed_in(
    googlenet: Run, trained: Path, ensemble: Path, photos: Path, part: Callable[..., Path], tmp_path: Path
) -> None:
    """A note says which model began a file that grows; what a finished one says of pictures must be said again."""
    path = part("rows.jsonl")
    before = partial_path(path).read_bytes()
    origin = identify_model(str(trained))
    note_path(path).write_text(json.dumps(origin.as_row() | {"crops": 1}))
    other = ensemble / "members" / "2"
    refused = googlenet("predict", other, photos / "red", "--output", path, "--resume")
    assert refused.error == (
        f"{partial_path(path)} was written with another model, {trained}: use that one, or another output"
    )
    assert partial_path(path).read_bytes() == before
    model = load_model(trained)
    turned = {name: weight[::-1] if name.startswith("linear.") else weight for name, weight in model.weights.items()}
    save_model(replace(model, weights=turned, known_answer=None), tmp_path / "turned.safetensors")
    note_path(path).unlink()
    partial_path(path).replace(path)
    refused = googlenet("predict", tmp_path / "turned.safetensors", photos / "red", "--output", path, "--resume")
    assert refused.error.startswith(f"{path} was written with another model or other settings: for ")
    assert path.read_bytes() == before


def test_rows_of_other_settings_are_not_mixed_in(
    googlenet: Run, trained: Path, photos: Path, part: Callable[..., Path]
) -> None:
    path = part("rows.jsonl")
    before = partial_path(path).read_bytes()
    note_path(path).write_text(json.dumps({"crops": 1}))
    for options, sentence in (
        (("--crops", "10"), "was written with --crops 1: use the same number to resume it"),
        (("--top", "1"), "was written with --top 3: use the same number to resume it"),
        (("--embeddings",), "was written without --embeddings: omit it to resume the file"),
    ):
        done = googlenet("predict", trained, photos / "red", "--output", path, "--resume", *options)
        assert sentence in done.error
    assert partial_path(path).read_bytes() == before


def test_features_of_another_model_are_not_mixed_in(
    googlenet: Run, trained: Path, ensemble: Path, photos: Path, part: Callable[..., Path]
) -> None:
    path = part("rows.jsonl", "--embeddings")
    other = ensemble / "members" / "2"
    done = googlenet("predict", other, photos / "red", "--output", path, "--resume", "--embeddings")
    assert done.error == (
        f"{partial_path(path)} was written with another model, {trained}: use that one, or another output"
    )


def test_where_nothing_can_be_compared_it_is_not_gone_on_with(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    picture = shutil.copy(photos / "red" / "00.png", tmp_path / "gone.png")
    path = tmp_path / "rows.csv"
    assert googlenet("predict", trained, picture, "--output", path).code == 0
    Path(picture).unlink()
    done = googlenet("predict", trained, photos / "red", "--output", path, "--resume")
    assert f"its first pictures ({picture} ...) no longer exist" in done.error


def test_flags_that_need_a_file_say_so(googlenet: Run, trained: Path, photos: Path) -> None:
    assert googlenet("predict", trained, photos, "--resume").error == (
        "--resume needs --output FILE, the file to continue"
    )
    assert googlenet("predict", trained, photos, "--embeddings").error == ("--embeddings needs --output FILE or --json")
    assert googlenet("predict", trained, photos, "--force").error == "--force needs --output FILE, the file to replace"
    assert googlenet("predict", trained, photos, "--output", "rows.csv", "--embeddings").error == (
        "rows.csv has no columns for embeddings: write FILE.parquet or FILE.jsonl"
    )
    done = googlenet("predict", trained, photos, "--output", "rows.csv", "--force", "--resume")
    assert done.error == "--resume and --force contradict each other; give one of them"


def test_a_file_is_only_replaced_on_request(googlenet: Run, trained: Path, photos: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    words = ("predict", trained, photos / "red" / "00.png", "--output", path)
    assert googlenet(*words).code == 0
    before = path.read_bytes()
    assert googlenet(*words).error == (
        f"{path} already exists; use --output to write another file, --resume to add to it, or --force to replace it"
    )
    assert path.read_bytes() == before
    path.write_text("image,predictions,error,label,name,probability\n")
    assert googlenet(*words, "--resume").error == (
        f"{path} is a CSV file of an older version of googlenet, which had other columns; write it again"
    )
    assert googlenet(*words, "--force").code == 0
    assert path.read_bytes() == before


def test_the_pictures_of_a_tar_are_continued_where_they_were_cut_off(
    googlenet: Run, trained: Path, photos: Path, part: Callable[..., Path], tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "photos.tar", "w") as tar:
        tar.add(photos / "red", "red")
    path = tmp_path / "rows.csv"
    words = ("predict", trained, tmp_path / "photos.tar", "--output", path)
    assert googlenet(*words).code == 0
    whole = path.read_bytes()
    partial_path(path).write_bytes(b"".join(whole.splitlines(keepends=True)[:5]))
    path.unlink()
    done = googlenet(*words, "--resume")
    assert (done.code, done.out) == (0, f"12 pictures (4 already done), 0 unreadable: {path}\n"), done.err
    assert images(path) == [f"{number:02}.png" for number in range(12)]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder of 400 pictures."""
    first = paint(tmp_path / "many" / "000.png", "red", 0)
    for number in range(1, 400):
        shutil.copy(first, first.with_name(f"{number:03}.png"))
    return first.parent


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_ended_in_the_middle_goes_on(
    program: Run, trained: Path, many: Path, tmp_path: Path, ending: signal.Signals
) -> None:
    path = tmp_path / "rows.csv"
    command: list[Any] = [*PROGRAM, "predict", trained, many, "--output", path]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while process.poll() is None and not (partial_path(path).exists() and partial_path(path).stat().st_size > 2000):
            time.sleep(0.005)
        process.send_signal(ending)
        said = process.stderr.read()
    if ending is signal.SIGINT:
        assert process.returncode == 130
        assert f"interrupted: {partial_path(path)} has " in said
        assert "use --resume to continue" in said
    assert not path.exists()
    assert json.loads(note_path(path).read_bytes()) == identify_model(str(trained)).as_row() | {"crops": 1}
    done = program("predict", trained, many, "--output", path, "--resume")
    assert done.code == 0, done.err
    assert done.out.startswith("400 pictures (")
    assert images(path) == [f"{number:03}.png" for number in range(400)]
    assert not note_path(path).exists()


def small_disk(size: int) -> Callable[[], None]:
    """What a program does first whose files cannot grow beyond `size` bytes: writing more fails as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_disk_that_fills_up_is_one_line_and_nothing_stands_under_the_final_name(
    program: Run, trained: Path, many: Path, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("of yesterday\n")
    command: list[Any] = [*PROGRAM, "predict", trained, many, "--output", path, "--force"]
    # Python would keep cut compiled modules, too
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, preexec_fn=small_disk(5000))
    assert done.returncode == 2
    assert done.stderr == (
        f"error: cannot write {path}: File too large; the rows so far are in {partial_path(path)}, "
        "use --resume to continue\n"
    )
    assert path.read_text() == "of yesterday\n"
    assert program("predict", trained, many, "--output", path, "--resume").code == 0
    assert len(images(path)) == 400


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a disk that is always full")
def test_standard_output_on_a_full_disk_is_one_line(trained: Path, photos: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "predict", trained, photos, "--json"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert done.stderr == "error: cannot write to standard output: No space left on device\n"
