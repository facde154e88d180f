"""The search for a learning rate: what it tries, when it ends, what it suggests, how it is drawn."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from googlenet.training.rate_advice import advise
from googlenet.training.rate_curve import CHOICE, OWN, draw_rate_curve, loss_range
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


@pytest.mark.parametrize("lowest_at", [8, 20, 38])
def test_the_curve_is_drawn_with_the_suggestion_at_its_place_and_round_ticks(lowest_at: int) -> None:
    curve = valley(lowest_at)
    (axes,) = draw_rate_curve(curve, title="digits", recipe_rate=0.05).axes
    places = {line.get_color(): np.asarray(line.get_xdata()).tolist() for line in axes.lines}
    assert places[CHOICE] == [curve.suggestion] * 2
    assert places[OWN] == [0.05] * 2
    low, high = axes.get_xlim()
    shown = [tick for tick in axes.xaxis.get_major_locator()() if low <= tick <= high]
    assert {f"{tick:.0e}"[0] for tick in shown} <= {"1", "2", "5"}
    labels = [axes.xaxis.get_major_formatter()(tick) for tick in shown]
    assert {"0.001", "0.01", "0.1"} <= {*labels}


def test_the_dip_fills_the_plot_and_the_explosion_leaves_it() -> None:
    falling = [3.0 - 0.02 * number for number in range(30)]
    losses = (*falling, 3.5, 9.0, 80.0)
    curve = RateCurve(rising_rates(1e-4, 1.0, len(losses)), losses, losses)
    low, high = loss_range(curve)
    dip = falling[0] - falling[-1]
    assert low < falling[-1] < falling[0] < high
    assert dip > 0.6 * (high - low)


@pytest.mark.parametrize(
    ("lowest_at", "recipe_rate", "verdict", "words"),
    [
        (30, 0.02, "keep", "keep the recipe finetune's own 0.02: the suggestion is within a factor of 3 of it"),
        (30, 0.05, "keep", "within a factor of 3"),
        (
            30,
            0.002,
            "try",
            "try it: it is 10 times as high as the recipe finetune's own 0.002; fine-tuning at a higher",
        ),
        (
            30,
            0.2,
            "try",
            "try it: it is 10 times lower than the recipe finetune's own 0.2; the recipe's rate may undo",
        ),
        (40, 0.02, "unclear", "the loss was still falling at the last rate; repeat with a larger --highest"),
        (0, 0.02, "unclear", "keep the recipe finetune's own 0.02: the loss has no clear dip"),
    ],
)
def test_the_advice_compares_with_the_recipes_rate(
    lowest_at: int, recipe_rate: float, verdict: str, words: str
) -> None:
    advice = advise(valley(lowest_at), recipe="finetune", recipe_rate=recipe_rate, fine_tuning=True)
    assert advice.verdict == verdict
    assert words in advice.sentence


def test_the_advice_for_random_weights_is_about_diverging() -> None:
    lower = advise(valley(30), recipe="scratch", recipe_rate=0.2, fine_tuning=False).sentence
    assert "from scratch the recipe's rate may diverge on these pictures" in lower


def test_a_dip_within_the_scatter_of_the_losses_is_no_dip() -> None:
    generator = np.random.default_rng(0)
    losses = (*(2.0 + generator.normal(0, 0.3, 40)).tolist(), 9.0, 30.0)
    curve = RateCurve(rising_rates(1e-4, 1.0, 42), losses, smoothed_losses(losses))
    assert advise(curve, recipe="small", recipe_rate=1e-3, fine_tuning=False).verdict == "unclear"
