"""From pictures to batches: the same for the same seed, whatever the number of threads, resumed or not."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from googlenet.images import BadImage, Fit, fit_square
from googlenet.parallel import map_in_order
from googlenet.training.augmentation import Augmentation, augment_image
from googlenet.training.pictures import DecodedPictures

AHEAD = 4  # batches prepared before they are asked for

# The purposes a seed serves, so that no two draw the same numbers.
ORDER, AUGMENTATION, DROPOUT, SHEET = range(4)


@dataclass(frozen=True, slots=True)
class Batch:
    """One update's pictures: `images` (N, S, S, 3) uint8 RGB, `labels` (N,) int64, bad pictures left out and named.

    `step` counts from 0 over the whole training.
    """

    step: int
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    bad: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """How pictures become batches. Pictures that do not fill a batch wait for the next epoch's order."""

    seed: int
    batch_size: int
    pictures: int
    augmentation: Augmentation
    fit: Fit

    @property
    def steps_per_epoch(self) -> int:
        """Updates an epoch, at least one."""
        return max(1, self.pictures // self.batch_size)

    def epoch_order(self, epoch: int) -> NDArray[np.int64]:
        """(pictures,) the order of an epoch, from the seed alone."""
        return np.random.default_rng([self.seed, ORDER, epoch]).permutation(self.pictures)


def iterate_batches(
    pictures: DecodedPictures,
    plan: BatchPlan,
    *,
    first_step: int,
    side_at: Callable[[int], int],
    workers: int,
) -> Generator[Batch, None, None]:
    """Batches from `first_step` on, without end, prepared by `workers` threads a few steps ahead.

    `side_at` gives the side of a step's squares in px; it is asked when the step's preparation begins.
    """
    labels = pictures.samples.labels

    def jobs() -> Iterator[tuple[int, int, NDArray[np.int64]]]:
        step = first_step
        while True:
            epoch, start = divmod(step, plan.steps_per_epoch)
            order = plan.epoch_order(epoch)
            for position in range(start, plan.steps_per_epoch):
                first = position * plan.batch_size
                yield step, epoch, order[first : first + plan.batch_size]
                step += 1

    def prepare(job: tuple[int, int, NDArray[np.int64]]) -> Batch:
        step, epoch, indices = job
        side = side_at(step)
        images, kept, bad = [], [], []
        for index in indices.tolist():
            image = pictures.get(index)
            if isinstance(image, BadImage):
                bad.append((pictures.samples.items[index].name, image.reason))
                continue
            if plan.augmentation.patch_area is None:
                image = fit_square(image, side, fit=plan.fit)
            generator = np.random.default_rng([plan.seed, AUGMENTATION, epoch, index])
            images.append(augment_image(image, side, plan.augmentation, generator))
            kept.append(index)
        stacked = np.stack(images) if images else np.empty((0, side, side, 3), np.uint8)
        return Batch(step, stacked, labels[kept], tuple(bad))

    return map_in_order(prepare, jobs(), workers=workers, ahead=AHEAD)
