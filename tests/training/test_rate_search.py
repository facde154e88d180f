"""The search for a learning rate: what it tries, when it ends, what it suggests, how it is drawn."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from googlenet.training.rate_curve import CHOICE, HEIGHT, LEFT, RIGHT, WIDTH, draw_rate_curve
from googlenet.training.rate_search import RateCurve, rising_rates, search_rate, smoothed_losses

if TYPE_CHECKING:
    from tests.training.conftest import Training


def valley(lowest_at: int, count: int = 41) -> RateCurve:
    """A curve whose smoothed loss is least at one of 41 rates from 0.0001 to 1."""
    losses = tuple(1 + abs(index - lowest_at) / count for index in range(count))
    return RateCurve(rising_rates(1e-4, 1.0, count), losses, losses)


def test_rates_rise_by_the_same_factor_from_the_first_to_the_last() -> None:
    rates = rising_rates(1e-4, 1.0, 5)
    assert rates == pytest.approx((1e-4, 1e-3, 1e-2, 1e-1, 1.0))
    factors = [after / before for before, after in pairwise(rising_rates(2e-3, 0.7, 30))]
    assert max(factors) == pytest.approx(min(factors))


def test_the_smoothed_loss_is_a_weighted_mean_without_the_bias_of_the_start() -> None:
    assert smoothed_losses([3.0, 3.0, 3.0]) == pytest.approx((3.0, 3.0, 3.0))
    assert smoothed_losses([1.0, 2.0])[1] == pytest.approx((0.9 * 1 + 2) / 1.9)


def test_the_suggestion_is_a_fifth_of_the_rate_where_the_loss_turns() -> None:
    curve = valley(30)
    assert curve.turning == pytest.approx(0.1)
    assert curve.suggestion == 0.02


def test_the_search_tries_rising_rates_and_ends_where_the_loss_explodes(training: Training) -> None:
    job = training.job("run", learning_rate=0.01)
    seen: list[tuple[int, int]] = []
    curve = search_rate(job, lowest=1e-3, highest=1e5, steps=60, on_progress=lambda *done: seen.append(done))
    assert curve.rates == rising_rates(1e-3, 1e5, 60)[: len(curve.rates)]
    assert len(curve.rates) == len(curve.losses) == len(curve.smoothed) == len(seen) < 60
    assert seen[0] == (1, 60)
    assert 1e-3 < curve.suggestion < 10
    assert not job.folder.path.exists(), "nothing is kept"


def test_the_search_gives_the_same_curve_for_the_same_seed(training: Training) -> None:
    one, two, other = (search_rate(training.job("run", seed=seed), steps=12) for seed in (3, 3, 4))
    assert one == two
    assert one != other


@pytest.mark.parametrize("lowest_at", [0, 20, 38])
def test_the_curve_is_drawn_with_the_suggestion_at_its_place(lowest_at: int) -> None:
    curve = valley(lowest_at)
    pixels = np.asarray(draw_rate_curve(curve, title="digits"))
    colour = [int(CHOICE[at : at + 2], 16) for at in (1, 3, 5)]
    columns = np.flatnonzero((pixels == colour).all(2).sum(0) > HEIGHT / 2)
    share = max(0.0, np.log10(curve.suggestion / 1e-4) / 4)
    assert columns.mean() == pytest.approx(LEFT + share * (WIDTH - LEFT - RIGHT), abs=2)
