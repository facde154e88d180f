"""Each of the README's examples runs, in their order, in one folder (`documents.py` says how).

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

from tests.contracts.documents import Example, Walk, examples_of, run_example, titles

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEMO = "runs/demo"
EXAMPLES = [
    example for example in examples_of(README) if example.kind == "python" or example.text.startswith("googlenet ")
]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """The examples in a folder that holds what readers have at hand."""
    folder = tmp_path_factory.mktemp("readme")
    generator = np.random.default_rng(0)
    for name, red in (("cat", 200), ("dog", 60)):
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(10):
            pixels = generator.integers(red - 50, red + 50, (100, 120, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "photos" / name / f"{number}.jpg")
    for name in ("photo.jpg", "picture.jpg"):
        shutil.copy(folder / "photos" / "cat" / "0.jpg", folder / name)
    shutil.copytree(ROOT / "examples", folder / "examples")

    def run(example: Example) -> None:
        if DEMO in example.text and " train " not in example.text and not (folder / DEMO).exists():
            make_demo(folder)
        run_example(example, folder)

    return Walk(EXAMPLES, run)


@pytest.mark.skipif(shutil.which("bash") is None, reason="the README's lines are for a shell")
@pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=titles(EXAMPLES))
def test_an_example_of_the_readme_runs(number: int, walk: Walk) -> None:
    walk.reach(number)


def make_demo(folder: Path) -> None:
    """Train as `make demo` does, shrunk."""
    line = re.search(r"googlenet train .*", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert line is not None
    run_example(Example("console", line[0].replace("$(DEMO)", DEMO)), folder)
