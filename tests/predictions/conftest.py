"""Rows as `googlenet predict` makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from googlenet.errors import InputError
from googlenet.predictions import ExistingOutput, PredictionRow, open_predictions


def good(image: str, *shares: float, **more: Any) -> PredictionRow:
    """A row of a picture that could be read; without shares it is surely a cat."""
    predictions = [
        {"label": f"n{number}", "name": ["cat", "dog, the", 'a "quoted" bird'][number], "probability": share}
        for number, share in enumerate(shares or (1.0,))
    ]
    return {"image": image, "predictions": predictions, "error": None} | more


def bad(image: str, **more: Any) -> PredictionRow:
    """A row of a picture that could not be read."""
    return {"image": image, "predictions": [], "error": "not a picture"} | more


def write_rows(
    path: Path,
    rows: Iterable[PredictionRow],
    *,
    existing: ExistingOutput | None = None,
    end: type[Exception] | None = None,
) -> None:
    """Write rows to an output, and end with an error if one is given."""
    with open_predictions(path, existing=existing) as write:
        for row in rows:
            write(row)
        if end is not None:
            raise end


def interrupt(path: Path, *rows: PredictionRow) -> None:
    """Begin an output anew, write rows, and be interrupted."""
    with pytest.raises(RuntimeError):
        write_rows(path, rows, existing=ExistingOutput(), end=RuntimeError)


def check_sentence(read: Callable[[], object]) -> None:
    """Damage may pass unseen; where it is found, it is one line."""
    try:
        read()
    except InputError as error:
        lines = str(error).splitlines()
    else:
        lines = ["unseen"]
    assert len(lines) == 1


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)  # line ends, quotes, commas and all
ROWS = st.lists(
    st.one_of(
        st.builds(bad, NAMES), st.builds(good, NAMES, st.floats(0, 1).map(lambda share: round(share, 6)), st.just(0.25))
    ),
    max_size=6,
)
