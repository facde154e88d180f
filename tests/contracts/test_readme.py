"""The README's examples run, in their order, in a folder of their own (`documents.py` says how).

- Lines that begin with `$ googlenet` are run; all others, such as `$ make`, are not.
- A ```python block is a program of its own.
- The folder holds what readers have at hand: `photos/` (two classes of pictures), `photo.jpg`, `picture.jpg`, the
  repository's `examples/`, and `runs/demo`, as `make demo` leaves it.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.contracts.documents import Example, examples_of, run_example

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEMO = "runs/demo"


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
