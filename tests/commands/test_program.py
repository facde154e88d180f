"""The program as a whole: help, version, wrong use, pipes that close, and the entry that an installation makes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from googlenet.cli.main import COMMANDS, main
from googlenet.environment import VARIABLES

if TYPE_CHECKING:
    from tests.commands.conftest import Run
PROGRAM = [sys.executable, "-m", "googlenet"]


def test_the_installed_command_is_this_program() -> None:
    (entry,) = entry_points(group="console_scripts", name="googlenet")
    assert entry.load() is main


def test_help_names_every_command(googlenet: Run) -> None:
    for flag in ("--help", "-h"):
        done = googlenet(flag)
        assert done.code == 0
        assert all(f"\n  {command} " in done.out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(googlenet: Run, command: str) -> None:
    done = googlenet(command, "--help")
    assert done.code == 0
    assert f"Example: googlenet {command}" in done.out


@pytest.mark.parametrize("command", [*COMMANDS, None])
def test_help_is_narrow_enough_to_read(googlenet: Run, monkeypatch: pytest.MonkeyPatch, command: str | None) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    lines = googlenet(*([command] if command else []), "--help").out.splitlines()
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_is_asked_for_in_several_ways(googlenet: Run, command: str) -> None:
    asked = googlenet(command, "--help")
    for words in (("help", command), (command, "-h"), ("-h", command), ("help", command, "--help")):
        assert googlenet(*words) == asked
    assert googlenet("help") == googlenet("--help")


def test_the_version_is_that_of_the_package(googlenet: Run) -> None:
    for words in (("--version",), ("-V",), ("predict", "-V"), ("-V", "predict")):
        done = googlenet(*words)
        assert (done.code, done.out) == (0, f"googlenet {version('googlenet')}\n")


def test_help_names_the_exit_codes(googlenet: Run) -> None:
    codes = {line.split()[0] for line in googlenet("help").out.split("exit codes:")[1].splitlines()[1:5]}
    assert codes == {"0", "1", "2", "130"}


@pytest.mark.parametrize("verb", ["evaluate", "explain", "check", "predict"])
def test_ctrl_c_ends_with_one_line(
    googlenet: Run, verb: str, trained: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from a keyboard, when the first picture is resized."""
    resize, pressed = Image.Image.resize, [1]

    def press_ctrl_c(picture: Image.Image, *arguments: Any, **named: Any) -> Image.Image:
        if pressed:
            pressed.pop()
            os.kill(os.getpid(), signal.SIGINT)
        return resize(picture, *arguments, **named)

    monkeypatch.setattr(Image.Image, "resize", press_ctrl_c)
    model = () if verb == "check" else (trained,)
    out = ("--out", tmp_path / "maps") if verb == "explain" else ()
    done = googlenet(verb, *model, photos, *out)
    assert (done.code, done.err) == (130, "interrupted\n")


def test_quiet_prints_results_and_errors_alone_before_and_after_the_verb(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    picture, rows = photos / "red" / "00.png", tmp_path / "rows.csv"
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "a.png").write_bytes(picture.read_bytes())
    plain = googlenet("predict", trained, tmp_path)
    assert "ignored" in plain.err
    for words in (("-q", "predict", trained, tmp_path), ("predict", trained, "--quiet", tmp_path)):
        assert (googlenet(*words).out, googlenet(*words).err) == (plain.out, "")
    done = googlenet("predict", "-q", trained, tmp_path, "--output", rows)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert rows.is_file()
    assert googlenet("-q", "predict", tmp_path / "none", picture).error == f"{tmp_path / 'none'}: no such model file"


def test_verbose_says_what_was_decided_and_leaves_results_as_they_are(
    googlenet: Run, trained: Path, photos: Path
) -> None:
    words = ("predict", trained, photos / "red" / "00.png", "--engine", "onnx", "--threads", "1")
    plain = googlenet(*words)
    for verbose in (("-v", *words), (*words, "--verbose")):
        done = googlenet(*verbose)
        assert done.out == plain.out
        assert f"model: {trained}, " in done.err
        assert "engine: onnx, threads: 1\n" in done.err
        assert "engine='onnx'" in done.err
    assert googlenet(*words).err == plain.err == ""


def test_help_lists_every_environment_variable(googlenet: Run) -> None:
    shown = googlenet("help", "environment").out
    assert [name for name in VARIABLES if f"\n{name} " not in shown] == []


def test_an_engine_and_threads_may_be_chosen_by_variables(
    googlenet: Run, trained: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("predict", "-v", trained, photos / "red" / "00.png")
    monkeypatch.setenv("GOOGLENET_ENGINE", "onnx")
    monkeypatch.setenv("GOOGLENET_THREADS", "1")
    assert "engine: onnx, threads: 1\n" in googlenet(*words).err
    assert "engine: torch (cpu), threads: 2\n" in googlenet(*words, "--engine", "torch", "--threads", "2").err
    monkeypatch.setenv("GOOGLENET_THREADS", "many")
    done = googlenet(*words)
    assert done.code == 2
    assert done.err.endswith("error: the environment variable GOOGLENET_THREADS: must be an integer, not 'many'\n")


def test_an_unexpected_error_is_one_line_and_a_traceback_with_verbose(
    googlenet: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("googlenet.cli.table1.network_cost", int)
    done = googlenet("table1")
    assert done.error.startswith("unexpected TypeError: int() argument")
    assert "please report it" in done.error
    done = googlenet("table1", "-v")
    assert done.code == 2
    assert "Traceback (most recent call last):" in done.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("table1", "--colour"), "no such option: --colour"),
        (("table1", "--varient", "paper"), "no such option: --varient; did you mean '--variant'?"),
        (("info", "bvlc", "photo.jpg"), "unexpected argument: 'photo.jpg'"),
        (("export", "bvlc", "--to", "caffe"), "--to: must be one of onnx, openvino, pt2, torchvision, not 'caffe'"),
        (("tabel1",), "unknown command 'tabel1'; did you mean 'table1'?"),
        (("table2",), "table2"),
        (("predict",), "missing: MODEL, PATHS"),
        (("predict", "model"), "missing: PATHS"),
        (("predict", "model", "picture", "--top"), "--top needs a value"),
        (("predict", "model", "picture", "--json=yes"), "--json takes no value, but was given 'yes'"),
        (("predict", "-q", "model", "picture", "--verbose"), "-v/--verbose and -q/--quiet contradict each other"),
        (("export", "bvlc", "--to"), "--to needs a value"),
        (("--colour", "predict"), "no such option before a command: --colour"),
        (("help", "evalute"), "there is no help on 'evalute'; did you mean 'evaluate'?"),
        (("evaluate", "model", "data", "--batch-size", "0"), "--batch-size: must be at least 1, not 0"),
        (("predict", "model", "picture", "--top", "many"), "--top: must be an integer, not 'many'"),
    ],
)
def test_wrong_use_is_told_without_a_traceback_and_exits_with_2(
    googlenet: Run, arguments: tuple[str, ...], named: str
) -> None:
    done = googlenet(*arguments)
    assert done.code == 2
    assert named in done.err.splitlines()[-1]
    assert "Traceback" not in done.err
    assert done.out == ""


def test_a_users_error_is_one_line_of_the_program_too(program: Run) -> None:
    done = program("table1", "--variant", "vgg")
    assert done.error.startswith("no variant is called 'vgg'")
    assert done.out == ""


@pytest.mark.parametrize("arguments", [("table1",), ("table1", "--json"), ("recipes", "paper")])
def test_a_reader_that_goes_away_ends_the_program_quietly(arguments: tuple[str, ...]) -> None:
    """As in `googlenet table1 | head -1`: here nobody reads from the beginning."""
    process = subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_options_may_stand_between_and_before_what_they_are_about(googlenet: Run, tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("a.jpg", "b.jpg")]
    orders = [("--json", "bvlc", *names), ("bvlc", names[0], "--json", names[1]), ("bvlc", "--json", "--", *names)]
    for arguments in orders:
        assert [row["image"] for row in googlenet("predict", *arguments).lines] == names


def test_without_a_command_the_help_is_shown_and_nothing_done(googlenet: Run) -> None:
    done = googlenet()
    assert done.code == 2
    assert "googlenet help COMMAND for details" in done.err
