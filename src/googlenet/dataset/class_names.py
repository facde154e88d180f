"""Class names: Unicode normalisation, and hints about names that look alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence


def normal_name(name: str) -> str:
    """A name in Unicode form NFC: macOS and other systems encode the same letters differently."""
    return unicodedata.normalize("NFC", name)


def quote_names(names: Sequence[str], most: int = 5) -> str:
    """List names for a message: the first ones in quotes, and how many more there are: "'a', 'b' and 3 more"."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(f"'{name}'" for name in names[:most]) + more


def alike_hint(names: Iterable[str], others: Iterable[str]) -> str:
    """The end of a message about which of `names` look like one of `others`; "" if none does."""
    known = {_bare(other): other for other in others}
    pairs = [(name, known[_bare(name)]) for name in names if known.get(_bare(name), name) != name]
    if not pairs:
        return ""
    shown = ", ".join(f"'{name}' and '{other}'" for name, other in pairs[:3])
    return f"; {shown} differ only in case, spaces or invisible characters: give the folders the same name"


def _bare(name: str) -> str:
    """The visible part of a name: without case, spaces, width variants and invisible characters."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(mark for mark in text if not mark.isspace() and unicodedata.category(mark) not in ("Cc", "Cf"))
