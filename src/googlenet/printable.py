"""Text from outside (names of files, classes, what a model says of itself) made fit for a terminal or a log.

A name may hold an escape sequence that clears the screen, a line end that forges a line, or a mark that turns the
direction of what follows. Files of data keep names as they are.
"""

from __future__ import annotations

import re
import unicodedata

_JOINERS = "\u200c\u200d"  # between letters of Persian and parts of emoji; they show nothing and turn nothing
_HARMLESS = ("Zs", "Co", "Cn")  # blanks of other widths, private characters, those that are newer than this Python
_NOT_ASCII_TEXT = re.compile(r"[^ -~]")


def printable(text: str) -> str:
    r"""One line of text in which whatever is not shown, or steers what shows it, is its escape: `\x1b`, `\n`, `\u202e`.

    Controls (of C1, too), line and paragraph separators, marks of direction, and half characters, which names of files
    hold that are no UTF-8.
    """
    if text.isprintable():
        return text
    return _NOT_ASCII_TEXT.sub(lambda found: _escaped(found[0]), text)


def printable_json(text: str) -> str:
    r"""JSON with the same values whose strings hold nothing that `printable` escapes: `\u009b` is JSON's own escape."""
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
