"""How this package's objects look in a notebook: small tables in HTML, and short texts for `repr`.

All text is made printable and escaped here: names of classes and files come from outside. The colours are those of the
page, or half transparent, so that they are seen on white and on black.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from googlenet.printable import printable

LONGEST = 60
"""Characters of a name that a `repr` shows."""

_BOX = "display:inline-block;text-align:left;font:13px/1.5 system-ui,sans-serif;color:inherit;max-width:min(100%,56em)"
_TITLE = "font-weight:600;overflow-wrap:anywhere"
_ROW = "background:none;border:0"
_CELL = "padding:2px 14px 2px 0;border:0;background:none;text-align:left;vertical-align:top;overflow-wrap:anywhere"
_HEAD = f"{_CELL};white-space:nowrap;font-weight:400;opacity:.75"
_NUMBER = "text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap"
_ROUND = "height:10px;border-radius:5px"
_TRACK = f"display:inline-block;vertical-align:middle;width:140px;{_ROUND};background:rgba(128,128,128,.25)"
_BAR = f"display:block;{_ROUND};background:#3b82d6"
_NOTE = "opacity:.75;overflow-wrap:anywhere"


def shortened(text: str, most: int) -> str:
    """Text of at most `most` characters, with dots in the middle if something was left out there."""
    half = (most - 3) // 2
    return text if len(text) <= most else f"{text[:half]}...{text[-half:]}"


def quoted(text: str, most: int = LONGEST) -> str:
    """Text in quotes for a `repr`, on one line, shortened to `most` characters."""
    return repr(shortened(text, most))


def name_some(names: Sequence[str], most: int = 5) -> str:
    """The first names, and how many there are in all."""
    shown = "; ".join(names[:most])
    return shown if len(names) <= most else f"{shown} ... ({len(names):,} in all)"


def card(title: str, rows: Iterable[tuple[str, str]], *, note: str | None = None) -> str:
    """HTML: a title above rows of a name and its value."""
    lines = [f'<th scope="row" style="{_HEAD}">{_safe(name)}</th>{_cell(value)}' for name, value in rows]
    return _box(title, _table(lines), note)


def bars(title: str, rows: Iterable[tuple[str, float]], *, note: str | None = None) -> str:
    """HTML: a title above rows of a name, a share from 0 to 1 as a bar, and as a percentage."""
    lines = [f"{_cell(name)}{_bar(share)}{_cell(f'{share:.1%}', _NUMBER)}" for name, share in rows]
    return _box(title, _table(lines), note)


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, note: str | None = None) -> str:
    """HTML: a title above columns with a head; all but the first are numbers."""
    lines = [
        "".join(
            f'<th scope="col" style="{_CELL};{_NUMBER if place else ""}">{_safe(name)}</th>'
            for place, name in enumerate(head)
        )
    ]
    lines += ["".join(_cell(value, _NUMBER if place else "") for place, value in enumerate(row)) for row in rows]
    return _box(title, _table(lines), note)


def _box(title: str, body: str, note: str | None) -> str:
    after = "" if note is None else f'<div style="{_NOTE}">{_safe(note)}</div>'
    return f'<div style="{_BOX}"><div dir="auto" style="{_TITLE}">{_safe(title)}</div>{body}{after}</div>'


def _table(rows: Sequence[str]) -> str:
    if not rows:
        return ""
    lines = "".join(f'<tr style="{_ROW}">{row}</tr>' for row in rows)
    return f'<table style="border-collapse:collapse;border:0;margin:4px 0;font:inherit;color:inherit">{lines}</table>'


def _cell(text: str, style: str = "") -> str:
    return f'<td dir="auto" style="{_CELL};{style}">{_safe(text)}</td>'


def _bar(share: float) -> str:
    width = 100 * min(max(share, 0.0), 1.0)
    filled = f'<span style="{_BAR};width:{width:.1f}%"></span>'
    return f'<td style="{_CELL}"><span aria-hidden="true" style="{_TRACK}">{filled}</span></td>'


def _safe(text: str) -> str:
    from html import escape  # not needed for a prediction

    return escape(printable(text))
