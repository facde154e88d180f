"""Whether to follow the learning rate that a search suggests, in place of the recipe's own."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from googlenet.training.rate_search import RateCurve

NEAR = 3.0
"""A suggestion within this factor of the recipe's rate is no reason to leave it: the rate where the loss turns is
divided by a rule of thumb (`SAFETY`), and the search sees a few dozen updates; recipes were tuned on trainings."""

SETTLED = 10
"""Losses that the moving average needs before its value means anything (`SMOOTHING` is 0.9)."""

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
            f"keep {own}: the suggestion is within a factor of {NEAR:g} of it, and a search is not more precise",
        )
    how = f"{_times(factor)} as high as" if factor > 1 else f"{_times(1 / factor)} lower than"
    return RateAdvice("try", f"try it: it is {how} {own}; {_meaning(factor > 1, fine_tuning)}")


def _unclear(curve: RateCurve) -> str | None:
    """Why the curve suggests nothing, as a clause; None for a clear dip."""
    lowest = curve.smoothed.index(min(curve.smoothed))
    if lowest == len(curve.smoothed) - 1:
        return "the loss was still falling at the last rate; repeat with a larger --highest"
    depth = statistics.median(curve.smoothed[: lowest + 1]) - curve.smoothed[lowest]
    if lowest < SETTLED or depth <= _scatter(curve.losses[: lowest + 1]):
        return "the loss has no clear dip; repeat with a smaller --lowest, more --steps or a larger batch_size"
    return None


def _scatter(losses: Sequence[float]) -> float:
    """The standard deviation of single losses, from the differences of neighbours, which a trend hardly touches."""
    differences = [after - before for before, after in pairwise(losses)]
    return statistics.pstdev(differences) / math.sqrt(2) if differences else 0.0


def _times(factor: float) -> str:
    return f"{factor:.0f} times" if factor >= 3 else f"{factor:.1f} times"


def _meaning(higher: bool, fine_tuning: bool) -> str:
    if fine_tuning:
        return (
            "fine-tuning at a higher rate may undo more of what the weights have learnt, so compare both on val"
            if higher
            else "the recipe's rate may undo what the weights have learnt, so compare both on val"
        )
    return (
        "from scratch a higher rate learns faster if it does not diverge, so compare both on val"
        if higher
        else "from scratch the recipe's rate may diverge on these pictures, so compare both on val"
    )
