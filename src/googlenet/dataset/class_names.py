"""Names of classes: one spelling for the same letters, and which names only look alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence


def normal_name(name: str) -> str:
    """A name in Unicode's form NFC: macOS and other systems write the same letters in different ways."""
    return unicodedata.normalize("NFC", name)


def quote_names(names: Sequence[str]) -> str:
    """List names for a message: the first five in quotes, and how many more there are."""
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return ", ".join(f"'{name}'" for name in names[:5]) + more


def alike_hint(names: Iterable[str], others: Iterable[str]) -> str:
    """Say, as the end of a message, which of `names` look like one of `others`; "" where none does."""
    known = {_bare(other): other for other in others}
    pairs = [(name, known[_bare(name)]) for name in names if known.get(_bare(name), name) != name]
    if not pairs:
        return ""
    shown = ", ".join(f"'{name}' and '{other}'" for name, other in pairs[:3])
    return f"; {shown} differ only by case, blanks or invisible characters: give the folders the same name"


def _bare(name: str) -> str:
    """What the eye sees of a name: without case, blanks, widths and characters that show nothing."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(mark for mark in text if not mark.isspace() and unicodedata.category(mark) not in ("Cc", "Cf"))
