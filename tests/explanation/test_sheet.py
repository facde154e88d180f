"""The sheet of an explanation: a panel for the picture and for each class, with text that fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from googlenet.architecture import ReceptiveField
from googlenet.explanation import ExplainedClass, Explanation, PictureBox, SeenPicture
from googlenet.explanation.sheet import BACKGROUND, GAP, MARGIN, NARROWEST, PICTURE
from googlenet.images import DEFAULT_PREPROCESSING

KOREAN = "이집트 고양이라고 불리는 아주 길고 긴 이름을 가진 고양이의 한 종류"


def explanation_of(width: int, height: int, *, names: tuple[str, ...] = ("cat", "dog"), peak: float = 3) -> Explanation:
    picture = np.full((height, width, 3), 60, np.uint8)
    values = np.full((7, 7), -1, np.float32)
    values[3, 3] = peak
    box = PictureBox(width // 4, height // 4, width // 2, height // 2)
    classes = tuple(ExplainedClass(name, name, 0.5, 1.0, 0.1, values, (1, 1), box) for name in names)
    preprocessing = replace(DEFAULT_PREPROCESSING, fit="squash", resize_size=224)
    seen = SeenPicture((width, height), picture, picture, preprocessing, ReceptiveField(32, 32, 16.0))
    return Explanation("folder/picture.jpg", classes, seen)


def inked(sheet: Image.Image) -> NDArray[np.bool_]:
    return np.asarray(np.abs(np.asarray(sheet, int) - BACKGROUND).sum(2) > 30)


@pytest.mark.parametrize(
    ("size", "panel"),
    [
        ((600, 400), PICTURE),
        ((400, 600), NARROWEST),
        ((28, 28), PICTURE),
        ((3000, 30), PICTURE),
        ((30, 3000), NARROWEST),
    ],
)
@pytest.mark.parametrize(("names", "columns"), [(("cat",), 2), (("cat", "dog"), 3), (tuple("abcdef"), 4)])
def test_panels_stand_side_by_side(size: tuple[int, int], panel: int, names: tuple[str, ...], columns: int) -> None:
    sheet = explanation_of(*size, names=names).draw()
    assert sheet.width == columns * (panel + GAP) - GAP + 2 * MARGIN
    assert sheet.height < 2 * (PICTURE + 200) + MARGIN


@pytest.mark.parametrize("name", ["a", KOREAN, "word " * 40, "x" * 300, "\x1b[2J\n\u202e", ""])
def test_no_text_leaves_its_panel(name: str) -> None:
    sheet = explanation_of(600, 400, names=(name, name)).draw(boxes=True)
    marks = inked(sheet)
    assert not marks[:, :MARGIN].any()
    assert not marks[:, -MARGIN:].any()
    between = MARGIN + PICTURE
    rows = slice(0, sheet.height - MARGIN - 80)  # without the legend, which is below all panels
    assert not marks[rows, between : between + GAP].any()


def test_the_box_is_drawn_where_it_is() -> None:
    explanation = explanation_of(600, 400, names=("cat",), peak=-1)
    plain, boxed = (np.asarray(explanation.draw(boxes=boxes), int) for boxes in (False, True))
    left = MARGIN + PICTURE + GAP
    height = round(400 * PICTURE / 600)
    bottom = {len(sheet): sheet.shape[0] for sheet in (plain, boxed)}
    assert len(bottom) == 2  # the numbers of the box need a line
    top = next(row for row in range(len(boxed)) if boxed[row, MARGIN + 5].sum() == 180)
    part = boxed[top : top + height, left : left + PICTURE]
    white = (part == 255).all(2)
    rows, columns = np.nonzero(white)
    assert (columns.min(), columns.max()) == pytest.approx((PICTURE * 0.25, PICTURE * 0.75), abs=4)
    assert (rows.min(), rows.max()) == pytest.approx((height * 0.25, height * 0.75), abs=4)
    assert not white[height // 2, PICTURE // 3 : PICTURE // 2].any()


def test_a_picture_in_which_nothing_speaks_for_the_class_is_drawn() -> None:
    explanation = explanation_of(600, 400, names=("cat",), peak=-2)
    empty = replace(explanation, classes=(replace(explanation[0], box=None),))
    assert empty.draw(boxes=True).width == explanation.draw().width
