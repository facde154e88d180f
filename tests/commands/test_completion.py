"""Completion: what a shell gets when it asks, and what it is told to do so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from googlenet.cli.main import COMMANDS
from googlenet.recipes import RECIPES

if TYPE_CHECKING:
    from tests.commands.conftest import Run

ASK = """
eval "$(googlenet completion bash)"
COMP_LINE="$1" COMP_POINT=${#1} COMP_TYPE=9 COMP_CWORD=1 COMPREPLY=()
_python_argcomplete googlenet
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def shell_folder(tmp_path: Path) -> Path:
    """A folder with a command `googlenet`, and some files and a run to be completed."""
    command = tmp_path / "bin" / "googlenet"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m googlenet "$@"\n')
    command.chmod(0o755)
    (tmp_path / "runs" / "demo").mkdir(parents=True)
    (tmp_path / "photo.jpg").touch()
    (tmp_path / ".hidden.jpg").touch()
    return tmp_path


def ask_bash(folder: Path, line: str) -> set[str]:
    """What bash would offer after `line` and a Tab."""
    environment = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", ASK, "bash", line], capture_output=True, text=True, cwd=folder, env=environment, check=True
    )
    assert done.stderr == ""
    return {word.strip() for word in done.stdout.splitlines()} - {""}


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("googlenet ", {*COMMANDS, "help"}),
        ("googlenet -q tab", {"table1"}),
        ("googlenet help ta", {"table1"}),
        ("googlenet predict --emb", {"--embeddings"}),
        ("googlenet predict bvlc photo.jpg --engine ", {"native", "onnx", "openvino", "torch"}),
        ("googlenet export bvlc --to=o", {"onnx", "openvino"}),
        ("googlenet train photos --recipe ", set(RECIPES)),
        ("googlenet train photos --set weight_d", {"weight_decay="}),
        ("googlenet evaluate bvlc digits --split ", {"train", "val", "test", "all"}),
        ("googlenet evaluate bvlc d", {"digits"}),
        ("googlenet predict b", {"bvlc", "bin/"}),
        ("googlenet predict bvlc p", {"photo.jpg"}),
        ("googlenet predict runs/", {"runs/demo/"}),
        ("googlenet predict bvlc x --top ", set()),
        ("googlenet activations bvlc x --layers 4a/3", {"4a/3x3", "4a/3x3_reduce"}),
    ],
)
def test_bash_is_offered_what_can_stand_there(shell_folder: Path, line: str, offered: set[str]) -> None:
    found = ask_bash(shell_folder, line)
    if line == "googlenet evaluate bvlc d":
        found -= {"bvlc"}
    assert found == offered


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish here")
def test_fish_is_offered_words_and_files(shell_folder: Path) -> None:
    environment = os.environ | {"PATH": f"{shell_folder / 'bin'}:{os.environ['PATH']}"}
    for line, offered in (("googlenet tabl", "table1"), ("googlenet predict bvlc p", "photo.jpg")):
        code = f"googlenet completion fish | source; complete -C '{line}'"
        done = subprocess.run(
            ["fish", "-c", code], capture_output=True, text=True, cwd=shell_folder, env=environment, check=True
        )
        assert done.stdout.split("\t")[0].strip() == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_own_script(googlenet: Run, shell: str) -> None:
    done = googlenet("completion", shell)
    assert (done.code, done.err) == (0, "")
    assert "_ARGCOMPLETE" in done.out
    if program := shutil.which(shell):
        subprocess.run([program, "-n"], input=done.out, text=True, check=True, capture_output=True)


def test_another_shell_is_refused_with_those_that_there_are(googlenet: Run) -> None:
    done = googlenet("completion", "tcsh")
    assert done.code == 2
    assert done.err.endswith("SHELL: must be one of bash, zsh, fish, not 'tcsh'\n")
