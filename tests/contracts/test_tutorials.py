"""The tutorials run, each from its first line to its last in one empty folder (`documents.py` says how).

Beside their own pictures they find the repository's `examples/`. Their Python blocks are one session.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.contracts.documents import examples_of, run_example, run_in_session

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))


def test_there_are_tutorials() -> None:
    assert [page.stem for page in PAGES] == [
        "take-the-paper-apart",
        "train-on-your-photographs",
        "use-the-famous-weights",
    ]


@pytest.mark.skipif(shutil.which("bash") is None, reason="the tutorials' lines are for a shell")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_runs_and_shows_what_it_prints(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    session: dict[str, object] = {}
    for example in examples_of(page.read_text(encoding="utf-8")):
        if example.kind == "python":
            run_in_session(example, session)
        else:
            run_example(example, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_of_a_tutorial_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
