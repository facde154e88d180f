"""No text begins like a formula in a cell, and every text comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.spreadsheet import cell_text, safe_cell

SIGNS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


@given(st.text(st.sampled_from([*SIGNS, "'", "a", "1"]), max_size=6))
def test_no_cell_begins_like_a_formula_and_every_text_comes_back(text: str) -> None:
    cell = safe_cell(text)
    assert not cell.startswith(tuple(SIGNS))
    assert cell_text(cell) == text


@given(st.text())
def test_texts_of_all_characters_come_back(text: str) -> None:
    assert cell_text(safe_cell(text)) == text


@pytest.mark.parametrize("text", ["cat.jpg", "0.5", "a=b", "'quoted'", ""])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text
