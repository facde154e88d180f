"""Rows as `googlenet predict` makes them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from googlenet.rows import Row


def good(image: str, *shares: float, **more: Any) -> Row:
    """A row of a picture that could be read; without shares it is surely a cat."""
    predictions = [
        {"label": f"n{number}", "name": ["cat", "dog, the", 'a "quoted" bird'][number], "probability": share}
        for number, share in enumerate(shares or (1.0,))
    ]
    return {"image": image, "predictions": predictions, "error": None} | more


def bad(image: str, **more: Any) -> Row:
    """A row of a picture that could not be read."""
    return {"image": image, "predictions": [], "error": "not a picture"} | more


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)  # line ends, quotes, commas and all
ROWS = st.lists(
    st.one_of(
        st.builds(bad, NAMES), st.builds(good, NAMES, st.floats(0, 1).map(lambda share: round(share, 6)), st.just(0.25))
    ),
    max_size=6,
)
