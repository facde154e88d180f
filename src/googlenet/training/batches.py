"""Batches of pictures: determined by the seed, for any number of threads, also after a resume."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from googlenet.images import BadImage, Fit, fit_square
from googlenet.parallel import map_in_order
from googlenet.training.augmentation import Augmentation, augment_image
from googlenet.training.pictures import DecodedPictures

AHEAD = 4  # smallest number of batches prepared ahead of time; otherwise one per thread

# What a seed is used for, so that no two uses draw the same numbers.
ORDER, AUGMENTATION, DROPOUT, SHEET, PROBE = range(5)


@dataclass(frozen=True, slots=True)
class Batch:
    """One update's pictures: `images` (N, S, S, 3) uint8 RGB, `labels` (N,) int64; `bad` are those skipped.

    `step` counts from 0 over the whole training.
    """

    step: int
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    bad: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BatchSampler:
    """How pictures are grouped into batches. Pictures that do not fill a last batch are dropped from the epoch.

    `labels` (pictures,) int64 are the pictures' classes. With `balance` 0 an epoch is every picture once; with 1 all
    classes appear equally often; in between, in proportion to (their shares) ** (1 - balance).
    """

    seed: int
    batch_size: int
    labels: NDArray[np.int64]
    augmentation: Augmentation
    fit: Fit
    balance: float = 0.0

    @property
    def pictures(self) -> int:
        """Number of pictures, which is also the length of an epoch's order."""
        return len(self.labels)

    @property
    def steps_per_epoch(self) -> int:
        """Updates per epoch, at least one."""
        return max(1, self.pictures // self.batch_size)

    def epoch_order(self, epoch: int) -> NDArray[np.int64]:
        """The order (pictures,) of an epoch, determined by the seed and the epoch."""
        generator = np.random.default_rng([self.seed, ORDER, epoch])
        if not self.balance:
            return generator.permutation(self.pictures)
        return generator.permutation(np.concatenate(self._balanced(generator)))

    def _balanced(self, generator: np.random.Generator) -> list[NDArray[np.int64]]:
        """Draw as many pictures of each class as it has places, none again before all were drawn once."""
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
    sampler: BatchSampler,
    *,
    first_step: int,
    size_at: Callable[[int], int],
    workers: int,
) -> Generator[Batch, None, None]:
    """Yield batches from `first_step` on, endlessly, prepared by `workers` threads a few steps ahead.

    `size_at` gives the input size of a step in px; it is called when the preparation of the step begins.
    """
    labels = pictures.samples.labels

    def jobs() -> Iterator[tuple[int, int, int, NDArray[np.int64]]]:
        step = first_step
        while True:
            epoch, start = divmod(step, sampler.steps_per_epoch)
            order = sampler.epoch_order(epoch)
            for position in range(start, sampler.steps_per_epoch):
                first = position * sampler.batch_size
                yield step, epoch, first, order[first : first + sampler.batch_size]
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
            if sampler.augmentation.patch_area is None:
                image = fit_square(image, input_size, fit=sampler.fit)
            # Seeded by place, not by index: a picture that occurs twice in a balanced epoch is augmented differently.
            generator = np.random.default_rng([sampler.seed, AUGMENTATION, epoch, place])
            images.append(augment_image(image, input_size, sampler.augmentation, generator))
            kept.append(index)
        stacked = np.stack(images) if images else np.empty((0, input_size, input_size, 3), np.uint8)
        return Batch(step, stacked, labels[kept], tuple(bad))

    return map_in_order(prepare, jobs(), workers=workers, ahead=max(AHEAD, workers))
