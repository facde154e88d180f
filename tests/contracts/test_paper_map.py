"""docs/paper.md names files, functions and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = re.findall(r"^\| .+? \| `(.+?): (.+?)` \| `(.+?): (.+?)` \|$", (ROOT / "docs" / "paper.md").read_text(), re.M)


def test_the_map_has_a_row_for_every_claim() -> None:
    lines = [line for line in (ROOT / "docs" / "paper.md").read_text().splitlines() if line.startswith("| ")]
    headers = sum(line.startswith("| claim |") for line in lines)
    assert len(ROWS) == len(lines) - headers
    assert len(ROWS) > 20


@pytest.mark.parametrize(("file", "name", "test_file", "test"), ROWS)
def test_a_claim_is_met_and_tested_where_the_map_says(file: str, name: str, test_file: str, test: str) -> None:
    source = (ROOT / "src" / "googlenet" / file).read_text()
    assert re.search(rf"^(?:def|class) {name}\b|^{name}\b.* = ", source, re.M), f"{file} has no {name}"
    assert f"def {test}(" in (ROOT / "tests" / test_file).read_text()
