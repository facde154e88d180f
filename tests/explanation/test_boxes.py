"""Boxes and peaks lie in the picture where the evidence is, whatever was cut, squashed or padded to make the square."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from googlenet.architecture import PAPER, ReceptiveField, receptive_fields
from googlenet.errors import InputError
from googlenet.explanation import PictureBox, find_box, place_square
from googlenet.explanation.boxes import find_peak, largest_component
from googlenet.images import DEFAULT_PREPROCESSING, FITS, Fit, Preprocessing, to_square

FIELD = receptive_fields(PAPER.backbone)["5b"]
STEP = 8  # px between the values of the maps of these tests, which are finer than the network's


def preprocessing_of(fit: Fit, resize_size: int) -> Preprocessing:
    return replace(DEFAULT_PREPROCESSING, fit=fit, resize_size=resize_size)


def spotted(width: int, height: int, x: int, y: int, radius: int) -> NDArray[np.uint8]:
    """A black picture with a white square spot around a place."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1] = 255
    return picture


def map_of(square: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A map that is bright where the square is: means of 8x8 px, less the grey of the border."""
    blocks = square[..., 0].reshape(224 // STEP, STEP, 224 // STEP, STEP).astype(np.float32)
    return np.asarray(blocks.mean((1, 3)) - 125, np.float32)


@given(
    fit=st.sampled_from(FITS),
    resize_size=st.sampled_from([224, 256]),
    width=st.integers(60, 900),
    height=st.integers(60, 900),
    data=st.data(),
)
def test_a_spot_in_the_picture_is_found_again_in_the_picture(
    fit: Fit, resize_size: int, width: int, height: int, data: st.DataObject
) -> None:
    """The real `to_square` makes the square: the box must undo what it does, in portrait and in landscape."""
    preprocessing = preprocessing_of(fit, resize_size)
    placement = place_square(width, height, preprocessing)
    left, top, right, bottom = placement.seen
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    x = data.draw(st.integers(int(np.ceil(left)), int(right) - 1))
    y = data.draw(st.integers(int(np.ceil(top)), int(bottom) - 1))
    step_x = STEP * (right - left) / (placement.filled[2] - placement.filled[0])
    step_y = STEP * (bottom - top) / (placement.filled[3] - placement.filled[1])
    radius = round(2 * max(step_x, step_y))
    values = map_of(to_square(spotted(width, height, x, y, radius), preprocessing))
    field = ReceptiveField(STEP, STEP, STEP / 2)
    box = find_box(values, placement=placement, field=field)
    assert box is not None
    assert box.x <= x < box.x + box.width
    assert box.y <= y < box.y + box.height
    assert box.x >= 0
    assert box.y >= 0
    assert box.x + box.width <= width
    assert box.y + box.height <= height
    assert box.width <= 2 * radius + 6 * step_x + 2
    assert box.height <= 2 * radius + 6 * step_y + 2
    peak = find_peak(values, placement=placement, field=field)
    assert abs(peak[0] - x) <= radius + 2 * step_x
    assert abs(peak[1] - y) <= radius + 2 * step_y
    assert box.x <= peak[0] < box.x + box.width


@pytest.mark.parametrize(
    ("width", "height", "fit", "resize_size", "seen", "filled"),
    [
        (448, 224, "crop", 224, (112, 0, 336, 224), (0, 0, 224, 224)),
        (224, 448, "crop", 224, (0, 112, 224, 336), (0, 0, 224, 224)),
        (512, 256, "crop", 256, (144, 16, 368, 240), (0, 0, 224, 224)),
        (512, 256, "squash", 256, (32, 16, 480, 240), (0, 0, 224, 224)),
        (448, 224, "letterbox", 224, (0, 0, 448, 224), (0, 56, 224, 168)),
        (224, 448, "letterbox", 224, (0, 0, 224, 448), (56, 0, 168, 224)),
    ],
)
def test_placements_computed_by_hand(
    width: int, height: int, fit: Fit, resize_size: int, seen: tuple[int, ...], filled: tuple[int, ...]
) -> None:
    placement = place_square(width, height, preprocessing_of(fit, resize_size))
    assert (placement.seen, placement.filled) == (seen, filled)


def test_the_middle_of_the_map_lies_where_the_pools_put_it() -> None:
    """Value 3 of 7 is centred at 30.5 + 3 * 32 px: 14.5 px further than if the values were spread evenly."""
    values = np.zeros((7, 7), np.float32)
    values[3, 1] = 1
    placement = place_square(224, 224, preprocessing_of("squash", 224))
    assert find_peak(values, placement=placement, field=FIELD) == pytest.approx((30.5 + 32, 30.5 + 3 * 32), abs=3)
    assert find_peak(values, placement=placement, field=None) == pytest.approx((48, 112), abs=3)


def test_a_map_without_evidence_has_no_box() -> None:
    placement = place_square(300, 200, DEFAULT_PREPROCESSING)
    assert find_box(np.full((7, 7), -1, np.float32), placement=placement, field=FIELD) is None
    assert find_box(np.zeros((7, 7), np.float32), placement=placement, field=FIELD) is None


def test_a_map_of_one_value_has_the_box_of_all_that_is_seen() -> None:
    placement = place_square(300, 200, preprocessing_of("crop", 224))
    assert find_box(np.ones((1, 1), np.float32), placement=placement, field=FIELD) == PictureBox(50, 0, 200, 200)


def test_a_higher_threshold_gives_a_smaller_box_inside() -> None:
    values = np.exp(-np.square(np.indices((7, 7)) - 3).sum(0) / 6).astype(np.float32)
    placement = place_square(224, 224, preprocessing_of("squash", 224))
    wide, narrow = (find_box(values, placement=placement, field=None, threshold=share) for share in (0.2, 0.8))
    assert wide is not None
    assert narrow is not None
    assert wide.x < narrow.x
    assert wide.y < narrow.y
    assert narrow.x + narrow.width < wide.x + wide.width


@pytest.mark.parametrize("threshold", [-0.1, 1.0])
def test_a_threshold_outside_of_0_to_1_is_refused(threshold: float) -> None:
    placement = place_square(224, 224, DEFAULT_PREPROCESSING)
    with pytest.raises(InputError, match="the threshold of a box must be at least 0 and less than 1"):
        find_box(np.ones((7, 7), np.float32), placement=placement, field=FIELD, threshold=threshold)


def test_the_largest_component_is_taken_and_corners_touch() -> None:
    drawing = """
    ##....#
    .##...#
    ...#...
    #......
    """
    rows = [[one == "#" for one in line.strip()] for line in drawing.strip().splitlines()]
    component = largest_component(np.array(rows))
    assert np.argwhere(component).tolist() == [[0, 0], [0, 1], [1, 1], [1, 2], [2, 3]]
