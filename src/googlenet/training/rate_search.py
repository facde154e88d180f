"""Which learning rate suits: the rate rises from step to step, and where the loss falls fastest says it.

L. N. Smith, "Cyclical Learning Rates for Training Neural Networks" (WACV 2017), Section 3.3, with an exponential rise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import torch

from googlenet.errors import TrainingError
from googlenet.training.batches import iterate_batches
from googlenet.training.freezing import freeze_rows, frozen_rows
from googlenet.training.job import TrainingJob
from googlenet.training.optimizer import build_optimizer, set_learning_rate
from googlenet.training.parts import build_network, build_pictures, build_plan
from googlenet.training.step import StepSettings, train_step

SMOOTHING = 0.9  # of the losses, from step to step
DIVERGED = 1.5  # times the least smoothed loss: the search ends
SAFETY = 5.0  # the suggestion is so many times below the rate at which the loss stops falling


@dataclass(frozen=True, slots=True)
class RateCurve:
    """Rates in the order they were tried, the raw loss at each, and the same smoothed; `suggestion` is a rate."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]

    @property
    def turning(self) -> float:
        """The rate at which the smoothed loss is least: beyond it, it rises."""
        return self.rates[self.smoothed.index(min(self.smoothed))]

    @property
    def suggestion(self) -> float:
        """A rate well below the turning point, with two digits."""
        return float(f"{self.turning / SAFETY:.1e}")


def smoothed_losses(losses: Sequence[float]) -> tuple[float, ...]:
    """Exponential means without the bias of the start: each a weighted mean of the losses up to it."""
    means, total, weight = [], 0.0, 0.0
    for loss in losses:
        total, weight = SMOOTHING * total + (1 - SMOOTHING) * loss, SMOOTHING * weight + 1 - SMOOTHING
        means.append(total / weight)
    return tuple(means)


def rising_rates(lowest: float, highest: float, steps: int) -> tuple[float, ...]:
    """`steps` rates from `lowest` to `highest`, each the same factor above the one before."""
    factor = math.log(highest / lowest) / max(1, steps - 1)
    return tuple(lowest * math.exp(factor * step) for step in range(steps))


def search_rate(
    job: TrainingJob,
    *,
    lowest: float = 1e-4,
    highest: float = 1.0,
    steps: int = 80,
    on_progress: Callable[[int, int], None] = lambda done, all_steps: None,
) -> RateCurve:
    """Train the job's network for at most `steps` updates at rising rates, past any warm-up of its head; keep nothing.

    `on_progress` gets (updates done, all). Ends early where the smoothed loss is `DIVERGED` times the least so far, or
    is no finite number. Raises DataError and SettingsError as `job.check` does, TrainingError where the very first loss
    is not finite.
    """
    job.check()
    network, new = build_network(job)
    network.train()
    freeze_rows(network, frozen_rows(network.architecture, job.recipe, 1.0))
    optimizer = build_optimizer(network, job.recipe, new=new)
    settings = StepSettings(job.recipe.label_smoothing, job.recipe.auxiliary_weight, job.precision)
    input_size = job.recipe.sizes[-1][1]
    batches = iterate_batches(
        build_pictures(job), build_plan(job), first_step=0, size_at=lambda step: input_size, workers=job.workers
    )
    rates, losses = rising_rates(lowest, highest, steps), []
    torch.manual_seed(job.seed)
    with closing(batches):
        for done, (rate, batch) in enumerate(zip(rates, batches, strict=False), 1):
            set_learning_rate(optimizer, rate)
            images = torch.from_numpy(batch.images).to(job.device)
            labels = torch.from_numpy(batch.labels).to(job.device)
            step = train_step(network, optimizer, images, labels, preprocessing=job.preprocessing, settings=settings)
            if not math.isfinite(step.loss):
                break
            losses.append(step.loss)
            on_progress(done, steps)
            means = smoothed_losses(losses)
            if means[-1] > DIVERGED * min(means):
                break
    if not losses:
        raise TrainingError("the very first loss is not a finite number: the weights to begin from cannot be used")
    return RateCurve(rates[: len(losses)], tuple(losses), smoothed_losses(losses))
