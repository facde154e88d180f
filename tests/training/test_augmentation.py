from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from googlenet.errors import SettingsError
from googlenet.training.augmentation import (
    LIGHT_DIRECTIONS,
    LIGHT_STRENGTHS,
    LUMA,
    Augmentation,
    augment_image,
    photometric_matrix,
    sample_interpolation,
    sample_patch,
)

NOTHING = Augmentation(patch_area=None, photometric=None, lighting=0, interpolations=("bilinear",), mirror=False)
PAPER_AREA, PAPER_ASPECT = (0.08, 1.0), (3 / 4, 4 / 3)

Pixels = npt.NDArray[np.uint8]
Colours = npt.NDArray[np.float64]


def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)


def patches(height: int, width: int, draws: int, area: tuple[float, float] = PAPER_AREA) -> npt.NDArray[np.float64]:
    generator = np.random.default_rng(1)
    boxes = [sample_patch(height, width, area=area, aspect=PAPER_ASPECT, generator=generator) for _ in range(draws)]
    return np.array(boxes).T


def is_uniform(values: npt.NDArray[np.float64], low: float, high: float) -> bool:
    """Kolmogorov and Smirnov's test at the level of 1 in 1,000."""
    ranks = np.arange(1, len(values) + 1) / len(values)
    distance = np.abs((np.sort(values) - low) / (high - low) - ranks).max()
    return bool(distance < 1.95 / np.sqrt(len(values)))


# --- patches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("height", "width", "greatest"),
    [(200, 200, 1.0), (150, 200, 1.0), (100, 200, 2 / 3), (400, 100, 1 / 3)],
)
def test_the_area_of_a_patch_is_uniform_up_to_the_largest_patch_that_fits(
    height: int, width: int, greatest: float
) -> None:
    left, top, right, bottom = patches(height, width, 4000)
    assert is_uniform((right - left) * (bottom - top) / (height * width), 0.08, greatest)


def test_the_aspect_is_log_uniform_where_every_aspect_fits() -> None:
    left, top, right, bottom = patches(200, 200, 4000, area=(0.08, 0.7))
    assert is_uniform(np.log((right - left) / (bottom - top)), np.log(3 / 4), np.log(4 / 3))


def test_a_patch_lies_anywhere_with_equal_odds() -> None:
    left, top, right, bottom = patches(150, 200, 4000, area=(0.08, 0.5))
    across, down = left / (200 - (right - left)), top / (150 - (bottom - top))
    assert is_uniform(across, 0, 1)
    assert is_uniform(down, 0, 1)
    assert abs(np.corrcoef(across, down)[0, 1]) < 4 / np.sqrt(4000)


@given(
    height=st.integers(1, 3000),
    width=st.integers(1, 3000),
    area=st.tuples(st.floats(0.001, 1), st.floats(0.001, 1)).map(sorted),
    aspect=st.tuples(st.floats(0.1, 10), st.floats(0.1, 10)).map(sorted),
    seed=st.integers(0, 2**32),
)
def test_a_patch_is_inside_the_picture_and_at_least_one_pixel(
    height: int, width: int, area: Any, aspect: Any, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    left, top, right, bottom = sample_patch(height, width, area=area, aspect=aspect, generator=generator)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert min(right - left, bottom - top) >= 1 - 1e-9
    if min(right - left, bottom - top) > 1.001:
        assert aspect[0] * 0.999 <= (right - left) / (bottom - top) <= aspect[1] * 1.001


def test_a_very_long_picture_gives_its_largest_patch_of_the_nearest_aspect() -> None:
    left, top, right, bottom = patches(30, 3000, 100)
    assert np.allclose((top, bottom), ((0,), (30,)))
    assert np.allclose(right - left, 40)
    assert left.min() < 1000 < 2000 < left.max()


def test_the_whole_area_of_a_picture_of_permitted_aspect_is_the_picture() -> None:
    assert np.allclose(patches(150, 200, 10, area=(1.0, 1.0)).T, (0, 0, 200, 150))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 500), (500, 1), (2, 3)])
def test_the_thinnest_pictures_can_be_augmented(height: int, width: int) -> None:
    for seed in range(20):
        square = augment_image(noise(height, width), 32, Augmentation(), np.random.default_rng(seed))
        assert square.shape == (32, 32, 3)


def test_a_square_shows_its_patch() -> None:
    rows, columns = np.mgrid[0:100, 0:200].astype(np.uint8)
    image = np.stack((columns, rows, rows), axis=2)
    switches = Augmentation(photometric=None, lighting=0, interpolations=("bilinear",), mirror=False)
    for seed in range(20):
        generator = np.random.default_rng(seed)
        left, top, right, bottom = sample_patch(100, 200, area=PAPER_AREA, aspect=PAPER_ASPECT, generator=generator)
        red, green, _ = augment_image(image, 48, switches, np.random.default_rng(seed)).mean((0, 1))
        assert (red, green) == pytest.approx(((left + right - 1) / 2, (top + bottom - 1) / 2), abs=1)


@pytest.mark.parametrize(("height", "width"), [(60, 240), (240, 60), (100, 100)])
def test_a_patch_of_a_squashed_picture_spans_the_same_share_of_its_width_and_height(height: int, width: int) -> None:
    rows, columns = np.mgrid[0:height, 0:width].astype(np.uint8)
    image = np.stack((columns, rows, rows), axis=2)
    switches = Augmentation((0.25, 0.25), (1.0, 1.0), None, 0, ("bilinear",), mirror=False, squash=True)
    for seed in range(10):
        square = augment_image(image, 32, switches, np.random.default_rng(seed)).astype(float)
        across, down = np.ptp(square[..., 0]) / width, np.ptp(square[..., 1]) / height
        assert (across, down) == pytest.approx((0.5 * 31 / 32, 0.5 * 31 / 32), abs=0.04)


# --- light and colour ------------------------------------------------------------------------------------------------


def test_contrast_brightness_and_colour_give_the_same_in_each_of_the_six_orders() -> None:
    pixels = noise(8, 8).reshape(-1, 3).astype(float)
    contrast, brightness, colour = (float(factor) for factor in np.random.default_rng(3).uniform(0.5, 1.5, 3))

    def change_contrast(seen: Colours) -> Colours:
        grey: float = seen.mean(0) @ LUMA
        return contrast * seen + (1 - contrast) * grey

    def change_brightness(seen: Colours) -> Colours:
        return brightness * seen

    def change_colour(seen: Colours) -> Colours:
        greys: Colours = seen @ LUMA
        return colour * seen + (1 - colour) * greys[:, None]

    drawn = photometric_matrix(pixels.mean(0), photometric=(0.5, 1.5), lighting=0, generator=np.random.default_rng(3))
    at_once = pixels @ drawn[:, :3].T + drawn[:, 3]
    for first, second, third in permutations((change_contrast, change_brightness, change_colour)):
        assert np.allclose(third(second(first(pixels))), at_once)


def test_pillow_makes_the_same_picture_step_by_step_where_nothing_is_clipped() -> None:
    image = 100 + noise(64, 64) // 8
    switches = Augmentation(patch_area=None, lighting=0, interpolations=("bilinear",), mirror=False)
    for seed in range(20):
        generator = np.random.default_rng(seed)
        sample_interpolation(switches.interpolations, generator)
        contrast, brightness, colour = generator.uniform(0.5, 1.5, 3)
        expected = ImageEnhance.Contrast(Image.fromarray(image)).enhance(contrast)
        expected = ImageEnhance.Brightness(ImageEnhance.Color(expected).enhance(colour)).enhance(brightness)
        square = augment_image(image, 64, switches, np.random.default_rng(seed))
        assert np.abs(square.astype(int) - np.asarray(expected).astype(int)).max() <= 4


def test_only_brightness_moves_a_grey_picture_and_it_does_so_uniformly() -> None:
    grey = np.full((16, 16, 3), 100, np.uint8)
    switches = Augmentation(patch_area=None, lighting=0)
    squares = [augment_image(grey, 16, switches, np.random.default_rng(seed)) for seed in range(3000)]
    assert all(square.min() == square.max() for square in squares)
    assert is_uniform(np.array([square[0, 0, 0] for square in squares]), 49.5, 150.5)


def test_the_grey_of_the_mean_moves_by_brightness_alone() -> None:
    mean = np.array((200.0, 90.0, 30.0))
    generator = np.random.default_rng(4)
    drawn = [photometric_matrix(mean, photometric=(0.5, 1.5), lighting=0, generator=generator) for _ in range(3000)]
    greys = np.array([LUMA @ matrix @ (*mean, 1) for matrix in drawn])
    assert is_uniform(greys / (LUMA @ mean), 0.5, 1.5)


def test_the_lighting_noise_has_the_covariance_of_imagenets_colours() -> None:
    generator = np.random.default_rng(6)
    drawn = np.array(
        [photometric_matrix(np.zeros(3), photometric=None, lighting=0.1, generator=generator) for _ in range(8000)]
    )
    assert (drawn[:, :, :3] == np.eye(3)).all()
    expected = LIGHT_DIRECTIONS @ np.diag((0.1 * LIGHT_STRENGTHS) ** 2) @ LIGHT_DIRECTIONS.T
    assert np.allclose(np.cov(drawn[:, :, 3].T), expected, rtol=0.06)
    assert np.abs(drawn[:, :, 3].mean(0)).max() < 0.2
    assert np.sqrt(np.trace(expected)) == pytest.approx(0.1 * 55.7, rel=0.01)


def test_the_directions_of_light_are_orthonormal_and_the_weights_of_grey_sum_to_one() -> None:
    assert np.allclose(LIGHT_DIRECTIONS.T @ LIGHT_DIRECTIONS, np.eye(3), atol=1e-3)
    assert LUMA.sum() == pytest.approx(1, abs=1e-12)


def test_lighting_works_without_photometric_distortions() -> None:
    grey = np.full((16, 16, 3), 128, np.uint8)
    switches = Augmentation(patch_area=None, photometric=None, lighting=0.1)
    squares = np.array([augment_image(grey, 16, switches, np.random.default_rng(seed)) for seed in range(1000)])
    assert squares[:, 0, 0].std(axis=0) == pytest.approx((3.15, 3.22, 3.24), rel=0.1)


# --- the whole -------------------------------------------------------------------------------------------------------


def test_all_switched_off_leaves_a_square_of_the_side_alone() -> None:
    assert np.array_equal(augment_image(noise(48, 48), 48, NOTHING, np.random.default_rng(0)), noise(48, 48))


@pytest.mark.parametrize(
    ("interpolation", "resampling"),
    [("nearest", "NEAREST"), ("area", "BOX"), ("bilinear", "BILINEAR"), ("bicubic", "BICUBIC")],
)
def test_a_single_interpolation_is_always_used(interpolation: Any, resampling: str) -> None:
    switches = Augmentation(
        patch_area=None, photometric=None, lighting=0, interpolations=(interpolation,), mirror=False
    )
    expected = np.asarray(Image.fromarray(noise(64, 64)).resize((48, 48), Image.Resampling[resampling]))
    for seed in range(8):
        assert np.array_equal(augment_image(noise(64, 64), 48, switches, np.random.default_rng(seed)), expected)


def test_the_four_interpolations_have_equal_odds() -> None:
    generator = np.random.default_rng(7)
    drawn = [sample_interpolation(Augmentation().interpolations, generator) for _ in range(8000)]
    counts = [drawn.count(interpolation) for interpolation in ("bilinear", "area", "nearest", "bicubic")]
    assert sum(counts) == 8000
    assert counts == pytest.approx([2000] * 4, abs=4 * np.sqrt(8000 * 3 / 16))


def test_half_of_the_pictures_are_mirrored_and_the_others_are_not() -> None:
    image = noise(16, 16)
    switches = Augmentation(patch_area=None, photometric=None, lighting=0, interpolations=("bilinear",))
    squares = [augment_image(image, 16, switches, np.random.default_rng(seed)) for seed in range(2000)]
    mirrored = sum(np.array_equal(square, image[:, ::-1]) for square in squares)
    assert mirrored + sum(np.array_equal(square, image) for square in squares) == 2000
    assert mirrored == pytest.approx(1000, abs=4 * np.sqrt(500))


def test_the_picture_depends_on_the_generators_state_alone() -> None:
    image = noise(60, 90)
    first = augment_image(image, 32, Augmentation(), np.random.default_rng(1))
    assert np.array_equal(first, augment_image(image, 32, Augmentation(), np.random.default_rng(1)))
    assert not np.array_equal(first, augment_image(image, 32, Augmentation(), np.random.default_rng(2)))
    assert np.array_equal(image, noise(60, 90))
    assert first.shape == (32, 32, 3)
    assert first.dtype == np.uint8
    assert first.flags.writeable


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"patch_area": (0.0, 1.0)}, "patch_area is (0.0, 1.0): give two ascending numbers, above 0 and at most 1"),
        ({"patch_area": (0.5, 1.5)}, "patch_area is (0.5, 1.5): give two ascending numbers, above 0 and at most 1"),
        (
            {"patch_aspect": (2.0, 1.0)},
            "patch_aspect is (2.0, 1.0): give two ascending numbers, above 0 and at most 100",
        ),
        (
            {"photometric": (-0.5, 1.0)},
            "photometric is (-0.5, 1.0): give two ascending numbers, above 0 and at most 100",
        ),
        ({"lighting": -0.1}, "lighting is -0.1: give a standard deviation of 0 (off) or more"),
        ({"interpolations": ()}, "interpolations is (): give one or more of "),
        ({"interpolations": ("cubic",)}, "interpolations is ('cubic',): give one or more of "),
    ],
)
def test_a_switch_that_cannot_be_is_refused_with_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Augmentation(**settings)
    assert str(refusal.value).startswith(sentence)
