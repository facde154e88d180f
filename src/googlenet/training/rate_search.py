"""Search for a learning rate: it rises from step to step, and the loss shows which rates are usable.

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
from googlenet.training.parts import build_network, build_pictures, build_sampler
from googlenet.training.step import StepSettings, train_step

SMOOTHING = 0.9  # decay of the moving average of the losses
DIVERGED = 1.5  # the search ends at this multiple of the lowest smoothed loss
SAFETY = 5.0  # the suggestion is the rate with the lowest loss, divided by this


@dataclass(frozen=True, slots=True)
class RateCurve:
    """The rates in the order they were tried, the raw loss at each, and the smoothed losses."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]

    @property
    def turning(self) -> float:
        """The rate with the lowest smoothed loss, beyond which it rises."""
        return self.rates[self.smoothed.index(min(self.smoothed))]

    @property
    def suggestion(self) -> float:
        """A rate well below the turning point, rounded to two digits."""
        return float(f"{self.turning / SAFETY:.1e}")


def smoothed_losses(losses: Sequence[float]) -> tuple[float, ...]:
    """Bias-corrected exponential moving averages: each is a weighted mean of the losses so far."""
    means, total, weight = [], 0.0, 0.0
    for loss in losses:
        total, weight = SMOOTHING * total + (1 - SMOOTHING) * loss, SMOOTHING * weight + 1 - SMOOTHING
        means.append(total / weight)
    return tuple(means)


def rising_rates(lowest: float, highest: float, steps: int) -> tuple[float, ...]:
    """`steps` rates from `lowest` to `highest`, in geometric progression."""
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
    """Train the job's network for at most `steps` updates at rising rates, without head warm-up; nothing is saved.

    `on_progress` gets (updates done, all). Ends early if the smoothed loss exceeds `DIVERGED` times the lowest so far,
    or is not finite. Raises DataError and SettingsError as `job.check` does, TrainingError if the first loss is not
    finite.
    """
    job.check()
    network, new = build_network(job)
    network.train()
    freeze_rows(network, frozen_rows(network.architecture, job.recipe, 1.0))
    optimizer = build_optimizer(network, job.recipe, new=new)
    settings = StepSettings(job.recipe.label_smoothing, job.recipe.auxiliary_weight, job.precision)
    input_size = job.recipe.sizes[-1][1]
    batches = iterate_batches(
        build_pictures(job), build_sampler(job), first_step=0, size_at=lambda step: input_size, workers=job.workers
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
        raise TrainingError("the first loss is not finite: the starting weights cannot be used")
    return RateCurve(rates[: len(losses)], tuple(losses), smoothed_losses(losses))
