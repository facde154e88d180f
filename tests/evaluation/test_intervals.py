"""The interval of an accuracy, against published figures and its own limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.evaluation import wilson_interval


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [  # Newcombe, 1998, Statistics in Medicine 17, Table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(correct: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(correct, total) == pytest.approx((low, high), abs=5e-5)


def test_nothing_counted_says_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


@given(st.integers(1, 10**9).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_the_interval_holds_the_share_and_stays_within_0_and_1(counted: tuple[int, int]) -> None:
    correct, total = counted
    low, high = wilson_interval(correct, total)
    assert 0 <= low <= correct / total <= high <= 1
    assert low < high


def test_more_confidence_is_a_wider_interval() -> None:
    narrow, wide = wilson_interval(70, 100, confidence=0.8), wilson_interval(70, 100, confidence=0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
