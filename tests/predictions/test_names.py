"""Names of pictures that have their rows: exactly those, in 16 bytes each."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from googlenet.predictions.names import PictureNames


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"]))), st.sets(st.text(max_size=2)), st.booleans())
def test_what_was_added_is_there_and_nothing_else_is(added: set[str], others: set[str], asked_between: bool) -> None:
    names = PictureNames()
    for name in added:
        assert name not in names or not asked_between
        names.add(name)
    assert all(name in names for name in added)
    assert not any(name in names for name in others - added)


def test_a_hundred_thousand_long_names_take_a_few_megabytes() -> None:
    tracemalloc.start()
    try:
        names = PictureNames()
        for number in range(100_000):
            names.add(f"{'folder/' * 30}{number}.jpg")
        assert f"{'folder/' * 30}77.jpg" in names
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2_000_000
    assert peak < 8_000_000
