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

AHEAD = 4  # batches prepared before they are asked for, at the least: one for each thread

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
    """How pictures become batches. Pictures that do not fill a batch wait for the next epoch's order.

    `labels` (pictures,) int64 are theirs. With `balance` 0 an epoch is every picture once; with 1 all classes have
    equally many places in an epoch, between them (their shares) ** (1 - balance).
    """

    seed: int
    batch_size: int
    labels: NDArray[np.int64]
    augmentation: Augmentation
    fit: Fit
    balance: float = 0.0

    @property
    def pictures(self) -> int:
        """Places in an epoch's order, as many as there are pictures."""
        return len(self.labels)

    @property
    def steps_per_epoch(self) -> int:
        """Updates an epoch, at least one."""
        return max(1, self.pictures // self.batch_size)

    def epoch_order(self, epoch: int) -> NDArray[np.int64]:
        """(pictures,) the order of an epoch, from the seed alone."""
        generator = np.random.default_rng([self.seed, ORDER, epoch])
        if not self.balance:
            return generator.permutation(self.pictures)
        return generator.permutation(np.concatenate(self._balanced(generator)))

    def _balanced(self, generator: np.random.Generator) -> list[NDArray[np.int64]]:
        """Of each class as many pictures as it has places, none a second time before all have had their first."""
        classes, counts = np.unique(self.labels, return_counts=True)
        weights = counts ** (1 - self.balance)
        ends = np.rint(np.cumsum(weights) * (self.pictures / weights.sum())).astype(np.int64)
        drawn = []
        for one, places in zip(classes, np.diff(ends, prepend=0), strict=True):
            members = np.flatnonzero(self.labels == one)
            rounds = [generator.permutation(members) for _ in range(-(-int(places) // len(members)))]
            drawn.append(np.concatenate([members[:0], *rounds])[:places])
        return drawn


def iterate_batches(
    pictures: DecodedPictures,
    plan: BatchPlan,
    *,
    first_step: int,
    size_at: Callable[[int], int],
    workers: int,
) -> Generator[Batch, None, None]:
    """Batches from `first_step` on, without end, prepared by `workers` threads a few steps ahead.

    `size_at` gives the input size of a step in px; it is asked when the step's preparation begins.
    """
    labels = pictures.samples.labels

    def jobs() -> Iterator[tuple[int, int, int, NDArray[np.int64]]]:
        step = first_step
        while True:
            epoch, start = divmod(step, plan.steps_per_epoch)
            order = plan.epoch_order(epoch)
            for position in range(start, plan.steps_per_epoch):
                first = position * plan.batch_size
                yield step, epoch, first, order[first : first + plan.batch_size]
                step += 1

    def prepare(job: tuple[int, int, int, NDArray[np.int64]]) -> Batch:
        step, epoch, first, indices = job
        input_size = size_at(step)
        images, kept, bad = [], [], []
        for place, index in enumerate(indices.tolist(), first):
            image = pictures.get(index)
            if isinstance(image, BadImage):
                bad.append((pictures.samples.items[index].name, image.reason))
                continue
            if plan.augmentation.patch_area is None:
                image = fit_square(image, input_size, fit=plan.fit)
            # By its place, not by its index: a picture that a balanced epoch holds twice is augmented twice.
            generator = np.random.default_rng([plan.seed, AUGMENTATION, epoch, place])
            images.append(augment_image(image, input_size, plan.augmentation, generator))
            kept.append(index)
        stacked = np.stack(images) if images else np.empty((0, input_size, input_size, 3), np.uint8)
        return Batch(step, stacked, labels[kept], tuple(bad))

    return map_in_order(prepare, jobs(), workers=workers, ahead=max(AHEAD, workers))
