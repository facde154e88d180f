"""Makes text from outside (file names, class names, model metadata) safe for a terminal or a log.

A name may contain an escape sequence that clears the screen, a line break that forges a line, or a mark that reverses
the direction of the text after it. Data files keep names unchanged.
"""

from __future__ import annotations

import re
import unicodedata

_JOINERS = "\u200c\u200d"  # used in Persian words and in emoji; invisible and without effect on direction
_HARMLESS = ("Zs", "Co", "Cn")  # spaces of other widths, private characters, those newer than this Python
_NOT_ASCII_TEXT = re.compile(r"[^ -~]")


def printable(text: str) -> str:
    r"""Text as one line, with characters that are invisible or control the terminal escaped: `\x1b`, `\n`, `\u202e`.

    These are controls (also C1), line and paragraph separators, direction marks, and surrogates, which occur in file
    names that are not UTF-8.
    """
    if text.isprintable():
        return text
    return _NOT_ASCII_TEXT.sub(lambda found: _escaped(found[0]), text)


def printable_json(text: str) -> str:
    r"""JSON with the same values, in whose strings JSON escapes (`\u009b`) replace what `printable` escapes."""
    if text.isprintable():
        return text
    return _NOT_ASCII_TEXT.sub(lambda found: found[0] if found[0] == "\n" else _json_escaped(found[0]), text)


def _is_shown(character: str) -> bool:
    return character.isprintable() or character in _JOINERS or unicodedata.category(character) in _HARMLESS


def _escaped(character: str) -> str:
    return character if _is_shown(character) else character.encode("unicode_escape").decode()


def _json_escaped(character: str) -> str:
    if _is_shown(character):
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
