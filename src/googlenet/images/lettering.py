"""Lines of text in pictures, in a font that has their characters: class names may be in any language."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from googlenet.printable import printable

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

FALLBACKS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansKR-Regular.otf",
    "NanumGothic.ttf",
    "NotoSerifCJK-Regular.ttc",
    "AppleSDGothicNeo.ttc",
    "Arial Unicode.ttf",
    "segoeui.ttf",
    "malgun.ttf",
    "msyh.ttc",
)
"""Fonts of Linux, macOS and Windows by file name, tried in order where Pillow's own font, which is Latin, lacks a
character; the ones that are installed are found by Pillow."""

BASE_LINE = 0.78
"""Where a line's base lies in its height, for every font: they differ in their ascent."""

NOT_A_CHARACTER = "\uffff"
"""Drawn by every font as its sign for characters that it lacks."""


def font_for(text: str, size: int) -> Font:
    """The first font of `size` px that has all characters of a text, or else the first that lacks the fewest."""
    characters = "".join(sorted({one for one in text if not one.isspace()}))
    return _font_with(characters, size)


@lru_cache(maxsize=256)
def _font_with(characters: str, size: int) -> Font:
    own = ImageFont.load_default(size)
    fonts = (own, *_installed(size)) if count_missing(own, characters) else (own,)
    return min(fonts, key=lambda font: count_missing(font, characters))


@lru_cache(maxsize=16)
def _installed(size: int) -> tuple[Font, ...]:
    found: list[Font] = []
    for name in FALLBACKS:
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    return tuple(found)


def count_missing(font: Font, text: str) -> int:
    """How many characters of a text the font lacks; spaces are not counted."""
    missing = bytes(font.getmask(NOT_A_CHARACTER))
    return sum(bytes(font.getmask(one)) == missing for one in {*text} if not one.isspace())


def wrap_text(text: str, size: int, *, room: int, lines: int = 1) -> list[str]:
    """Break a text into at most `lines` lines of at most `room` px, between words where that is possible.

    Text that is left out is replaced by "…"; control characters are made visible.
    """
    shown = " ".join(printable(text).split())
    font = font_for(f"{shown}…", size)
    found: list[str] = []
    while shown and len(found) < lines:
        line = _beginning(shown, font, room)
        shown = shown[len(line) :].strip()
        if shown and len(found) == lines - 1:
            while line and font.getlength(f"{line}…") > room:
                line = line[:-1]
            line = f"{line.rstrip()}…"
        found.append(line.strip())
    return found


def _beginning(text: str, font: Font, room: int) -> str:
    """As much of a text as fits into `room` px, whole words if possible, and at least one character."""
    fitting = len(text)
    while fitting > 1 and font.getlength(text[:fitting]) > room:
        fitting -= 1
    if fitting == len(text):
        return text
    space = text.rfind(" ", 0, fitting + 1)
    return text[: space if space > 0 else fitting]


def line_height(size: int) -> int:
    """Pixels from one line to the next."""
    return round(1.4 * size)


def write_line(
    sheet: Image.Image, place: tuple[int, int], text: str, size: int, colour: tuple[int, int, int], *, room: int
) -> None:
    """Write a text on one line of at most `room` px, its top left corner at `place` (x, y)."""
    write_lines(sheet, place, wrap_text(text, size, room=room), size, colour, line_height=line_height(size))


def write_lines(
    sheet: Image.Image,
    place: tuple[int, int],
    lines: Sequence[str],
    size: int,
    colour: tuple[int, int, int],
    *,
    line_height: int,
) -> None:
    """Write lines of text, the first one's top at `place` (x, y)."""
    draw, font = ImageDraw.Draw(sheet), font_for("".join((*lines, "…")), size)
    x, y = place
    for number, line in enumerate(lines):
        base = y + number * line_height + round(BASE_LINE * line_height)
        draw.text((x, base), line, fill=colour, font=font, anchor="ls")
