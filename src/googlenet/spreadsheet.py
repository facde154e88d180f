"""Makes text from outside safe for a spreadsheet, which takes a cell that begins with = + - @ for a formula.

Such a text gets an apostrophe in front, and so does one that already has apostrophes there: `cell_text` removes exactly
what `safe_cell` added. Numbers must not be passed through here.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")  # the last four: full-width = + - @


def safe_cell(text: str) -> str:
    """Text as it is written into a cell."""
    return f"'{text}" if _FORMULA.match(text) else text


def cell_text(cell: str) -> str:
    """The text that `safe_cell` made a cell of."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
