"""The training pictures in memory, their bound, and the bad ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from googlenet.dataset import Samples
from googlenet.errors import DataError
from googlenet.images import BadImage, Enough, Rgb
from googlenet.training.pictures import DecodedPictures, check_bad_pictures

if TYPE_CHECKING:
    from tests.training.conftest import Training


@dataclass
class CountingSource:
    """Another source that counts how often each picture is decoded."""

    samples: Samples
    decoded: list[str] = field(default_factory=list)
    sizes: list[int | None] = field(default_factory=list)

    def decode(
        self, name: str, shortest_side: int | None, enough: Enough | None = None, notes: list[str] | None = None
    ) -> Rgb | BadImage:
        self.decoded.append(name)
        self.sizes.append(shortest_side)
        return self.samples.source.decode(name, shortest_side, enough)


def pictures(samples: Samples, limit: int) -> tuple[DecodedPictures, CountingSource]:
    source = CountingSource(samples)
    return DecodedPictures(Samples(samples.classes, samples.items, source), 64, limit), source


def test_pictures_that_fit_are_decoded_once(training: Training) -> None:
    kept, source = pictures(training.samples(2), 10**9)
    first = [kept.get(index) for index in range(6)]
    again = [kept.get(index) for index in range(6)]
    assert len(source.decoded) == len(kept) == 6
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))  # type: ignore[arg-type]
    assert set(source.sizes) == {64}


def test_memory_is_bounded_and_the_rest_is_decoded_each_time(training: Training) -> None:
    one = 32 * 32 * 3
    kept, source = pictures(training.samples(2), 4 * one + one // 2)
    for _ in range(3):
        for index in range(6):
            image = kept.get(index)
            assert isinstance(image, np.ndarray)
            assert image.shape == (32, 32, 3)
    counts = [source.decoded.count(item.name) for item in kept.samples.items]
    assert counts == [1, 1, 1, 1, 3, 3]


def test_without_memory_every_picture_is_decoded_each_time(training: Training) -> None:
    kept, source = pictures(training.samples(1), 0)
    for _ in range(2):
        kept.get(0)
    assert len(source.decoded) == 2


def test_a_bad_picture_is_decoded_once_and_remembered(training: Training) -> None:
    kept, source = pictures(training.samples(2, bad=["train/green/001.png"]), 0)
    assert [kept.get(3), kept.get(3)] == [BadImage("truncated file")] * 2
    assert source.decoded == ["train/green/001.png"]
    assert kept.bad == {3: BadImage("truncated file")}


@pytest.mark.parametrize(("bad", "total"), [(0, 0), (5, 5), (5, 10), (6, 600), (100, 10_000)])
def test_few_bad_pictures_are_left_out(bad: int, total: int) -> None:
    check_bad_pictures(bad, total)


@pytest.mark.parametrize(("bad", "total"), [(6, 6), (6, 599), (101, 10_000)])
def test_more_than_1_percent_and_more_than_five_stop_the_training(bad: int, total: int) -> None:
    with pytest.raises(DataError) as stop:
        check_bad_pictures(bad, total, split="val")
    assert str(stop.value) == (
        f"{bad} of {total:,} pictures in val cannot be read, more than 1 % and more than 5: "
        "bad_pictures.csv in the run folder lists them; fix or remove them, and start again"
    )
