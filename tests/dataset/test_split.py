"""Holding pictures back by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.dataset import ArraySource, Sample, Samples, SplitRule, split_samples
from googlenet.errors import DataError, InputError


def samples(*names: str, prefix: str = "") -> Samples:
    classes = tuple(sorted({name.split("/")[0] for name in names}))
    items = tuple(Sample(prefix + name, classes.index(name.split("/")[0])) for name in sorted(names))
    return Samples(classes, items, ArraySource({}))


def held(data: Samples, rule: SplitRule) -> set[str]:
    return {item.name for item in split_samples(data, rule)[1].items}


def many(kind: str = "cat", count: int = 2000) -> list[str]:
    return [f"{kind}/{number}.jpg" for number in range(count)]


def test_about_the_share_is_held_back() -> None:
    assert abs(len(held(samples(*many()), SplitRule(0, 0.2))) - 400) < 4 * np.sqrt(2000 * 0.2 * 0.8)


def test_another_seed_holds_back_others() -> None:
    data = samples(*many(count=100))
    assert held(data, SplitRule(0, 0.2)) != held(data, SplitRule(1, 0.2))


def test_a_larger_share_holds_back_the_same_and_more() -> None:
    data = samples(*many())
    assert held(data, SplitRule(0, 0.1)) < held(data, SplitRule(0, 0.2))


def test_the_split_is_the_same_today_as_ever() -> None:
    """Written down once: whoever changes the hash moves every user's validation pictures into training."""
    numbers = (4, 6, 8, 10, 11, 14, 16, 18)
    assert held(samples(*many(count=20)), SplitRule(0, 0.2)) == {f"cat/{number}.jpg" for number in numbers}


def test_a_train_folder_above_does_not_matter() -> None:
    plain, below = samples(*many(count=50)), samples(*many(count=50), prefix="train/")
    assert held(below, SplitRule(0, 0.2)) == {f"train/{name}" for name in held(plain, SplitRule(0, 0.2))}


def test_equal_file_names_in_two_classes_are_apart() -> None:
    data = samples(*many("cat", 200), *many("dog", 200))
    cats, dogs = (
        {name[4:] for name in held(data, SplitRule(0, 0.2)) if name.startswith(kind)} for kind in ("cat", "dog")
    )
    assert cats != dogs


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_share_that_empties_one_side_is_refused(share: float) -> None:
    with pytest.raises(InputError, match=r"the share of pictures held back is .*: it must lie between 0 and 1"):
        SplitRule(0, share)


def test_a_class_never_gives_away_its_only_picture() -> None:
    with pytest.raises(DataError, match="a class needs at least 2 pictures to hold one back: 'dog' has 1"):
        split_samples(samples("cat/1.jpg", "cat/2.jpg", "dog/1.jpg"), SplitRule(0, 0.2))


files = st.lists(st.integers(0, 10**6), min_size=2, max_size=30, unique=True)
rules = st.builds(SplitRule, st.integers(0, 2**32), st.floats(0.001, 0.999))


@given(files, files, rules)
def test_each_picture_is_on_one_side_and_each_class_on_both(cats: list[int], dogs: list[int], rule: SplitRule) -> None:
    data = samples(*(f"cat/{n}.jpg" for n in cats), *(f"dog/{n}.jpg" for n in dogs))
    kept, held_back = split_samples(data, rule)
    assert sorted((*kept.items, *held_back.items), key=lambda item: item.name) == list(data.items)
    assert all(input_size.counts["cat"] and input_size.counts["dog"] for input_size in (kept, held_back))
    assert list(kept.items) == sorted(kept.items, key=lambda item: item.name)


@given(files, files, rules)
def test_adding_pictures_does_not_move_the_others(first: list[int], second: list[int], rule: SplitRule) -> None:
    before, after = (samples(*(f"cat/{n}.jpg" for n in numbers)) for numbers in (first, {*first, *second}))
    was, now = held(before, rule), held(after, rule)
    moved = {item.name for item in before.items} & (was ^ now)
    # At most the one picture that stood in for an empty side may return.
    assert len(moved) <= 1
    if moved:
        assert len(was) in (1, len(first) - 1)
