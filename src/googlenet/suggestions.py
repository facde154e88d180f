"""Suggestions for misspelled words, and for the words of other programs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping


def did_you_mean(
    word: str,
    known: Iterable[str],
    *,
    also_called: Mapping[str, str] | None = None,
    otherwise: str = "",
    likeness: float = 0.6,
) -> str:
    """The end of a sentence: "did you mean 'paper'?", or `otherwise` if no known word is similar.

    `also_called`: names that other programs use -> known words. `likeness`: the least similarity, 0 to 1 (`difflib`'s
    ratio).
    """
    known = list(known)
    ours = (also_called or {}).get(word.lower().replace("-", "_"), "")
    near = [ours] if ours in known else difflib.get_close_matches(word, known, n=1, cutoff=likeness)
    return f"did you mean {near[0]!r}?" if near else otherwise
