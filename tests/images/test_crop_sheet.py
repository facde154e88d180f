"""The sheet of crops shows every view as the network sees it, and where it is cut."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from googlenet.errors import InputError
from googlenet.images import DEFAULT_PREPROCESSING, FITS, Fit, Rgb, crop_views
from googlenet.images.crop_sheet import BACKGROUND, SCALE_COLOURS, crop_sheet

SMALL = replace(DEFAULT_PREPROCESSING, input_size=28, resize_size=32)


def halves(width: int, height: int) -> Rgb:
    """Red on the left, blue on the right."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2] = (230, 20, 20)
    image[:, width // 2 :] = (20, 20, 230)
    return image


def coloured_cells(sheet: Rgb) -> list[list[str]]:
    """The colours, "r", "b", or both from left to right, of the cells of each row of the grid, after the panels."""
    red, blue = ((sheet[..., channel].astype(int) - sheet[..., 2 - channel] > 200) for channel in (0, 2))
    letters = np.where(red, "r", np.where(blue, "b", np.where((sheet == BACKGROUND).all(axis=2), " ", ".")))
    inside = [bool({"r", "b"} & set(row)) for row in letters]
    ends = [y for y, (before, now) in enumerate(pairwise([*inside, False]), 1) if before and not now]
    return [[short for part in "".join(letters[y - 2]).split() if (short := _short(part))] for y in ends]


def _short(part: str) -> str:
    part = part.replace(".", "")  # where two colours meet
    return "".join(one for one, before in zip(part, " " + part, strict=False) if one != before)


@pytest.mark.parametrize(("crops", "rows"), [(1, 1), (10, 2), (144, 12)])
def test_the_grid_shows_every_view_as_the_network_sees_it(crops: int, rows: int) -> None:
    image = halves(120, 60)
    expected = []
    for view in crop_views(120, 60, SMALL, crops):
        left, right = (2 * edge / view.scaled[0] - 1 for edge in (view.box[0], view.box[2]))
        colours = "r" if right <= 0 else "b" if left >= 0 else "rb"
        expected.append(colours[::-1] if view.mirrored else colours)
    found = coloured_cells(np.asarray(crop_sheet(image, SMALL, crops, name="halves.png")))[-rows:]
    assert [len(row) for row in found] == [crops // rows] * rows
    if crops < 144:
        assert [cell for row in found for cell in row] == expected
        return
    upright, mirrored = (
        [half[start : start + 6] for start in range(0, 72, 6)] for half in (expected[:72], expected[72:])
    )
    assert found == [one + other for one, other in zip(upright, mirrored, strict=True)]


def test_boxes_are_drawn_where_the_views_are_cut() -> None:
    """The centre crop of a grey picture twice as wide as high: its box is 28/32 of the height, in the middle."""
    grey = np.full((60, 120, 3), 90, np.uint8)
    sheet = np.asarray(crop_sheet(grey, SMALL, 1, name="grey.png")).astype(int)
    picture = np.argwhere((sheet == 90).all(axis=2))
    (top, left), right = picture.min(axis=0), picture[:, 1].max()
    boxed = np.argwhere((sheet == SCALE_COLOURS[0]).all(axis=2) & (np.arange(len(sheet)) > top)[:, np.newaxis])
    (box_top, box_left), (box_bottom, box_right) = boxed.min(axis=0), boxed.max(axis=0)
    height = 280  # of the picture on the sheet
    assert (right - left + 1, box_right - box_left + 1) == pytest.approx((2 * height, 28 / 32 * height), abs=2)
    assert box_bottom - box_top + 1 == pytest.approx(28 / 32 * height, abs=2)
    assert (box_left + box_right) / 2 == pytest.approx((left + right) / 2, abs=2)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 3000), (3000, 2), (64, 64)])
@pytest.mark.parametrize("crops", [1, 10, 144])
def test_every_picture_has_a_sheet_of_about_a_screen(width: int, height: int, crops: int, fit: Fit) -> None:
    preprocessing = replace(SMALL, fit=fit)
    sheet = crop_sheet(halves(width, height), preprocessing, crops, name="a name that is longer than the sheet is " * 3)
    assert sheet.width == 1080
    assert sheet.height <= 1550


def test_a_name_that_is_no_text_is_shown_all_the_same() -> None:
    crop_sheet(halves(9, 9), SMALL, 1, name="caf\udce9.png")


def test_a_protocol_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="there is no protocol with 5 crops"):
        crop_sheet(halves(9, 9), SMALL, 5, name="x")
