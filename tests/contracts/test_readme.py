"""The README's examples run, in their order, in a folder of their own.

- In ```console blocks, lines that begin with `$ googlenet` are run by a shell; all others, such as `$ make`, are not.
- A `googlenet train` line is shrunk: two steps in place of its time or epochs, in the width and the batches of the
  smoke recipe. What it sets itself stays; so do recipe and run folder, for later lines to find the run.
- A ```python block is a program of its own.
- The folder holds what readers have at hand: `photos/` (two classes of pictures), `photo.jpg`, `picture.jpg`, the
  repository's `examples/`, and `runs/demo`, as `make demo` leaves it.
- What is shown below `googlenet table1`, `recipes`, `--help` and `--version` must be what they print, line by line;
  a line `...` stands for any lines left out. Other output depends on the machine, and is not compared.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from googlenet.recipes import RECIPES

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SMALLER = {"steps": 2, "width": RECIPES["smoke"].width, "batch_size": RECIPES["smoke"].batch_size}
SAME_EVERYWHERE = ("table1", "recipes", "--help", "--version")
LEFT_OUT = "..."
DEMO = "runs/demo"


@dataclass(frozen=True)
class Example:
    """A line to run or a Python program, and what is shown below a line."""

    kind: str
    text: str
    shown: tuple[str, ...] = ()


def examples_of(markdown: str) -> list[Example]:
    """All `$` lines of ```console blocks and all ```python blocks, in order."""
    found = []
    for language, body in re.findall(r"^```(console|python)\n(.*?)^```", markdown, flags=re.MULTILINE | re.DOTALL):
        if language == "python":
            found.append(Example("python", body))
            continue
        lines = body.replace("\\\n", " ").splitlines()
        starts = [index for index, line in enumerate(lines) if line.startswith("$ ")]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            found.append(Example("console", lines[start].removeprefix("$ "), tuple(lines[start + 1 : end])))
    return found


def shrunk(line: str) -> str:
    """A `googlenet train` line that takes seconds; other lines as they are."""
    words = shlex.split(line, comments=True)
    if words[:2] != ["googlenet", "train"] or "--help" in words:
        return line
    if "--minutes" in words:
        at = words.index("--minutes")
        del words[at : at + 2]
    given = {word.partition("=")[0] for word in words}
    given |= {"width"} if "--start" in words else set()  # the start has one
    settings = [f"{key}={value}" for key, value in SMALLER.items() if key not in given]
    resumes_only = not [word for word in words[2:] if not word.startswith("-") and word != _after(words, "--resume")]
    return shlex.join(words if resumes_only else [*words, *(word for pair in settings for word in ("--set", pair))])


def _after(words: list[str], flag: str) -> str | None:
    return words[words.index(flag) + 1] if flag in words else None


def run_example(example: Example, folder: Path) -> None:
    """Run it there; fails with what it printed."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", "-o", "pipefail", "-c", shrunk(example.text)]
    if example.kind == "python":
        command = [sys.executable, "-W", "error", "-c", example.text]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{example.text}\n{done.stdout}{done.stderr}"
    words = example.text.split()
    if example.kind == "console" and len(words) > 1 and words[1] in SAME_EVERYWHERE:
        assert_shown(example.shown, done.stdout.splitlines())


def assert_shown(shown: tuple[str, ...], printed: list[str]) -> None:
    """What is shown is what was printed; a line of dots stands for those up to the next one that is shown."""
    at, skipping = 0, False
    for line in shown:
        if line.strip() == LEFT_OUT:
            skipping = True
            continue
        while skipping and at < len(printed) and printed[at].rstrip() != line.rstrip():
            at += 1
        assert at < len(printed), f"not printed any more: {line!r}"
        assert printed[at].rstrip() == line.rstrip()
        at, skipping = at + 1, False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What readers have at hand."""
    generator = np.random.default_rng(0)
    for name, red in (("cat", 200), ("dog", 60)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            pixels = generator.integers(red - 50, red + 50, (40, 50, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.jpg")
    for name in ("photo.jpg", "picture.jpg"):
        shutil.copy(tmp_path / "photos" / "cat" / "0.jpg", tmp_path / name)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


@pytest.mark.skipif(shutil.which("bash") is None, reason="the README's lines are for a shell")
def test_every_example_of_the_readme_runs(folder: Path) -> None:
    for example in examples_of(README):
        if DEMO in example.text and " train " not in example.text and not (folder / DEMO).exists():
            make_demo(folder)
        if example.kind == "python" or example.text.startswith("googlenet "):
            run_example(example, folder)


def make_demo(folder: Path) -> None:
    """Train as `make demo` does, shrunk."""
    line = re.search(r"googlenet train .*", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert line is not None
    run_example(Example("console", line[0].replace("$(DEMO)", DEMO)), folder)


def test_examples_are_found_with_what_is_shown_below_them() -> None:
    markdown = "\n".join(
        [
            *(
                "text `$ googlenet no` text",
                "```console",
                "$ make demo",
                "ready",
                "$ googlenet table1 \\",
                "  --json",
                "{",
                "...",
                "```",
            ),
            *("```python", "import googlenet", "```", "```", "$ googlenet not-this-one", "```"),
        ]
    )
    assert examples_of(markdown + "\n") == [
        Example("console", "make demo", ("ready",)),
        Example("console", "googlenet table1    --json", ("{", "...")),
        Example("python", "import googlenet\n"),
    ]


@pytest.mark.parametrize(
    ("line", "short"),
    [
        ("googlenet predict runs/demo photo.jpg | head -3", "googlenet predict runs/demo photo.jpg | head -3"),
        ("googlenet train photos", "googlenet train photos --set steps=2 --set width=0.125 --set batch_size=16"),
        (
            "googlenet train photos --minutes 30 --set width=0.5  # half as wide",
            "googlenet train photos --set width=0.5 --set steps=2 --set batch_size=16",
        ),
        (
            "googlenet train photos --start bvlc --minutes 7",
            "googlenet train photos --start bvlc --set steps=2 --set batch_size=16",
        ),
        ("googlenet train --resume runs/photos-scratch", "googlenet train --resume runs/photos-scratch"),
        ("googlenet train --help", "googlenet train --help"),
    ],
)
def test_only_trainings_are_shrunk(line: str, short: str) -> None:
    assert shrunk(line) == short


def test_an_example_that_fails_or_shows_something_else_is_found(tmp_path: Path) -> None:
    run_example(Example("console", "googlenet table1"), tmp_path)
    with pytest.raises(AssertionError, match="no variant is called 'vgg'"):
        run_example(Example("console", "googlenet table1 --variant vgg | cat"), tmp_path)
    with pytest.raises(AssertionError):
        run_example(Example("console", "googlenet --version", ("googlenet 0.0",)), tmp_path)
    with pytest.raises(AssertionError, match="NameError"):
        run_example(Example("python", "classify()"), tmp_path)


def test_shown_lines_may_leave_some_out_but_not_change_them() -> None:
    printed = ["one", "two  ", "three", "four"]
    assert_shown(("one", "two", "..."), printed)
    assert_shown(("...", "three", "four"), printed)
    assert_shown(("one", "...", "four"), printed)
    assert_shown((), printed)
    for wrong in (("one", "three"), ("...", "five"), ("four", "five")):
        with pytest.raises(AssertionError):
            assert_shown(wrong, printed)
