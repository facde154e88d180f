"""The sheet of crops shows every view in order, as the network sees it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from googlenet.errors import InputError
from googlenet.images import DEFAULT_PREPROCESSING, Rgb, crop_views
from googlenet.images.crop_sheet import crop_sheet

SMALL = replace(DEFAULT_PREPROCESSING, input_size=28, resize_size=32)


def halves(width: int, height: int) -> Rgb:
    """Red on the left, blue on the right."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2] = (230, 20, 20)
    image[:, width // 2 :] = (20, 20, 230)
    return image


def coloured_cells(sheet: Rgb) -> list[str]:
    """The colour of each cell of the sheet, row by row: "r", "b", or both from left to right."""
    rows = []
    for row in sheet[440:]:  # below the picture itself
        red, blue = ((row[:, channel].astype(int) - row[:, 2 - channel] > 150) for channel in (0, 2))
        rows.append("".join(np.where(red, "r", np.where(blue, "b", ".")).tolist()))
    cells: list[str] = []
    for index, row in enumerate(rows):
        middle = any("r" in row or "b" in row for row in rows[max(0, index - 1) : index])
        if not middle and ("r" in row or "b" in row):
            cells += [_short(part) for part in row.split("." * 10) if part.strip(".")]
    return cells


def _short(part: str) -> str:
    return "".join(one for one, before in zip(part, " " + part, strict=False) if one != before and one != ".")


@pytest.mark.parametrize("crops", [10, 144])
def test_views_are_shown_in_order_and_mirrored_ones_mirrored(crops: int) -> None:
    image = halves(120, 60)
    expected = []
    for view in crop_views(120, 60, SMALL, crops):
        left, right = (2 * edge / view.scaled[0] - 1 for edge in (view.box[0], view.box[2]))
        colours = "r" if right <= 0 else "b" if left >= 0 else "rb"
        expected.append(colours[::-1] if view.mirrored else colours)
    assert coloured_cells(np.asarray(crop_sheet(image, SMALL, crops, name="halves.png"))) == expected


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 3000), (3000, 2), (64, 64)])
@pytest.mark.parametrize("crops", [1, 10, 144])
def test_every_picture_has_a_sheet_that_fits_a_telephone(width: int, height: int, crops: int) -> None:
    sheet = crop_sheet(halves(width, height), SMALL, crops, name="a name that is longer than the sheet is wide " * 3)
    assert sheet.width == 1080
    assert sheet.height < 7000


def test_a_name_that_is_no_text_is_shown_all_the_same() -> None:
    crop_sheet(halves(9, 9), SMALL, 1, name="caf\udce9.png")


def test_a_protocol_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="there is no protocol with 5 crops"):
        crop_sheet(halves(9, 9), SMALL, 5, name="x")
