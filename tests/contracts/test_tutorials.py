"""Each of the tutorials' examples runs, those of a page in their order and in one folder (`documents.py` says how).

Beside their own pictures they find the repository's `examples/`. Their Python blocks are one session, which can import
from the folder.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest

from tests.contracts.documents import Example, Walk, examples_of, run_example, run_in_session, titles

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
EXAMPLES = {page.stem: examples_of(page.read_text(encoding="utf-8")) for page in PAGES}


def test_there_are_tutorials() -> None:
    assert [page.stem for page in PAGES] == [
        "lab-modules",
        "lab-training",
        "look-inside",
        "take-the-paper-apart",
        "train-on-your-photographs",
        "use-it-in-torch",
        "use-the-famous-weights",
    ]


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Walk]:
    """Of each page, its examples in a folder of their own."""
    return {page.stem: _walk(page, tmp_path_factory.mktemp(page.stem)) for page in PAGES}


def _walk(page: Path, folder: Path) -> Walk:
    shutil.copytree(ROOT / "examples", folder / "examples")
    session: dict[str, object] = {}

    def run(example: Example) -> None:
        if example.kind == "python":
            with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
                patch.syspath_prepend(folder)
                run_in_session(example, session)
        else:
            run_example(example, folder)

    return Walk(EXAMPLES[page.stem], run)


@pytest.mark.skipif(shutil.which("bash") is None, reason="the tutorials' lines are for a shell")
@pytest.mark.parametrize(
    ("page", "number"),
    [
        pytest.param(page, number, id=f"{page}-{title}")
        for page, examples in EXAMPLES.items()
        for number, title in enumerate(titles(examples))
    ],
)
def test_an_example_of_a_tutorial_runs_and_shows_what_it_prints(page: str, number: int, walks: dict[str, Walk]) -> None:
    walks[page].reach(number)
