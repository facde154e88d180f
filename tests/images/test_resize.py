"""Resizing, and how whole pictures become squares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from googlenet.errors import InputError
from googlenet.images import FITS, INTERPOLATIONS, Fit, Interpolation, Rgb, fit_square, resize_image


def noise(width: int, height: int, seed: int = 0) -> Rgb:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def reference(image: Rgb, input_size: int, fit: Fit, resize_size: int, fill: tuple[int, int, int]) -> Rgb:
    """The plain way: scale the whole picture, lay it on a canvas, cut the centre."""
    height, width = image.shape[:2]
    whole = {"crop": min(width, height), "letterbox": max(width, height), "squash": None}[fit]
    size = (
        (resize_size, resize_size)
        if whole is None
        else tuple(max(1, round(length * resize_size / whole)) for length in (width, height))
    )
    scaled = Image.fromarray(image).resize(size, Image.Resampling.BILINEAR)
    left, top = (scaled.width - input_size) // 2, (scaled.height - input_size) // 2
    if fit != "letterbox":
        return np.asarray(scaled.crop((left, top, left + input_size, top + input_size)))
    square = Image.new("RGB", (input_size, input_size), fill)
    x, y = ((input_size - n) // 2 if n <= input_size else -((n - input_size) // 2) for n in scaled.size)
    square.paste(scaled, (x, y))
    return np.asarray(square)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_a_plain_resize_is_pillows(interpolation: Interpolation) -> None:
    image = noise(31, 23)
    expected = Image.fromarray(image).resize((12, 40), INTERPOLATIONS[interpolation])
    assert np.array_equal(resize_image(image, 12, 40, interpolation=interpolation), np.asarray(expected))


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(st.integers(1, 200), st.integers(1, 200)),
    st.tuples(st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.05, 1), st.floats(0.05, 1)),
    st.tuples(st.integers(1, 64), st.integers(1, 64)),
    st.sampled_from(["bilinear", "bicubic", "lanczos"]),
)
def test_a_box_gives_what_pillow_gives_for_the_whole_picture(
    size: tuple[int, int], part: tuple[float, ...], target: tuple[int, int], interpolation: Interpolation
) -> None:
    image = noise(*size) // 4 + 96  # far from 0 and 255, where Pillow clips overshoots between its two passes
    left, top = part[0] * size[0], part[1] * size[1]
    box = (left, top, left + part[2] * (size[0] - left), top + part[3] * (size[1] - top))
    expected = np.asarray(Image.fromarray(image).resize(target, INTERPOLATIONS[interpolation], box=box))
    result = resize_image(image, *target, box=box, interpolation=interpolation)
    assert np.abs(result.astype(int) - expected).max() <= 2  # two passes, each rounded


def test_shrinking_is_antialiased() -> None:
    checkers = np.repeat((np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)
    assert np.abs(resize_image(checkers, 8, 8).astype(int) - 128).max() <= 2


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 150), st.integers(1, 150), st.integers(1, 48), st.integers(0, 20), st.sampled_from(FITS))
def test_a_square_is_the_centre_of_the_scaled_picture(
    width: int, height: int, input_size: int, more: int, fit: Fit
) -> None:
    image = noise(width, height)
    square = fit_square(image, input_size, fit=fit, resize_size=input_size + more, fill=(1, 2, 3))
    assert square.shape == (input_size, input_size, 3)
    assert square.dtype == np.uint8
    assert (
        np.abs(square.astype(int) - reference(image, input_size, fit, input_size + more, (1, 2, 3))).max() <= 2
    )  # two passes, each rounded


@pytest.mark.parametrize("fit", FITS)
def test_a_square_of_the_right_size_is_left_alone(fit: Fit) -> None:
    image = noise(32, 32)
    assert np.array_equal(fit_square(image, 32, fit=fit), image)


def test_crop_loses_the_ends_and_letterbox_nothing() -> None:
    image = np.zeros((10, 30, 3), dtype=np.uint8)
    image[:, :10], image[:, 10:20], image[:, 20:] = 10, 20, 30
    assert set(np.unique(fit_square(image, 10, fit="crop")[:, 1:-1])) == {20}
    boxed = fit_square(image, 30, fit="letterbox", fill=(1, 2, 3))
    assert (boxed[:10] == (1, 2, 3)).all()
    assert (boxed[20:] == (1, 2, 3)).all()
    assert np.array_equal(boxed[10:20], image)


def test_letterbox_fills_with_imagenets_mean_colour() -> None:
    assert fit_square(np.zeros((1, 9, 3), dtype=np.uint8), 9, fit="letterbox")[0, 0].tolist() == [124, 117, 104]


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9000, 3), (9000, 1, 3), (2, 1_000_000, 3)])
def test_the_slimmest_pictures_become_squares(fit: Fit, shape: tuple[int, int, int]) -> None:
    square = fit_square(np.full(shape, 200, dtype=np.uint8), 224, fit=fit, resize_size=256)
    assert square.shape == (224, 224, 3)
    assert (square[111:113, 111:113] == 200).any()


def test_a_resize_below_the_side_is_refused() -> None:
    with pytest.raises(InputError, match="a picture scaled to 200 px cannot fill a square of 224 px"):
        fit_square(noise(4, 4), 224, fit="crop", resize_size=200)
