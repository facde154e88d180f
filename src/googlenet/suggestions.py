"""Suggestions for misspelled words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "", likeness: float = 0.6) -> str:
    """The end of a sentence: "did you mean 'paper'?", or `otherwise` if no known word is similar.

    `likeness`: the least similarity, 0 to 1 (`difflib`'s ratio).
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=likeness)
    return f"did you mean {near[0]!r}?" if near else otherwise
