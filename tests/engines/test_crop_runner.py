"""Crops go through the networks in bounded batches, each square once, and are averaged with what they count."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from googlenet.engines import CropRunner, Extra, FunctionEngine, Member, Outputs, average_members
from googlenet.errors import InputError
from googlenet.images import Preprocessing, Rgb, crop_views, take_crops, to_square

CROP = Preprocessing(14, 16, "crop", "RGB", (0.0,) * 3, (1.0,) * 3)
SQUASH = Preprocessing(5, 5, "squash", "RGB", (0.0,) * 3, (1.0,) * 3)


class Recorder:
    """An engine that answers with the colours of the left half, and keeps the squares it was given."""

    def __init__(self, classes: int = 3) -> None:
        self.classes = classes
        self.batches: list[NDArray[np.uint8]] = []

    def __call__(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.batches.append(squares)
        colours = squares[:, :, : squares.shape[2] // 2].mean(axis=(1, 2)) + 1
        return np.asarray(np.resize(colours, (len(squares), self.classes)) / 768, np.float32)

    def member(self, preprocessing: Preprocessing) -> Member:
        return Member(FunctionEngine(self), preprocessing)


def pictures(*sizes: tuple[int, int]) -> list[Rgb]:
    generator = np.random.default_rng(3)
    return [generator.integers(0, 256, (height, width, 3), np.uint8) for width, height in sizes]


def answers_of(runner: CropRunner, images: list[Rgb]) -> NDArray[np.float64]:
    return runner.run([runner.prepare(image) for image in images])


@pytest.mark.parametrize("crops", [1, 10, 144])
def test_an_answer_is_the_plain_mean_over_all_views_however_often_a_square_occurs(crops: int) -> None:
    images = pictures((30, 20), (16, 16), (9, 25))
    answers = answers_of(CropRunner((Recorder().member(CROP),), (crops,)), images)
    assert answers.shape == (3, 1, 1, 3)
    for image, answer in zip(images, answers[:, 0, 0], strict=True):
        views = crop_views(image.shape[1], image.shape[0], CROP, crops)
        squares = dict(zip(dict.fromkeys(views), take_crops(image, CROP, crops).squares, strict=True))
        expected = Recorder()(np.stack([squares[view] for view in views])).mean(axis=0)
        np.testing.assert_allclose(answer, expected, rtol=1e-5)


def test_one_crop_is_to_the_bit_what_the_engine_says_of_the_models_own_square() -> None:
    images = pictures((30, 20), (9, 25))
    answers = average_members(answers_of(CropRunner((Recorder().member(SQUASH),)), images))
    expected = FunctionEngine(Recorder()).run(np.stack([to_square(image, SQUASH) for image in images])).probabilities
    assert answers.dtype == np.float32
    np.testing.assert_array_equal(answers[:, 0], expected)


@given(st.integers(1, 200), st.sampled_from([(1,), (10,), (1, 10, 144)]))
def test_batches_are_bounded_and_give_the_same_answers(batch_size: int, protocols: tuple[int, ...]) -> None:
    images, engine = pictures((30, 20), (9, 25)), Recorder()
    runner = CropRunner((engine.member(CROP),), protocols, batch_size)
    answers = answers_of(runner, images)
    assert max(map(len, engine.batches)) <= batch_size
    np.testing.assert_allclose(answers, answers_of(CropRunner(runner.members, protocols, 10**6), images), rtol=1e-12)
    assert 1 <= runner.pictures_at_once <= max(1, batch_size // sum(protocols))


def test_no_square_is_run_twice_for_several_protocols() -> None:
    engine = Recorder()
    answers = answers_of(CropRunner((engine.member(CROP),), (1, 10, 144)), pictures((30, 20)))
    assert answers.shape == (1, 1, 3, 3)
    assert sum(map(len, engine.batches)) == len(set(crop_views(30, 20, CROP, 144)))  # 1 and 10 are among the 144
    for place, crops in enumerate((1, 10, 144)):
        alone = answers_of(CropRunner((Recorder().member(CROP),), (crops,)), pictures((30, 20)))
        np.testing.assert_allclose(answers[:, :, place], alone[:, :, 0], rtol=1e-6)


def test_members_with_equal_preprocessing_share_the_crops_and_others_get_their_own() -> None:
    one, two, three = Recorder(), Recorder(), Recorder()
    members = (one.member(CROP), two.member(SQUASH), three.member(CROP))
    runner = CropRunner(members, (10,))
    prepared = runner.prepare(pictures((30, 20))[0])
    assert [crops.squares.shape[1] for crops in prepared] == [14, 5]
    answers = runner.run([prepared])
    np.testing.assert_array_equal(one.batches[0], three.batches[0])
    assert two.batches[0].shape[1:] == (5, 5, 3)
    for place, member in enumerate(members):
        alone = answers_of(CropRunner((member,), (10,)), pictures((30, 20)))
        np.testing.assert_array_equal(answers[:, place], alone[:, 0])


def test_networks_with_other_classes_cannot_answer_together() -> None:
    runner = CropRunner((Recorder().member(CROP), Recorder(classes=5).member(CROP)))
    with pytest.raises(InputError, match=r"different numbers of classes \(3, 5\)"):
        answers_of(runner, pictures((30, 20)))


class Featured:
    """An engine whose features are the colours of the left half, on which its probabilities do not depend."""

    name = "featured"

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        colours = np.asarray(images[:, :, : images.shape[2] // 2].mean(axis=(1, 2)), np.float32)
        return Outputs(Recorder()(images), colours if "features" in also else None)


@pytest.mark.parametrize("batch_size", [1, 7, 64])
@pytest.mark.parametrize("crops", [1, 10])
def test_features_are_averaged_over_the_crops_as_answers_are(crops: int, batch_size: int) -> None:
    images = pictures((30, 20), (16, 16), (9, 25))
    runner = CropRunner((Member(Featured(), CROP),), (crops,), batch_size)
    prepared = [runner.prepare(image) for image in images]
    answers, features = runner.run_with_features(prepared)
    np.testing.assert_array_equal(answers, runner.run(prepared))
    assert features.shape == (3, 1, 3)
    np.testing.assert_allclose(features, answers[:, 0] * 768 - 1, rtol=1e-4)


def test_an_ensemble_and_an_engine_without_any_give_no_features() -> None:
    (image,) = pictures((30, 20))
    two = CropRunner((Member(Featured(), CROP), Member(Featured(), CROP)))
    with pytest.raises(InputError, match="an ensemble of 2 networks has no common features"):
        two.run_with_features([two.prepare(image)])
    without = CropRunner((Recorder().member(CROP),))
    with pytest.raises(InputError, match="the engine function has no features"):
        without.run_with_features([without.prepare(image)])


def test_a_protocol_that_does_not_exist_is_refused_before_a_picture_is_read() -> None:
    with pytest.raises(InputError, match="there is no protocol with 12 crops; choose one of 1, 10, 144"):
        CropRunner((Recorder().member(CROP),), (12,))
