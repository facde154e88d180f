"""The protocols of crops, against Section 7 of the paper, by hand and for any size of picture."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from googlenet.errors import InputError
from googlenet.images import (
    CROPS,
    DEFAULT_PREPROCESSING,
    FITS,
    Fit,
    Preprocessing,
    Rgb,
    View,
    crop_scales,
    crop_views,
    least_size,
    resize_image,
    take_crops,
    to_square,
)
from googlenet.images import crops as crops_module

SIZES = st.tuples(st.integers(1, 300), st.integers(1, 300)) | st.sampled_from(
    [(1, 1), (1, 5000), (5000, 1), (10_000, 3), (353, 500), (255, 257)]
)
AUXILIARIES = st.integers(1, 40) | st.just(224)


def prepared(input_size: int, *, resize_size: int | None = None, fit: Fit = "crop") -> Preprocessing:
    return replace(DEFAULT_PREPROCESSING, input_size=input_size, resize_size=resize_size or input_size, fit=fit)


def noise(width: int, height: int) -> Rgb:
    return np.random.default_rng(width * 7919 + height).integers(0, 256, (height, width, 3), dtype=np.uint8)


def views_of(width: int, height: int, crops: int, preprocessing: Preprocessing = DEFAULT_PREPROCESSING) -> list[View]:
    return list(crop_views(width, height, preprocessing, crops))


def corners(left: int, top: int, room: int, input_size: int = 224) -> list[tuple[int, int, int, int]]:
    """By hand: top left, top right, bottom left, bottom right, centre of a square at (left, top)."""
    half = room // 2
    starts = [(0, 0), (room, 0), (0, room), (room, room), (half, half)]
    return [(left + x, top + y, left + x + input_size, top + y + input_size) for x, y in starts]


def test_the_scales_of_the_paper_and_of_other_input_sizes() -> None:
    assert crop_scales(224) == (256, 288, 320, 352)
    assert crop_scales(112) == (128, 144, 160, 176)
    assert crop_scales(28) == (32, 36, 40, 44)
    assert crop_scales(8) == (9, 10, 11, 13)  # 9.14, 10.29, 11.43, 12.57


def test_a_protocol_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(InputError, match="there is no protocol with 12 crops; choose one of 1, 10, 144"):
        crop_views(5, 5, DEFAULT_PREPROCESSING, 12)


def test_144_crops_of_an_upright_picture_are_these() -> None:
    """353 x 500: the longer side becomes 363, 408, 453 and 499 px (362.6, 407.9, 453.3, 498.6), and 317 for 224."""
    by_hand = {
        256: ((256, 363), (0, 53, 107)),
        288: ((288, 408), (0, 60, 120)),
        320: ((320, 453), (0, 66, 133)),
        352: ((352, 499), (0, 73, 147)),
    }
    expected = []
    for scale, (scaled, tops) in by_hand.items():
        for top, whole_top in zip(tops, (0, 46, 93), strict=True):
            expected += [(scaled, box) for box in corners(0, top, scale - 224)]
            expected.append(((224, 317), (0, whole_top, 224, whole_top + 224)))
    views = views_of(353, 500, 144)
    assert [(view.scaled, view.box) for view in views] == expected * 2
    assert [view.mirrored for view in views] == [False] * 72 + [True] * 72


def test_144_crops_of_a_wide_picture_have_their_squares_side_by_side() -> None:
    views = views_of(500, 375, 144)
    assert [view.scaled for view in views[:18:6]] == [(341, 256)] * 3
    assert [view.box for view in views[:18:6]] == [(0, 0, 224, 224), (42, 0, 266, 224), (85, 0, 309, 224)]
    assert [view.square for view in views[:18:6]] == ["left", "centre", "right"]
    assert [view.place for view in views[:6]] == [
        *("top left", "top right", "bottom left", "bottom right", "centre", "whole")
    ]
    assert [view.scale for view in views[:72:18]] == [256, 288, 320, 352]


def test_144_crops_of_the_smallest_and_the_slimmest_pictures() -> None:
    dot = views_of(1, 1, 144)
    assert {view.scaled for view in dot} == {(input_size, input_size) for input_size in (224, 256, 288, 320, 352)}
    assert len(set(dot)) == 2 * (4 * 5 + 1)
    thread = views_of(10_000, 3, 144)
    assert thread[0].scaled == (853_333, 256)
    assert [view.box[0] for view in thread[:18:6]] == [0, 426_538, 853_077]
    rope = views_of(1, 5000, 144)
    assert rope[0].scaled == (256, 1_280_000)
    assert [view.box[1] for view in rope[:18:6]] == [0, 639_872, 1_279_744]


def test_the_whole_square_is_the_same_view_at_every_scale() -> None:
    """Resized to 224 px it does not depend on the scale it went through: 126 different views in 144."""
    assert len(set(views_of(500, 375, 144))) == 126
    weights = take_crops(noise(500, 375), DEFAULT_PREPROCESSING, 144).weights
    assert sorted(set((weights[0] * 144).round(9))) == [1, 4]


def test_ten_crops_of_the_central_256_square() -> None:
    """500 x 375 becomes 341 x 256, whose central square begins at 42."""
    views = views_of(500, 375, 10)
    assert [view.box for view in views] == corners(42, 0, 32) * 2
    assert {view.scaled for view in views} == {(341, 256)}
    assert [view.mirrored for view in views] == [False] * 5 + [True] * 5


def test_ten_crops_follow_the_fit_of_the_model() -> None:
    squash = views_of(500, 375, 10, prepared(224, resize_size=256, fit="squash"))
    assert [view.box for view in squash] == corners(0, 0, 32) * 2
    assert {view.scaled for view in squash} == {(256, 256)}
    letterbox = views_of(512, 256, 10, prepared(224, resize_size=256, fit="letterbox"))
    assert [view.box for view in letterbox] == corners(0, -64, 32) * 2
    assert {view.scaled for view in letterbox} == {(256, 128)}


@pytest.mark.parametrize("fit", ["crop", "squash"])
def test_one_crop_is_the_centre_of_ten_where_the_model_scales_to_256(fit: Fit) -> None:
    preprocessing = prepared(224, resize_size=256, fit=fit)
    for width, height in ((500, 375), (353, 501), (9, 7)):
        (one,) = views_of(width, height, 1, preprocessing)
        assert one == views_of(width, height, 10, preprocessing)[4]
        weights = take_crops(noise(width, height), preprocessing, 1, 10).weights
        assert weights.shape == (2, 10)


def test_no_square_is_made_twice_for_several_protocols() -> None:
    """With the paper's own fit, 1 and 10 are among the 144."""
    crops = take_crops(noise(50, 37), prepared(28, resize_size=32), 1, 10, 144)
    assert crops.squares.shape == (126, 28, 28, 3)
    assert (crops.weights > 0).sum(axis=1).tolist() == [1, 10, 126]


@given(SIZES, AUXILIARIES, st.sampled_from(FITS), st.sampled_from(sorted(CROPS)))
def test_every_protocol_has_its_number_of_squares_inside_the_picture_and_in_mirrored_pairs(
    size: tuple[int, int], input_size: int, fit: Fit, crops: int
) -> None:
    views = views_of(*size, crops, prepared(input_size, fit=fit))
    assert len(views) == crops
    for view in views:
        left, top, right, bottom = view.box
        assert (right - left, bottom - top) == (input_size, input_size)
        if fit == "letterbox" and crops < 144:  # the picture is inside the box or the box inside the picture
            assert left < view.scaled[0]
            assert top < view.scaled[1]
            assert min(right, bottom) > 0
        else:
            assert min(left, top) >= 0
            assert (right <= view.scaled[0], bottom <= view.scaled[1]) == (True, True)
    if crops > 1:
        half = crops // 2
        assert [replace(view, mirrored=True) for view in views[:half]] == views[half:]


@given(SIZES, AUXILIARIES)
def test_the_squares_of_the_paper_cover_both_ends_and_the_middle(size: tuple[int, int], input_size: int) -> None:
    views = views_of(*size, 144, prepared(input_size))
    axis = 0 if size[0] >= size[1] else 1
    for number, scale in enumerate(crop_scales(input_size)):
        first, centre, last = (views[number * 18 + square * 6 + 3].box for square in range(3))  # bottom right crops
        length = views[number * 18].scaled[axis]
        assert views[number * 18].scaled[1 - axis] == scale
        assert first[axis + 2] == scale
        assert last[axis + 2] == length
        assert abs((centre[axis + 2] - first[axis + 2]) - (last[axis + 2] - centre[axis + 2])) <= 1


@given(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.integers(1, 30),
    st.integers(0, 9),
    st.sampled_from(FITS),
)
def test_one_crop_is_to_the_bit_the_square_of_the_models_preprocessing(
    size: tuple[int, int], input_size: int, more: int, fit: Fit
) -> None:
    image, preprocessing = noise(*size), prepared(input_size, resize_size=input_size + more, fit=fit)
    crops = take_crops(image, preprocessing, 1)
    assert np.array_equal(crops.squares, to_square(image, preprocessing)[np.newaxis])
    assert crops.weights.tolist() == [[1.0]]


def cut_from_the_whole(image: Rgb, view: View, fill: tuple[int, int, int]) -> Rgb:
    """The plain way: scale the whole picture, lay it on a canvas, cut the box, mirror."""
    scaled = Image.fromarray(image).resize(view.scaled, Image.Resampling.BILINEAR)
    left, top, right, bottom = view.box
    canvas = Image.new("RGB", (right - left, bottom - top), fill)
    canvas.paste(scaled, (-left, -top))
    return np.asarray(canvas)[:, ::-1] if view.mirrored else np.asarray(canvas)


@given(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.integers(1, 30),
    st.sampled_from(FITS),
    st.sampled_from([10, 144]),
)
def test_squares_are_cut_from_the_scaled_picture_and_counted_as_often_as_they_occur(
    size: tuple[int, int], input_size: int, fit: Fit, crops: int
) -> None:
    image, preprocessing = noise(*size), prepared(input_size, fit=fit)
    taken = take_crops(image, preprocessing, crops)
    views = views_of(*size, crops, preprocessing)
    distinct = list(dict.fromkeys(views))
    assert len(taken.squares) == len(distinct)
    assert taken.weights[0] * crops == pytest.approx([views.count(view) for view in distinct])
    for view, square in zip(distinct, taken.squares, strict=True):
        expected = cut_from_the_whole(image, view, preprocessing.mean_rgb)
        assert np.abs(square.astype(int) - expected).max() <= 2  # two passes, each rounded


def test_a_picture_is_resized_once_a_scale() -> None:
    image = noise(500, 375)
    with mock.patch.object(crops_module, "resize_image", wraps=resize_image) as resize_size:
        take_crops(image, DEFAULT_PREPROCESSING, 144)
    assert sorted(call.args[2] for call in resize_size.call_args_list) == [224, 256, 288, 320, 352]


@pytest.mark.parametrize("size", [(50_000, 1), (1, 50_000), (30_000, 3)])
def test_a_very_slim_picture_needs_no_more_memory_than_others(size: tuple[int, int]) -> None:
    """Scaled as a whole to 352 px, 50,000 x 1 would be 19 GB."""
    image = noise(*size)
    tracemalloc.start()
    try:
        crops = take_crops(image, DEFAULT_PREPROCESSING, 144)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert crops.squares.shape == (126, 224, 224, 3)
    assert peak < crops.squares.nbytes + 10 * 2**20


boxes = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 30), st.integers(1, 30)).map(
    lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3])
)


@given(st.lists(boxes, max_size=12))
def test_merged_boxes_hold_all_boxes_and_do_not_overlap(boxes: list[tuple[int, int, int, int]]) -> None:
    frames = crops_module.merge_boxes(boxes)
    for box in boxes:
        holding = [
            frame
            for frame in frames
            if frame[0] <= box[0] and frame[1] <= box[1] and frame[2] >= box[2] and frame[3] >= box[3]
        ]
        assert len(holding) == 1
    for index, one in enumerate(frames):
        for other in frames[:index]:
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


@given(SIZES, st.sampled_from(FITS), st.sampled_from([(1,), (10,), (1, 10, 144)]))
def test_the_least_size_has_a_pixel_for_each_of_the_largest_scaling(
    size: tuple[int, int], fit: Fit, protocols: tuple[int, ...]
) -> None:
    preprocessing = prepared(28, resize_size=30, fit=fit)
    least = least_size(*size, preprocessing, *protocols)
    scaled = [view.scaled for crops in protocols for view in views_of(*size, crops, preprocessing)]
    for axis in (0, 1):
        largest = max(lengths[axis] for lengths in scaled)
        assert largest * crops_module.ROOM <= least[axis] < largest * crops_module.ROOM + 1
