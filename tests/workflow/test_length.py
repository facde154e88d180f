"""How long a training takes, estimated from its first updates."""

from __future__ import annotations

import pytest

from googlenet.recipes import RECIPES, Recipe, override, train_size_at
from googlenet.runs import LengthEstimated, StepDone, describe
from googlenet.workflow.length import LengthEstimate

STEPS = 1000


def run(recipe: Recipe, *, seconds_of_square_px: float, warmup_factor: float = 1.0) -> tuple[LengthEstimated, float]:
    """The estimate in a training whose updates take that long, and the seconds that it really had left."""
    now, estimate, told = [0.0], LengthEstimate(recipe, clock=lambda: now[0]), list[tuple[LengthEstimated, float]]()
    for step in range(1, STEPS + 1):
        size = train_size_at(recipe.sizes, (step - 1) / STEPS)
        warming = (step - 1) / STEPS < recipe.head_warmup
        now[0] += size**2 * seconds_of_square_px * (warmup_factor if warming else 1) * (20 if step == 1 else 1)
        length = estimate(StepDone(step, 1, step / STEPS, size, 0.1, 1.0, {}, {}, 1.0, {}, {}, 1.0, None))
        if length is not None:
            told.append((length, now[0]))
    ((length, at),) = told
    return length, now[0] - at


def test_it_counts_the_larger_squares_that_follow_and_not_the_slow_first_update() -> None:
    length, left = run(override(RECIPES["scratch"], {"input_size": 144}), seconds_of_square_px=1e-4)
    assert length.seconds == pytest.approx(left, rel=0.02)
    assert length.updates == STEPS - length.step
    assert (length.input_size, length.later_sizes) == (64, (96, 112))
    assert length.step < 0.05 * STEPS


def test_it_waits_until_the_whole_network_is_trained() -> None:
    length, left = run(RECIPES["finetune"], seconds_of_square_px=2e-5, warmup_factor=0.3)
    assert length.seconds == pytest.approx(left, rel=0.02)


def test_it_is_a_line_of_the_log() -> None:
    assert describe(LengthEstimated(20, 700.0, 1140, 2.61, 160, (224, 256))) == (
        "about 12 min from here: 1,140 updates, 2.6 a second at 160 px, then slower at 224 and 256 px"
    )
    assert describe(LengthEstimated(20, 42.0, 160, 3.8, 32, ())) == (
        "about 42 s from here: 160 updates, 3.8 a second at 32 px"
    )
