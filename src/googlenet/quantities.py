"""Numbers in sentences."""

from __future__ import annotations


def count(number: int, word: str = "", plural: str = "") -> str:
    """A number with its word: 1 -> "1 picture", 2,000 -> "2,000 pictures"; `plural`: where it is not the word + s."""
    return f"{number:,} {word if number == 1 else plural or word + 's'}" if word else f"{number:,}"
