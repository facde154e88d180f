"""Pictures of three colours, a run trained on them once, and the command, run in this process or in one of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from googlenet.cli.main import main
from googlenet.cli.terminal import Verbosity, set_verbosity
from googlenet.engines import open_engine
from googlenet.model import KnownAnswer, load_model, save_ensemble, save_model

COLOURS = {"blue": (40, 60, 210), "green": (50, 200, 60), "red": (210, 50, 40)}
PROGRAM = (sys.executable, "-m", "googlenet")


@pytest.fixture(autouse=True)
def _normal_verbosity() -> Iterator[None]:
    """A command that was run in this process with -q leaves it quiet."""
    yield
    set_verbosity(Verbosity.normal)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def json(self) -> Any:
        """Standard output as one JSON value."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The sentence of a user's error, which is all of standard error: one line, no traceback."""
        assert self.code == 2
        assert self.err.startswith("error: ")
        assert self.err.count("\n") == 1
        return self.err.removeprefix("error: ").rstrip("\n")


Run = Callable[..., Done]


@pytest.fixture(scope="session")
def googlenet() -> Run:
    """Run `googlenet ARGUMENTS` in this process, through its real entry."""

    def run(*arguments: str | Path, stdin: bytes = b"") -> Done:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        code: object = 0
        with (
            mock.patch.dict(os.environ),
            mock.patch.object(sys, "argv", ["googlenet", *map(str, arguments)]),
            mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as end:
                code = end.code
        assert code is None or isinstance(code, int)
        texts = [stream.buffer.getvalue().decode("utf-8") for stream in (out, err)]
        return Done(code or 0, *texts)

    return run


@pytest.fixture(scope="session")
def program() -> Run:
    """Run `googlenet ARGUMENTS` as a program of its own."""

    def run(*arguments: str | Path, cwd: Path | None = None, stdin: bytes = b"") -> Done:
        done = subprocess.run([*PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, cwd=cwd)
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


def paint(path: Path, colour: str, seed: int) -> Path:
    """Write a small picture: a colour with some noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    pixels = np.array(COLOURS[colour]) + generator.integers(-40, 40, (30, 34, 3))
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DATA of one level: 12 pictures of each of the three colours."""
    folder = tmp_path_factory.mktemp("data") / "photos"
    for colour in COLOURS:
        for number in range(12):
            paint(folder / colour / f"{number:02}.png", colour, number)
    return folder


@pytest.fixture(scope="session")
def trained(program: Run, photos: Path) -> Path:
    """A RUN of the smoke recipe on `photos`, long enough to tell the colours apart."""
    out = photos.parent / "run"
    settings = ("epochs=20", "photometric=off", "patch_area=off", "batch_size=8")
    done = program(
        *("train", photos, "--recipe", "smoke", "--out", out, "--seed", "1", "--split-seed", "3", "--val-share", "0.3"),
        *(word for setting in settings for word in ("--set", setting)),
    )
    assert done.code == 0, done.err
    return out


@pytest.fixture(scope="session")
def ensemble(trained: Path) -> Path:
    """A RUN of an ensemble: the trained model, and one like it that was disturbed and sees the pictures larger."""
    folder = trained.parent / "ensemble"
    members = (folder / "members" / "1", folder / "members" / "2")
    for member in members:
        member.mkdir(parents=True)
    model = load_model(trained)
    save_model(model, members[0] / "model.safetensors")
    generator = np.random.default_rng(0)
    weights = {
        name: weight * generator.uniform(0.6, 1.4, weight.shape).astype(np.float32)
        for name, weight in model.weights.items()
    }
    preprocessing = replace(model.preprocessing, resize_size=32, fit="crop")
    other = replace(model, weights=weights, preprocessing=preprocessing)
    assert model.known_answer is not None
    images = model.known_answer.images
    answer = KnownAnswer(images, open_engine(other, device="cpu").run(images).probabilities)
    save_model(replace(other, known_answer=answer), members[1] / "model.safetensors")
    save_ensemble(folder, ["members/1", "members/2"])
    return folder
