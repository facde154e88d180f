"""The interval of an accuracy, against published figures and its own limits."""

from __future__ import annotations

from itertools import product
from math import comb, hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.evaluation import paired_interval, wilson_interval


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


COUNTS = st.tuples(*(st.integers(0, 500) for _ in range(4))).filter(any)


@given(COUNTS)
def test_a_paired_interval_holds_the_difference_and_turns_round_with_it(counted: tuple[int, int, int, int]) -> None:
    both, first, second, neither = counted
    low, high = paired_interval(both, first, second, neither)
    assert -1 <= low <= (first - second) / sum(counted) <= high <= 1
    assert paired_interval(both, second, first, neither) == pytest.approx((-high, -low), abs=1e-12)
    assert paired_interval(neither, first, second, both) == pytest.approx((low, high), abs=1e-12)  # of misses, too


def test_without_correlation_it_is_that_of_two_independent_counts() -> None:
    """Wilson's intervals, their distances squared and added: by hand for 60 and 50 of 100."""
    (low_1, high_1), (low_2, high_2) = wilson_interval(60, 100), wilson_interval(50, 100)
    expected = 0.1 - hypot(0.6 - low_1, high_2 - 0.5), 0.1 + hypot(0.5 - low_2, high_1 - 0.6)
    assert paired_interval(30, 30, 20, 20) == pytest.approx(expected)


def test_pairs_that_agree_make_a_difference_surer() -> None:
    apart, together = paired_interval(300, 300, 200, 200), paired_interval(480, 120, 20, 380)
    assert together[0] > apart[0]
    assert together[1] < apart[1]


def test_two_that_never_differ_are_not_sure_to_be_the_same() -> None:
    low, high = paired_interval(40, 0, 0, 10)
    assert low == pytest.approx(-high)
    assert 0 < high < 0.1
    assert paired_interval(0, 0, 0, 0) == (-1.0, 1.0)


@pytest.mark.parametrize(
    "shares", [(0.5, 0.1, 0.05, 0.35), (0.8, 0.05, 0.05, 0.1), (0.25, 0.25, 0.25, 0.25), (0.1, 0.2, 0.05, 0.65)]
)
def test_it_holds_the_truth_in_95_of_100_cases_or_some_more(shares: tuple[float, float, float, float]) -> None:
    """Over every outcome of 30 pairs, weighted by its probability."""
    pairs, truth, covered = 30, shares[1] - shares[2], 0.0
    for both, first, second in product(range(pairs + 1), repeat=3):
        neither = pairs - both - first - second
        if neither < 0:
            continue
        ways = comb(pairs, both) * comb(pairs - both, first) * comb(pairs - both - first, second)
        odds = ways * shares[0] ** both * shares[1] ** first * shares[2] ** second * shares[3] ** neither
        low, high = paired_interval(both, first, second, neither)
        covered += odds * (low <= truth <= high)
    assert 0.945 < covered < 0.995
