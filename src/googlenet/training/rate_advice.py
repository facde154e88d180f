"""Whether to follow the learning rate that a search suggests, in place of the recipe's own."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Literal

from googlenet.training.rate_search import RateCurve

NEAR = 3.0
"""Searches that differ only in their seed give rates that differ by up to this factor, so that a smaller difference
from the recipe's rate says nothing (docs/results.md)."""

CLEAR = 2.0
"""A dip is clear from this many times the scatter of single losses around the smoothed curve."""

Verdict = Literal["keep", "try", "unclear"]


@dataclass(frozen=True, slots=True)
class RateAdvice:
    """`keep` the recipe's rate, `try` the suggested one, or the curve is `unclear`; `sentence` says so with reasons."""

    verdict: Verdict
    sentence: str


def advise(curve: RateCurve, *, recipe: str, recipe_rate: float, fine_tuning: bool) -> RateAdvice:
    """Compare the suggestion with the rate of the recipe.

    The recipe's rate was tuned with its schedule, warm-up and freezing on whole trainings; the search sees a few dozen
    updates at a constant input size.
    """
    own = f"the recipe {recipe}'s own {recipe_rate:g}"
    if unclear := _unclear(curve):
        return RateAdvice("unclear", f"keep {own}: {unclear}")
    factor = curve.suggestion / recipe_rate
    if 1 / NEAR <= factor <= NEAR:
        return RateAdvice(
            "keep",
            f"keep {own}: the suggestion is within a factor of {NEAR:g} of it, which is the noise of such a search",
        )
    how = f"{_times(factor)} as high as" if factor > 1 else f"{_times(1 / factor)} lower than"
    return RateAdvice("try", f"try it: it is {how} {own}; {_meaning(factor > 1, fine_tuning)}")


def _unclear(curve: RateCurve) -> str | None:
    """Why the curve suggests nothing, as a clause; None for a clear dip."""
    lowest = curve.smoothed.index(min(curve.smoothed))
    if lowest == len(curve.smoothed) - 1:
        return "the loss was still falling at the last rate; repeat with a larger --highest"
    scatter = statistics.pstdev(loss - mean for loss, mean in zip(curve.losses, curve.smoothed, strict=True))
    if curve.smoothed[0] - curve.smoothed[lowest] < CLEAR * min(scatter, _scatter_before(curve, lowest)):
        return "the loss has no clear dip; repeat with a smaller --lowest, more --steps or a larger batch_size"
    return None


def _scatter_before(curve: RateCurve, lowest: int) -> float:
    """The scatter of the losses from step to step up to the dip, which the explosion after it does not touch."""
    steps = [after - before for before, after in zip(curve.losses[:lowest], curve.losses[1:lowest], strict=False)]
    return statistics.pstdev(steps) / 2**0.5 if len(steps) > 1 else 0.0


def _times(factor: float) -> str:
    return f"{factor:.0f} times" if factor >= 3 else f"{factor:.1f} times"


def _meaning(higher: bool, fine_tuning: bool) -> str:
    if fine_tuning:
        return (
            "fine-tuning at a higher rate may forget what the weights know, so compare both on val"
            if higher
            else "the recipe's rate may destroy what the weights know on these pictures, so compare both on val"
        )
    return (
        "from scratch a higher rate learns faster if it does not diverge, so compare both on val"
        if higher
        else "from scratch the recipe's rate may diverge on these pictures, so compare both on val"
    )
