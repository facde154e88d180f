"""The pictures of the known answer are the same everywhere, and a changed model does not answer the same."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest

from googlenet.model import TOLERANCE, compare_answer, known_answer_images


def test_the_pictures_are_those_of_every_other_machine() -> None:
    images = known_answer_images(64)
    assert images.shape == (3, 64, 64, 3)
    assert images.dtype == np.uint8
    assert sha256(images.tobytes()).hexdigest()[:16] == "a7c79f9469643a0b"


@pytest.mark.parametrize("input_size", [1, 28, 224])
def test_there_are_as_many_different_pictures_as_asked_for(input_size: int) -> None:
    images = known_answer_images(input_size, count=4)
    assert images.shape == (4, input_size, input_size, 3)
    assert len({image.tobytes() for image in images}) == 4


def test_a_swap_of_channels_or_sides_shows_in_the_pictures() -> None:
    for image in known_answer_images(96).astype(int):
        for changed in (image[:, :, ::-1], image[:, ::-1], image[::-1], image.transpose(1, 0, 2)):
            assert np.abs(image - changed).mean() > 10


def test_answers_within_the_tolerance_agree() -> None:
    expected = np.array([[0.5, 0.3, 0.2]], np.float32)
    check = compare_answer(expected, expected + np.float32(TOLERANCE / 2))
    assert check.agrees
    assert check.same_top1
    assert 0 < check.worst < TOLERANCE


def test_the_worst_difference_is_named_and_decides() -> None:
    expected = np.array([[0.5, 0.3, 0.2], [0.4, 0.35, 0.25]], np.float32)
    got = expected + np.array([[0, 0, 0], [-0.1, 0.1, 0]], np.float32)
    check = compare_answer(expected, got)
    assert check.worst == pytest.approx(0.1)
    assert not check.agrees
    assert not check.same_top1


@pytest.mark.parametrize("got", [np.full((1, 2), np.nan, np.float32), np.ones((1, 3), np.float32)])
def test_answers_that_cannot_be_compared_do_not_agree(got: np.ndarray) -> None:
    assert not compare_answer(np.full((1, 2), 0.5, np.float32), got).agrees
