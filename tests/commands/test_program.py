"""The program as a whole: help, version, wrong use, pipes that close, and the entry that an installation makes."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from googlenet.cli.main import COMMANDS, main

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


def test_the_version_is_that_of_the_package(googlenet: Run) -> None:
    assert googlenet("--version").out == f"googlenet {version('googlenet')}\n"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("table1", "--colour"), "no such option: --colour"),
        (("table1", "--varient", "paper"), "no such option: --varient; did you mean '--variant'?"),
        (("info", "bvlc", "photo.jpg"), "unexpected argument: 'photo.jpg'"),
        (("export", "bvlc", "--to", "caffe"), "argument --to: 'caffe' is not one of onnx, openvino, pt2, torchvision"),
        (("tabel1",), "unknown command 'tabel1'; did you mean 'table1'?"),
        (("table2",), "table2"),
        (("predict",), "MODEL"),
        (("predict", "model"), "PATHS"),
        (("evaluate", "model", "data", "--batch-size", "0"), "argument --batch-size: 0 is less than 1"),
        (("predict", "model", "picture", "--top", "many"), "argument --top: 'many' is not an integer"),
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
    assert "googlenet COMMAND --help for details" in done.err
