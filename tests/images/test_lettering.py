"""Lines of text fit, and are in a font that has their characters."""

from __future__ import annotations

import pytest
from PIL import Image

from googlenet.images.lettering import font_for, wrap_text, write_lines


@pytest.mark.parametrize("text", ["cat", "two words and some more", "고양이 한 마리", "x" * 80, "a b" * 50])
@pytest.mark.parametrize("lines", [1, 2, 3])
def test_lines_fit_and_lose_nothing_silently(text: str, lines: int) -> None:
    wrapped = wrap_text(text, 20, room=200, lines=lines)
    assert 1 <= len(wrapped) <= lines
    assert all(font_for(f"{text}…", 20).getlength(line) <= 200 for line in wrapped)
    whole = "".join(wrapped).replace(" ", "")
    if whole != text.replace(" ", ""):
        assert whole.endswith("…")
        assert text.replace(" ", "").startswith(whole[:-1])


def test_words_stay_whole_where_they_can() -> None:
    assert wrap_text("tabby, tabby cat", 20, room=100, lines=2) == ["tabby,", "tabby cat"]


def test_control_characters_are_made_visible() -> None:
    assert wrap_text("a\x1b[2Jb", 20, room=300) == [r"a\x1b[2Jb"]
    assert wrap_text("a\nb", 20, room=300) == [r"a\nb"]


def test_nothing_gives_no_lines() -> None:
    assert wrap_text("", 20, room=300) == []


def test_latin_text_is_in_pillows_own_font_and_what_that_lacks_in_another() -> None:
    assert font_for("Photo 7", 20).getname() == font_for("cat", 20).getname()  # type: ignore[union-attr]
    if font_for("고양이", 20) is font_for("cat", 20):
        pytest.skip("no font with Korean characters is installed")
    assert font_for("고양이", 20).getname() != font_for("cat", 20).getname()  # type: ignore[union-attr]


def test_lines_are_written_below_each_other() -> None:
    sheet = Image.new("L", (200, 100), 255).convert("RGB")
    write_lines(sheet, (10, 10), ["one", "two"], 20, (0, 0, 0), line_height=30)
    rows = [y for y in range(100) if min(sheet.crop((0, y, 200, y + 1)).convert("L").tobytes()) < 128]
    assert 10 <= rows[0] < 30
    assert 40 < rows[-1] < 75
    assert any(row not in rows for row in range(rows[0], rows[-1]))  # a gap between them
