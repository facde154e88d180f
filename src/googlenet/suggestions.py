"""What somebody may have meant who wrote a word that nothing is called by."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "", likeness: float = 0.6) -> str:
    """The end of a sentence: "did you mean 'paper'?", or `otherwise` where no known word is like it.

    `likeness`: the least, from 0 to 1 (the same), of `difflib`'s ratio.
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=likeness)
    return f"did you mean {near[0]!r}?" if near else otherwise
