"""Text that is fit for a terminal or a log."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.printable import printable, printable_json

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # half characters, too


def steers(character: str) -> bool:
    """Whether a character is a control, a separator of lines, a mark of format, or half of one."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in "\u200c\u200d"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cat\x1b[2J", r"cat\x1b[2J"),
        ("a\rb\nc\td\x07\x7f\0", r"a\rb\nc\td\x07\x7f\x00"),
        ("\x9b31m", r"\x9b31m"),  # C1: a terminal may take it for ESC [
        ("gpj.\u202etac", r"gpj.\u202etac"),
        ("\u2066\u2028\u2029\ufeff\u200b\u061c", r"\u2066\u2028\u2029\ufeff\u200b\u061c"),
        ("\udcff.png", r"\udcff.png"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_steers_a_terminal_is_its_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "train/cat 1.jpg",
        "Größe",
        "猫　犬",
        "नमस्ते",
        "\u0645\u06cc\u200c\u062e\u0648",
        "👩\u200d👧",
        "a\u00a0b",
        "cafe\u0301",
        r"\n",
    ],
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert printable(text) == text
    assert json.loads(printable_json(json.dumps(text, ensure_ascii=False))) == text


@given(ANY_TEXT)
def test_any_text_is_one_line_that_steers_nothing(text: str) -> None:
    shown = printable(text)
    assert not any(map(steers, shown))
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")


@given(st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=3))
def test_json_has_the_same_values_and_steers_nothing(value: dict[str, str]) -> None:
    text = printable_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert not any(map(steers, text.replace("\n", "")))
    assert json.loads(text) == json.loads(json.dumps(value))
