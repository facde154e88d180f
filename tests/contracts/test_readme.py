"""Each of the README's examples runs, in their order, in one folder (`documents.py` says how), and `make demo` does.

- Lines that begin with `$ googlenet` are run; all others, such as `$ make`, are not.
- A ```python block is a program of its own.
- The folder holds what readers have at hand: `photos/` (two classes of pictures), `picture.jpg`, and the repository's
  `examples/`.
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
    shutil.copy(folder / "photos" / "cat" / "0.jpg", folder / "picture.jpg")
    shutil.copytree(ROOT / "examples", folder / "examples")
    return Walk(EXAMPLES, lambda example: run_example(example, folder))


@pytest.mark.skipif(shutil.which("bash") is None, reason="the README's lines are for a shell")
@pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=titles(EXAMPLES))
def test_an_example_of_the_readme_runs(number: int, walk: Walk) -> None:
    walk.reach(number)


@pytest.mark.skipif(shutil.which("bash") is None, reason="the Makefile's lines are for a shell")
def test_the_lines_of_make_demo_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    rule = re.search(r"^demo: .*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert rule is not None
    lines = re.findall(r"googlenet .*", rule[1])
    assert len(lines) == 4
    for line in lines:
        run_example(Example("console", line.replace("$(DEMO)", "runs/demo")), tmp_path)
