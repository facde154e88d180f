"""What an overlay shows, and that the picture stays visible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from googlenet.explanation import overlay, place_square
from googlenet.explanation.overlay import RAMP
from googlenet.images import DEFAULT_PREPROCESSING, GREY_WEIGHTS


def peaked() -> NDArray[np.float32]:
    """A map with evidence at its left upper corner, and evidence against the class at the right lower one."""
    values = np.zeros((7, 7), np.float32)
    values[1, 1], values[5, 5] = 4, -9
    return values


@pytest.mark.parametrize("shape", [(224, 224, 3), (28, 28, 3), (1, 1, 3), (90, 300, 3), (300, 90, 3)])
def test_shape_and_dtype_are_those_of_the_picture(shape: tuple[int, int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    before = picture.copy()
    shown = overlay(picture, peaked())
    assert shown.shape == shape
    assert shown.dtype == np.uint8
    np.testing.assert_array_equal(picture, before)


def test_evidence_is_bright_and_the_rest_is_the_picture_in_grey() -> None:
    grey = np.full((224, 224, 3), 90, np.uint8)
    shown = overlay(grey, peaked()).astype(int)
    assert shown[48, 48].mean() > 120
    assert np.ptp(shown[48, 48]) > 80
    assert shown[176, 176].tolist() == [90, 90, 90]  # what speaks against the class is not coloured
    assert shown[110, 176].tolist() == [90, 90, 90]


def test_the_picture_stays_visible_below_the_strongest_evidence() -> None:
    stripes = np.zeros((224, 224, 3), np.uint8)
    stripes[:, ::2] = 255
    shown = overlay(stripes, np.ones((7, 7), np.float32)).astype(int)
    assert (shown[:, ::2] - shown[:, 1::2]).mean(axis=(0, 1)).min() > 40


def test_nothing_is_coloured_where_nothing_speaks_for_the_class() -> None:
    grey = np.full((50, 50, 3), 128, np.uint8)
    np.testing.assert_array_equal(overlay(grey, np.full((7, 7), -1, np.float32)), grey)


def test_a_common_maximum_makes_maps_comparable() -> None:
    grey = np.full((224, 224, 3), 90, np.uint8)
    strong, weak = overlay(grey, peaked(), maximum=4), overlay(grey, peaked() / np.float32(4), maximum=4)
    assert strong[48, 48].mean() > weak[48, 48].mean() + 40
    np.testing.assert_array_equal(overlay(grey, peaked() / np.float32(4)), strong)  # on its own it is as bright


def test_what_the_network_does_not_see_is_faded() -> None:
    picture = np.zeros((200, 400, 3), np.uint8)
    preprocessing = replace(DEFAULT_PREPROCESSING, fit="crop", resize_size=224)
    shown = overlay(picture, np.zeros((7, 7), np.float32), placement=place_square(400, 200, preprocessing))
    assert (shown[:, 100:300] == 0).all()
    assert (shown[:, :100] > 100).all()
    assert (shown[:, 300:] > 100).all()


def test_the_borders_of_a_letterbox_are_not_squeezed_into_the_picture() -> None:
    """Evidence in the border stays outside, and the picture's own is where it was."""
    values = np.zeros((7, 7), np.float32)
    values[0] = 5  # in the upper border of a landscape picture
    values[3, 6] = 2
    preprocessing = replace(DEFAULT_PREPROCESSING, fit="letterbox", resize_size=224)
    grey = np.full((112, 448, 3), 90, np.uint8)
    shown = overlay(grey, values, placement=place_square(448, 112, preprocessing)).astype(int)
    assert np.ptp(shown[56, 416]) > 20
    assert (shown[:, :200] == 90).all()


def test_the_colours_become_lighter_evenly_enough_to_be_read_in_grey() -> None:
    lightness = RAMP @ np.array(GREY_WEIGHTS, np.float32)
    assert RAMP.shape == (256, 3)
    assert (np.diff(lightness) > 0).all()
    assert lightness[-1] - lightness[0] > 150
