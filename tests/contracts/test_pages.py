"""The README and the tutorials, in English and in Korean.

Only the English pages' examples are run (`test_readme.py`, `test_tutorials.py`): a translation has the same ones, to
the letter, and the same headings and figures, so that it cannot fall behind unnoticed.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.contracts.documents import fenced_blocks

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = ROOT / "docs" / "tutorials"
KOREAN = {ROOT / "README.md": ROOT / "README.ko.md"} | {
    page: TUTORIALS / "ko" / page.name for page in sorted(TUTORIALS.glob("*.md"))
}
PAGES = [*KOREAN, *KOREAN.values()]


def name_of(page: Path) -> str:
    """A page in the names of tests."""
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    files = [link for link in links if not link.startswith("https://")]
    assert [link for link in files if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", KOREAN, ids=name_of)
def test_a_page_and_its_translation_link_to_each_other_at_the_top(page: Path) -> None:
    for one, other in ((page, KOREAN[page]), (KOREAN[page], page)):
        top = one.read_text(encoding="utf-8").splitlines()[:3]
        links = [link for line in top for link in re.findall(r"\]\((.+?)\)", line)]
        assert [(one.parent / link).resolve() for link in links] == [other]


@pytest.mark.parametrize("page", KOREAN, ids=name_of)
def test_a_translation_has_the_same_examples(page: Path) -> None:
    assert fenced_blocks(KOREAN[page].read_text(encoding="utf-8")) == fenced_blocks(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", KOREAN, ids=name_of)
def test_a_translation_has_the_same_sections_tables_and_figures_in_bold(page: Path) -> None:
    assert _outline(KOREAN[page]) == _outline(page)


def _outline(page: Path) -> list[str | list[str]]:
    """Of each line outside of examples: a heading's level, a table's row with its number of cells; numbers in bold."""
    text = page.read_text(encoding="utf-8")
    for block in fenced_blocks(text):
        text = text.replace(block, "")
    outline: list[str | list[str]] = []
    for line in text.splitlines():
        outline += re.findall(r"^#+(?= )", line)
        if line.startswith("|"):
            outline.append("|" * line.count("|"))
            outline.append(re.findall(r"\d+(?:[.,]\d+)*", " ".join(re.findall(r"\*\*(.+?)\*\*", line))))
    return outline
