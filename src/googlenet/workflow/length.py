"""How long a training takes, estimated from its first updates."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

from googlenet.recipes import Recipe, train_size_at
from googlenet.runs import Event, LengthEstimated, StepDone

SKIPPED = 3
"""Updates that are not timed: the first ones allocate memory and wait for pictures."""

LEAST_UPDATES, LEAST_SECONDS = 10, 4.0
"""How many updates are timed, and for how long at least; a training that is over sooner gets no estimate."""


class LengthEstimate:
    """A listener that returns one `LengthEstimated` when enough updates were timed, and None otherwise.

    An update takes time in proportion to the area of its squares. Updates in which only new weights are trained
    (`head_warmup`) are cheaper, so the clock starts after them.
    """

    def __init__(self, recipe: Recipe, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds; a training with a limit in minutes needs no estimate."""
        self.recipe, self.clock = recipe, clock
        self.seen = 0
        self.first: StepDone | None = None
        self.started = 0.0
        self.done = False

    def __call__(self, event: Event) -> LengthEstimated | None:
        """Take an event."""
        if self.done or not isinstance(event, StepDone) or event.progress < self.recipe.head_warmup:
            return None
        self.seen += 1
        if self.first is None or self.first.input_size != event.input_size:  # sizes changed while timing: start anew
            if self.seen > SKIPPED:
                self.first, self.started = event, self.clock()
            return None
        updates, seconds = event.step - self.first.step, self.clock() - self.started
        if updates < LEAST_UPDATES or seconds < LEAST_SECONDS or event.progress >= 1:
            return None
        self.done = True
        left = round(event.step / event.progress) - event.step
        return LengthEstimated(
            step=event.step,
            seconds=left * seconds / updates * self._mean_area_left(event.progress) / event.input_size**2,
            updates=left,
            updates_per_second=updates / seconds,
            input_size=event.input_size,
            later_sizes=tuple(size for start, size in self.recipe.sizes if start > event.progress),
        )

    def _mean_area_left(self, progress: float) -> float:
        """The mean area, in square px, of the squares from `progress` to the end."""
        starts = [progress, *(start for start, _ in self.recipe.sizes if start > progress), 1.0]
        areas = [(end - start) * train_size_at(self.recipe.sizes, start) ** 2 for start, end in pairwise(starts)]
        return sum(areas) / (1 - progress)
