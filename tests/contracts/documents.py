"""Examples in Markdown: found, shrunk where they train, run, and what is shown of them compared with what they print.

- Lines of a ```console block that begin with `$ ` are for a shell; what stands below a line is what it prints.
- A `googlenet train` line is shrunk: two steps in place of its time or epochs, in the batches of the smoke recipe, and
  in its width where it starts from random weights. What it sets itself stays; so do recipe and run folder, for later
  lines to find the run. In the same way, a `googlenet lr-find` line tries ten rates, a `googlenet visualize` line that
  makes images takes two steps, and an experiment of `examples/lab` that trains (its line says for how long) trains each
  of its settings once, for two steps.
- A line that shows `^C` is interrupted once the line above that has been printed, and must end as interrupted. It is
  given more steps, so that it is still at work then.
- A ```text block below a ```python block is what the program prints. ```text varies is not compared.
- What commands print that is the same on every machine (`SAME_EVERYWHERE`), and lines `exit code N`, must be shown as
  they are, line by line; a line `...` stands for any lines left out. What an experiment of `examples/lab` prints must
  be shown up to its numbers and spaces. Other output of commands is not compared.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from googlenet.cli.figures import FIGURES
from googlenet.dataset import EMBEDDED
from googlenet.recipes import RECIPES, STARTS

SMALLER = {"width": RECIPES["smoke"].width, "batch_size": RECIPES["smoke"].batch_size}
STEPS_TO_INTERRUPT = 50
RATES = 10
LABORATORY = "examples/lab/"
NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*(?:e[-+]\d+)?")
SAME_EVERYWHERE = ("table1", "recipes", "crops", "--help", "--version", "ls", "cat")
LEFT_OUT = "..."
FENCED = re.compile(r"^```(console|python|text)( varies)?\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
CTRL_C = "^C"
INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended


@dataclass(frozen=True)
class Example:
    """A line to run or a Python program, and what is shown below it; `varies`: on another machine it is another."""

    kind: str
    text: str
    shown: tuple[str, ...] = ()
    varies: bool = False


def examples_of(markdown: str) -> list[Example]:
    """All `$` lines of ```console blocks and all ```python blocks, in order."""
    found: list[Example] = []
    for language, varies, body in FENCED.findall(markdown):
        if language == "python":
            found.append(Example("python", body))
        elif language == "console":
            found += _lines_of(body)
        elif found and found[-1].kind == "python":
            found[-1] = Example("python", found[-1].text, tuple(body.splitlines()), bool(varies))
    return found


def fenced_blocks(markdown: str) -> list[str]:
    """The ```console, ```python and ```text blocks as they are, in order."""
    return [block[0] for block in FENCED.finditer(markdown)]


def _lines_of(body: str) -> list[Example]:
    lines = body.replace("\\\n", " ").splitlines()
    starts = [index for index, line in enumerate(lines) if line.startswith("$ ")]
    return [
        Example("console", lines[start].removeprefix("$ "), tuple(lines[start + 1 : end]))
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]


def shrunk(line: str, *, steps: int = 2) -> str:
    """A line that trains, tries rates or makes images as one that takes seconds; other lines as they are."""
    words = shlex.split(line, comments=True)
    if words[:2] == ["googlenet", "visualize"] and words[3] not in FIGURES:
        return shlex.join([*words, "--steps", str(steps)])
    if _is_experiment(words) and {"--minutes", "--steps"}.intersection(words):
        return shlex.join([*_without(words, "--minutes", "--seeds", "--steps"), "--seeds", "1", "--steps", f"{steps}"])
    if words[:2] not in (["googlenet", "train"], ["googlenet", "lr-find"]) or "--help" in words:
        return line
    words = _without(words, "--minutes")
    if "--resume" in words and words[2:] == ["--resume", _after(words, "--resume")]:
        return shlex.join(words)
    given = {word.partition("=")[0] for word in words}
    given |= {"width"} if _fine_tunes(words) else set()  # the model to start from has one
    smaller = SMALLER if words[1] == "lr-find" else {"steps": steps, **SMALLER}
    settings = [f"{key}={value}" for key, value in smaller.items() if key not in given]
    rates = ["--steps", str(RATES)] if words[1] == "lr-find" else []
    return shlex.join([*words, *rates, *(word for pair in settings for word in ("--set", pair))])


def _is_experiment(words: list[str]) -> bool:
    return len(words) > 1 and words[1].startswith(LABORATORY)


def without_numbers(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines with `#` for each number, and single spaces: what stays the same when the figures are others."""
    return tuple(" ".join(NUMBER.sub("#", line).split()) for line in lines)


def _without(words: list[str], *flags: str) -> list[str]:
    """The words without these flags and their values."""
    return [word for at, word in enumerate(words) if word not in flags and (at == 0 or words[at - 1] not in flags)]


def _fine_tunes(words: list[str]) -> bool:
    """Whether the training starts from another model, as photographs do unless the line says otherwise."""
    recipe = _after(words, "--recipe")
    from_scratch = "--from-scratch" in words or words[2] in EMBEDDED or any("variant=" in word for word in words)
    return "--start" in words or not (from_scratch or (recipe and STARTS[recipe] is None))


def _after(words: list[str], flag: str) -> str | None:
    return words[words.index(flag) + 1] if flag in words else None


def run_example(example: Example, folder: Path) -> None:
    """Run it there; fails with what it printed."""
    if any(line.startswith(CTRL_C) for line in example.shown):
        _run_interrupted(example, folder)
        return
    command = [sys.executable, "-W", "error", "-c", example.text]
    if example.kind == "console":
        command = _in_a_shell(shrunk(example.text))
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True)
    assert done.returncode == 0, f"{example.text}\n{done.stdout}{done.stderr}"
    printed = done.stdout.splitlines()
    if example.kind == "python":
        assert_printed(example, printed)
        return
    if {*SAME_EVERYWHERE} & {*example.text.split()[:2]}:
        assert_shown(example.shown, printed)
    if _is_experiment(example.text.split()):
        assert_shown(without_numbers(example.shown), [*without_numbers(printed)])
    assert _exit_codes(example.shown) == _exit_codes(printed), f"{example.text}\n{done.stdout}{done.stderr}"


class Walk:
    """The examples of a page, each run once and in order, in one folder.

    `run` says how one is run. A page's examples build on each other, so those before the one that is asked for are run
    first where they were not yet; what failed once is not run again.
    """

    def __init__(self, examples: Sequence[Example], run: Callable[[Example], None]) -> None:
        self.examples, self.run, self.failed = examples, run, dict[int, BaseException]()
        self.done = 0

    def reach(self, number: int) -> None:
        """Run example `number`, after those before it; fails where it fails, and where it failed before."""
        while self.done <= number:
            try:
                self.run(self.examples[self.done])
            except Exception as error:
                self.failed[self.done] = error
            self.done += 1
        if number in self.failed:
            raise self.failed[number]


def titles(examples: Sequence[Example]) -> list[str]:
    """A name for the test of each example: its number and how it begins."""
    return [f"{number:02}-{example.text.splitlines()[0][:50]}" for number, example in enumerate(examples)]


def run_in_session(example: Example, session: dict[str, object]) -> None:
    """Run a Python example here, with the names of the ones before it."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(example.text, "<example>", "exec"), session)
    assert_printed(example, printed.getvalue().splitlines())


def _environment() -> dict[str, str]:
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def _in_a_shell(line: str) -> list[str]:
    return ["bash", "-o", "pipefail", "-c", line]


def _exit_codes(lines: list[str] | tuple[str, ...]) -> list[str]:
    return [line for line in lines if line.startswith("exit code")]


def _run_interrupted(example: Example, folder: Path) -> None:
    """Run it until it prints the first word of the line above `^C`, then interrupt it."""
    at = next(index for index, line in enumerate(example.shown) if line.startswith(CTRL_C))
    awaited = example.shown[at - 1].split()[0]
    command = _in_a_shell(f"exec {shrunk(example.text, steps=STEPS_TO_INTERRUPT)}")
    with subprocess.Popen(
        command, cwd=folder, env=_environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        printed = []
        for line in process.stdout:
            printed.append(line)
            if line.startswith(awaited):
                process.send_signal(signal.SIGINT)
                break
        printed += process.stdout
    assert process.returncode == INTERRUPTED, f"{example.text}\n{''.join(printed)}"


def assert_printed(example: Example, printed: list[str]) -> None:
    """What is shown of a Python program is what it printed, unless it varies; then something was printed."""
    if example.varies:
        assert printed, f"prints nothing any more:\n{example.text}"
    elif example.shown:
        assert_shown(example.shown, printed)


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
