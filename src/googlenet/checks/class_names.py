"""Which names of classes are so alike that they may be meant to be one."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

LEAST_LETTERS = 6
"""Shorter names in which one letter differs are often two words: shirt and skirt."""

_SEPARATORS = re.compile(r"[\s_\-.,]+")
_LOOK_ALIKES = str.maketrans("аеорсухіјѕԁһԛԝвкмнтοαενρικ", "aeopcyxijsdhqwbkmhtoaevpik")  # Cyrillic, Greek


def _folded(name: str) -> str:
    """Without case, accents' encoding, width variants and invisible characters."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(mark for mark in text if unicodedata.category(mark) not in ("Cc", "Cf"))


def _joined(name: str) -> str:
    return _SEPARATORS.sub("", _folded(name))


def _latin(name: str) -> str:
    return _joined(name).translate(_LOOK_ALIKES)


def _singular(name: str) -> str:
    """Each word without the ending of an English plural."""
    words = (word for word in _SEPARATORS.split(_folded(name)) if word)
    return "".join(
        re.sub(r"(?:(?<=[sxz])es|(?<=[cs]h)es|(?<=.{2}[^su])s)$", "", re.sub("ies$", "y", word)) for word in words
    )


_SAME: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("case or invisible characters", _folded),
    ("case, spaces or punctuation", _joined),
    ("letters that look the same, of two alphabets", _latin),
    ("singular and plural", _singular),
)
"""What makes two names the same, and how the difference is called; the first that does is named."""


def alike_classes(names: Sequence[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield groups of names that are alike, and in what they differ; a pair of names is in one group at most."""
    seen: set[tuple[str, str]] = set()
    for how, key in _SAME:
        groups: dict[str, list[str]] = defaultdict(list)
        for name in names:
            groups[key(name)].append(name)
        for alike in groups.values():
            pairs = {(one, other) for one in alike for other in alike if one < other}
            if pairs - seen:
                seen |= pairs
                yield tuple(alike), how
    for pair in _one_letter_apart(names):
        if pair not in seen:
            yield pair, "one letter"


def _one_letter_apart(names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of long names in which one letter is missing, different or swapped with the next; digits may differ."""
    without_one: dict[str, set[str]] = defaultdict(set)
    for name in names:
        bare = _joined(name)
        for at in range(len(bare)) if len(bare) >= LEAST_LETTERS else ():
            without_one[bare[:at] + bare[at + 1 :]].add(name)
        without_one[bare].add(name)
    near = {(one, other) for alike in without_one.values() for one in alike for other in alike if one < other}
    return sorted(pair for pair in near if _is_one_letter(*map(_joined, pair)))


def _is_one_letter(one: str, other: str) -> bool:
    if min(len(one), len(other)) < LEAST_LETTERS or re.sub(r"\D", "", one) != re.sub(r"\D", "", other):
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, others = one[start:], other[start:]
    if len(rest) == len(others):
        return rest[1:] == others[1:] or (rest[:2] == others[1::-1] and rest[2:] == others[2:])
    longer, shorter = (rest, others) if len(rest) > len(others) else (others, rest)
    return longer[1:] == shorter
