"""What reaches a terminal or a log: names from outside that try to steer it; and standard streams that are missing."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from googlenet.cli.display import TrainingDisplay
from googlenet.cli.main import COMMANDS
from googlenet.cli.terminal import Verbosity, complain, say_json, set_verbosity, show_live, warn
from googlenet.model import ClassLabel, load_model, save_model
from googlenet.runs import BadPictureFound
from tests.test_printable import steers

if TYPE_CHECKING:
    from tests.commands.conftest import Done, Run

FORGED = "error: forged"
HOSTILE = f"\x1b[2J\x1b]0;title\x07\r\n{FORGED}\n\x9b31m\u202e\u2066\u200b\x7f"
NO_TEXT = os.fsdecode(b"\xff")
HOSTILE_NAME = f"{HOSTILE}{NO_TEXT}.png"
TINY = ("--recipe", "smoke", "--set", "steps=5", "--set", "batch_size=4", "--device", "cpu")


@contextmanager
def handlers_put_back() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def check_shown(text: str) -> None:
    """The text steers no terminal, and no name began a line of its own."""
    assert not [character for character in text.replace("\n", "") if steers(character)]
    assert not [line for line in text.splitlines() if line.lstrip().startswith(FORGED)]


def check_done(done: Done, *, code: int = 0) -> Done:
    check_shown(done.out)
    check_shown(done.err)
    assert done.code == code, done.err
    return done


@pytest.fixture(scope="module")
def hostile(googlenet: Run, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """DATA and a RUN trained on it: names of a class, pictures (one of them bad), folders all steer a terminal."""
    root = tmp_path_factory.mktemp("names")
    data = root / f"data{HOSTILE}{NO_TEXT}"
    try:
        for colour in ("blue", "red"):
            shutil.copytree(photos / colour, data / f"{colour}{HOSTILE}")
        (data / f"blue{HOSTILE}" / "00.png").rename(data / f"blue{HOSTILE}" / HOSTILE_NAME)
    except OSError:
        pytest.skip("this file system does not store such names")
    for number in range(3):
        (data / f"red{HOSTILE}" / f"bad{HOSTILE}{number}.png").write_bytes(b"no picture")
    (data / f"loose{HOSTILE}.png").write_bytes(b"no picture")
    run = root / f"run{HOSTILE}"
    with handlers_put_back():
        check_done(googlenet("train", data, *TINY, "--out", run))
    return data, run


def test_the_log_is_printable_and_the_tables_keep_the_names(hostile: tuple[Path, Path]) -> None:
    _, run = hostile
    log = (run / "log.txt").read_text(encoding="utf-8")
    assert r"red\x1b[2J" in log
    check_shown(log)
    with (run / "split.csv").open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        names = [row["image"] for row in csv.DictReader(file)]
    assert f"blue{HOSTILE}/{HOSTILE_NAME}" in names


def test_verbs_print_names_as_escapes_and_write_them_as_they_are(
    googlenet: Run, hostile: tuple[Path, Path], tmp_path: Path
) -> None:
    data, run = hostile
    picture = data / f"blue{HOSTILE}" / HOSTILE_NAME
    told = check_done(googlenet("predict", run, picture)).out
    assert r"\x1b[2J" in told
    row = json.loads(check_done(googlenet("predict", run, picture, "--json")).out)
    assert row["image"] == str(picture)
    assert {one["label"] for one in row["predictions"]} == {f"blue{HOSTILE}", f"red{HOSTILE}"}
    check_done(googlenet("predict", run, data), code=1)
    rows = tmp_path / f"rows{HOSTILE}.jsonl"
    check_done(googlenet("predict", run, data, "--output", rows, "--embeddings"), code=1)
    assert str(picture) in [json.loads(line)["image"] for line in rows.read_bytes().splitlines()]
    check_done(googlenet("similar", rows, picture))
    check_done(googlenet("similar", rows, picture, "--json"))
    check_done(googlenet("evaluate", run, data), code=0)
    figures = json.loads(check_done(googlenet("evaluate", run, data, "--split", "all", "--json"), code=1).out)
    assert figures["classes"][0]["label"] == f"blue{HOSTILE}"
    check_done(googlenet("crops", picture, "--out", tmp_path / f"sheet{HOSTILE}.png", "--crops", "1"))
    check_done(googlenet("export", run, "--out", tmp_path / f"model{HOSTILE}.onnx"))
    check_done(googlenet("lr-find", data, *TINY[:2], "--steps", "10", "--out", tmp_path / f"curve{HOSTILE}.png"))
    with handlers_put_back():
        check_done(googlenet("train", "--resume", run))
        check_done(googlenet("train", data, *TINY, "--out", run), code=2)


def test_what_a_model_says_of_itself_is_printed_as_escapes(googlenet: Run, trained: Path, tmp_path: Path) -> None:
    model = load_model(trained)
    about = replace(
        model.about,
        source=HOSTILE,
        licence=HOSTILE,
        created=HOSTILE,
        versions={HOSTILE: HOSTILE},
        data=(model.about.data or {}) | {"name": HOSTILE},
    )
    classes = tuple(ClassLabel(f"{one.id}{HOSTILE}", f"{one.name}{HOSTILE}") for one in model.classes)
    save_model(replace(model, classes=classes, about=about), tmp_path / "model.safetensors")
    assert check_done(googlenet("info", tmp_path / "model.safetensors")).out.count(r"\u202e") >= 8
    fields = check_done(googlenet("info", tmp_path / "model.safetensors", "--json")).json
    assert fields["licence"] == HOSTILE


@pytest.mark.parametrize("command", COMMANDS)
def test_every_verb_escapes_what_it_was_given_in_its_error(googlenet: Run, command: str, tmp_path: Path) -> None:
    given = {
        "recipes": (HOSTILE,),
        "table1": ("--variant", HOSTILE),
        "models": (HOSTILE,),
        "predict": (HOSTILE, HOSTILE),
        "evaluate": (HOSTILE, HOSTILE),
        "explain": (HOSTILE, HOSTILE),
        "similar": (tmp_path / f"{HOSTILE}.jsonl", HOSTILE),
        "crops": (HOSTILE, "--out", tmp_path / "sheet.png"),
        "pack": (HOSTILE, tmp_path / "shards"),
        "activations": (HOSTILE, HOSTILE, "--layers", "4a", "--out", tmp_path / "layers.npz"),
        "visualize": (HOSTILE, "4a", "--out", tmp_path / "sheet.png"),
    }
    done = check_done(googlenet(command, *given.get(command, (HOSTILE,))), code=2)
    assert r"\x1b[2J" in done.err


CLOSED = {"stdin": "<&-", "stdout": ">&-", "stderr": "2>&-", "all": "<&- >&- 2>&-"}


def in_shell(redirection: str, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run the program from a shell, which closes or redirects its standard streams."""
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "googlenet", *map(str, arguments)]
    return subprocess.run(command, capture_output=True)


@pytest.mark.parametrize("closed", CLOSED)
def test_work_is_done_without_standard_streams(trained: Path, photos: Path, tmp_path: Path, closed: str) -> None:
    rows = tmp_path / "rows.jsonl"
    (tmp_path / "bad.png").write_bytes(b"no picture")
    done = in_shell(CLOSED[closed], "predict", trained, photos / "blue", tmp_path / "bad.png", "--output", rows)
    assert (done.returncode, done.stderr) == (1, b"")
    assert len(rows.read_bytes().splitlines()) == 13


@pytest.mark.parametrize("closed", CLOSED)
def test_an_error_without_standard_streams_has_its_exit_code(closed: str) -> None:
    done = in_shell(CLOSED[closed], "table1", "--variant", "vgg")
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert in_shell(CLOSED[closed], "--version").returncode == 0


@pytest.mark.parametrize("streams", [">/dev/full 2>/dev/full", "1</dev/null 2</dev/null"])
def test_streams_that_fail_do_not_stop_work_whose_result_is_a_file(photos: Path, tmp_path: Path, streams: str) -> None:
    done = in_shell(streams, "crops", photos / "blue" / "00.png", "--crops", "1", "--out", tmp_path / "sheet.png")
    assert done.returncode == 0
    assert (tmp_path / "sheet.png").is_file()


def test_a_training_goes_on_when_nobody_reads_any_more(photos: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "googlenet", "train", photos, *TINY, "--out", tmp_path / "run"]
    gone = '"$@" <&- 2>&1 | true; exit "${PIPESTATUS[0]}"'
    assert subprocess.run(["bash", "-c", gone, "bash", *map(str, command)]).returncode == 0
    assert "saved" in (tmp_path / "run" / "log.txt").read_text()


@pytest.mark.parametrize("target", [">/dev/full", "1</dev/null"])
def test_a_result_that_cannot_be_written_is_an_error(target: str) -> None:
    done = in_shell(target, "table1")
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: cannot write to standard output: ")
    assert done.stderr.count(b"\n") == 1


def test_a_closed_streams_number_is_not_given_to_a_file(tmp_path: Path) -> None:
    """What a library prints to number 1 would be written into the model."""
    code = (
        "import os\n"
        "from googlenet.cli.terminal import open_missing_streams\n"
        "open_missing_streams()\n"
        "with open('model', 'wb') as file:\n"
        "    os.write(1, b'noise'); os.write(2, b'noise'); file.write(b'weights')\n"
    )
    shell = ["sh", "-c", '"$@" >&- 2>&-', "sh", sys.executable, "-c", code]
    assert subprocess.run(shell, cwd=tmp_path).returncode == 0
    assert (tmp_path / "model").read_bytes() == b"weights"


class Watched(io.StringIO):
    """Standard error as a terminal that a person watches."""

    def isatty(self) -> bool:
        return True


def test_a_live_line_still_steers_the_terminal_and_what_it_shows_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched()
    monkeypatch.setattr(sys, "stderr", watched)
    show_live(f"1 of 3: {HOSTILE}")
    show_live("")
    shown = watched.getvalue()
    assert shown.startswith("\r\x1b[K1 of 3: ")
    assert shown.endswith("\r\x1b[K")
    check_shown(shown.replace("\r\x1b[K", ""))


def test_a_terminal_that_cannot_replace_a_line_gets_no_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched()
    monkeypatch.setattr(sys, "stderr", watched)
    monkeypatch.setenv("TERM", "dumb")
    show_live("1 of 3")
    with TrainingDisplay() as display:
        display(BadPictureFound("cat/1.png", "empty file"))
    assert "cat/1.png" in watched.getvalue()
    assert "\x1b" not in watched.getvalue()


@pytest.mark.parametrize("no_color", ["1", None])
def test_nothing_is_colored(monkeypatch: pytest.MonkeyPatch, no_color: str | None) -> None:
    watched = Watched()
    monkeypatch.setattr(sys, "stderr", watched)
    monkeypatch.setenv("TERM", "xterm-256color")
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    with TrainingDisplay() as display:
        display(BadPictureFound("cat/1.png", "empty file"))
    warn("12 pictures")
    show_live("1 of 3")
    assert "cat/1.png" in watched.getvalue()
    assert re.findall(r"\x1b\[[\d;]*m", watched.getvalue()) == []


def test_a_quiet_command_shows_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched()
    monkeypatch.setattr(sys, "stderr", watched)
    set_verbosity(Verbosity.quiet)
    show_live("1 of 3")
    warn("ignored 1 file")
    with TrainingDisplay() as display:
        display(BadPictureFound("cat/1.png", "empty file"))
    complain("error: no such model")
    set_verbosity(Verbosity.normal)
    assert watched.getvalue() == "error: no such model\n"


def test_a_quiet_training_prints_its_result(googlenet: Run, photos: Path, tmp_path: Path) -> None:
    with handlers_put_back():
        done = googlenet("-q", "train", photos, *TINY, "--out", tmp_path / "run")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"run folder: {tmp_path / 'run'}\n")
    assert "validation top-1" in done.out.splitlines()[1]


def test_a_terminal_that_hangs_up_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = os.openpty()
    monkeypatch.setattr(sys, "stderr", os.fdopen(there, "w"))
    warn("still there")
    assert b"still there" in os.read(here, 100)
    os.close(here)
    with TrainingDisplay() as display:
        for number in range(3):
            display(BadPictureFound(f"cat/{number}.png", "empty file"))
    warn("gone")
    sys.stderr.close()


def test_numbers_that_are_not_finite_are_null_in_the_json_of_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    say_json({"loss": float("nan"), "rates": [0.5, float("inf")]})
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {"loss": None, "rates": [0.5, None]}
