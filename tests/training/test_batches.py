"""Batches are a function of the seed alone, whatever the threads, resumed or not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from googlenet.dataset import Samples
from googlenet.recipes import train_size_at
from googlenet.training.augmentation import Augmentation
from googlenet.training.batches import Batch, BatchSampler, iterate_batches
from googlenet.training.pictures import DecodedPictures

if TYPE_CHECKING:
    from tests.training.conftest import Training

PLAIN = Augmentation(patch_area=None, photometric=None, lighting=0.0, interpolations=("bilinear",), mirror=False)


def batches(
    samples: Samples,
    count: int,
    *,
    first_step: int = 0,
    workers: int = 2,
    seed: int = 1,
    batch_size: int = 4,
    memory: int = 10**9,
    size_at: Callable[[int], int] = lambda step: 12,
    augmentation: Augmentation | None = None,
) -> list[Batch]:
    pictures = DecodedPictures(samples, 64, memory)
    plan = BatchSampler(seed, batch_size, samples.labels, augmentation or Augmentation(), "squash")
    source = iterate_batches(pictures, plan, first_step=first_step, size_at=size_at, workers=workers)
    taken = list(islice(source, count))
    source.close()
    return taken


def same(one: list[Batch], other: list[Batch]) -> bool:
    return len(one) == len(other) and all(
        a.step == b.step
        and np.array_equal(a.images, b.images)
        and np.array_equal(a.labels, b.labels)
        and a.bad == b.bad
        for a, b in zip(one, other, strict=True)
    )


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**40), memory=st.sampled_from([0, 10_000, 10**9]))
def test_the_same_seed_gives_the_same_batches_whatever_the_threads_and_memory(
    training: Training, seed: int, memory: int
) -> None:
    samples = training.samples(5)
    alone = batches(samples, 8, workers=1, seed=seed)
    assert same(alone, batches(samples, 8, workers=2, seed=seed, memory=memory))
    assert same(alone, batches(samples, 8, workers=4, seed=seed, memory=memory))


def test_another_seed_gives_other_batches(training: Training) -> None:
    samples = training.samples(5)
    assert not same(batches(samples, 2, seed=1), batches(samples, 2, seed=2))


@pytest.mark.parametrize("step", [1, 2, 3, 4, 7])
def test_a_resumed_training_gets_the_batches_that_it_would_have_got(training: Training, step: int) -> None:
    samples = training.samples(5)  # 15 pictures: 3 steps of 4 an epoch, 3 wait for another order
    whole = batches(samples, 9)
    assert [batch.step for batch in whole] == list(range(9))
    assert same(whole[step:], batches(samples, 9 - step, first_step=step))


def test_an_epoch_uses_each_picture_at_most_once_and_the_next_one_in_another_order(training: Training) -> None:
    samples = training.samples(5)
    plan = BatchSampler(1, 4, np.zeros(15, np.int64), PLAIN, "squash")
    assert plan.steps_per_epoch == 3
    assert sorted(plan.epoch_order(0)) == list(range(15))
    assert plan.epoch_order(0).tolist() != plan.epoch_order(1).tolist()
    for epoch in range(2):
        epoch_batches = batches(samples, 3, first_step=3 * epoch, augmentation=PLAIN, size_at=lambda step: 32)
        shown = [image.tobytes() for batch in epoch_batches for image in batch.images]
        assert len(set(shown)) == len(shown) == 12
        labels = [int(label) for batch in epoch_batches for label in batch.labels]
        assert labels == samples.labels[plan.epoch_order(epoch)[:12]].tolist()


def test_every_picture_comes_with_its_own_label(training: Training) -> None:
    for batch in batches(training.samples(5), 3, augmentation=PLAIN):
        # Blue, green, red are 0, 1, 2, and a picture's strongest channel says which it is.
        assert (2 - batch.images.mean((1, 2)).argmax(1)).tolist() == batch.labels.tolist()


def test_a_picture_is_cut_otherwise_in_every_epoch(training: Training) -> None:
    samples = training.samples(1)
    first, second = batches(samples, 2, batch_size=3)
    cut = [
        {int(label): image.tobytes() for label, image in zip(b.labels, b.images, strict=True)} for b in (first, second)
    ]
    assert all(cut[0][label] != cut[1][label] for label in range(3))


def test_a_bad_picture_is_left_out_named_and_never_replaced(training: Training) -> None:
    bad = ["train/blue/001.png", "train/red/004.png"]
    whole = batches(training.samples(5), 3, batch_size=5)
    lacking = batches(training.samples(5, bad=bad), 3, batch_size=5)
    named = [name for batch in lacking for name, _ in batch.bad]
    assert sorted(named) == bad
    assert {reason for batch in lacking for _, reason in batch.bad} == {"truncated file"}
    for full, smaller in zip(whole, lacking, strict=True):
        assert len(smaller.images) == len(smaller.labels) == 5 - len(smaller.bad)
        left = {image.tobytes() for image in smaller.images}
        assert left <= {image.tobytes() for image in full.images}, "the others are cut as they would have been"


def test_a_batch_of_bad_pictures_alone_is_empty(training: Training) -> None:
    samples = training.samples(1)
    (batch,) = batches(training.samples(1, bad=[item.name for item in samples.items]), 1, batch_size=3)
    assert batch.images.shape == (0, 12, 12, 3)
    assert batch.labels.shape == (0,)
    assert len(batch.bad) == 3


def test_fewer_pictures_than_a_batch_are_one_step_an_epoch() -> None:
    assert BatchSampler(0, 8, np.zeros(5, np.int64), PLAIN, "crop").steps_per_epoch == 1


def test_squares_grow_at_the_step_that_the_schedule_says(training: Training) -> None:
    sizes = ((0.0, 8), (0.5, 12), (0.8, 16))
    taken = batches(training.samples(5), 10, size_at=lambda step: train_size_at(sizes, step / 10))
    assert [batch.images.shape[1] for batch in taken] == [8] * 5 + [12] * 3 + [16] * 2


COUNTS = (2, 30, 8)


@pytest.mark.parametrize(
    ("balance", "places"),
    [(1.0, (13, 14, 13)), (0.5, (6, 22, 12))],  # by hand: 40 / 3 each; 40 x sqrt(n) / 9.72; the ends rounded
)
def test_a_balanced_epoch_gives_small_classes_more_places(balance: float, places: tuple[int, ...]) -> None:
    labels = np.repeat(np.arange(3), COUNTS)
    plan = BatchSampler(5, 8, labels, PLAIN, "squash", balance)
    for epoch in range(3):
        order = plan.epoch_order(epoch)
        assert np.bincount(labels[order], minlength=3).tolist() == list(places)
        for label, count in enumerate(COUNTS):
            times = np.bincount(order, minlength=40)[labels == label]
            assert times.max() - times.min() <= 1, f"class of {count}: each as often as the others, within one"
    assert plan.epoch_order(0).tolist() == plan.epoch_order(0).tolist() != plan.epoch_order(1).tolist()


def test_a_picture_that_a_balanced_epoch_holds_twice_is_cut_in_two_ways(training: Training) -> None:
    samples = training.samples(4)
    few = samples.select([0, *range(4, 12)])  # one blue picture, four green, four red
    plan = BatchSampler(5, 9, few.labels, Augmentation(), "squash", 1.0)
    source = iterate_batches(DecodedPictures(few, 64, 10**9), plan, first_step=0, size_at=lambda step: 12, workers=2)
    batch = next(source)
    source.close()
    blue = [image.tobytes() for image, label in zip(batch.images, batch.labels, strict=True) if label == 0]
    assert len(blue) == len(set(blue)) == 3
