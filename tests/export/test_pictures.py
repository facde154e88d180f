"""The pictures of the gate: two halves that have none in common, or generated ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from googlenet.dataset import open_dataset
from googlenet.errors import DataError
from googlenet.export.pictures import gather_pictures, generated_pictures, halves
from googlenet.images import Preprocessing

PREPROCESSING = Preprocessing(32, 36, "crop", "RGB", (124.0, 117.0, 104.0), (1 / 58,) * 3)


def paint(folder: Path, count: int) -> Path:
    """`count` pictures of one class, each of a grey of its own."""
    (folder / "grey").mkdir(parents=True)
    for number in range(count):
        Image.new("RGB", (40, 40), (number, number, number)).save(folder / "grey" / f"{number:03}.png")
    return folder


def greys(squares: NDArray[np.uint8]) -> set[int]:
    return {int(square[0, 0, 0]) for square in squares}


def test_calibration_and_evaluation_share_no_picture_and_leave_none_out(tmp_path: Path) -> None:
    gathered = gather_pictures(PREPROCESSING, calibrate=str(paint(tmp_path / "data", 60)), evaluate_on=None)
    assert gathered.calibration is not None
    assert gathered.evaluated_on == "the pictures of data that were not used for calibration"
    one, other = greys(gathered.calibration), greys(gathered.evaluated)
    assert one & other == set()
    assert one | other == set(range(60))
    assert min(len(one), len(other)) > 15


def test_a_picture_stays_in_its_half_when_others_come(tmp_path: Path) -> None:
    few = halves(open_dataset(paint(tmp_path / "few", 20), split_rule=None).splits["all"])
    many = halves(open_dataset(paint(tmp_path / "many", 40), split_rule=None).splits["all"])
    for before, after in zip(few, many, strict=True):
        assert {item.name for item in before.items} <= {item.name for item in after.items}


def test_other_pictures_to_evaluate_on_leave_all_for_calibration(tmp_path: Path) -> None:
    gathered = gather_pictures(
        PREPROCESSING, calibrate=str(paint(tmp_path / "one", 8)), evaluate_on=str(paint(tmp_path / "other", 5))
    )
    assert gathered.calibration is not None
    assert (len(gathered.calibration), len(gathered.evaluated)) == (8, 5)
    assert gathered.evaluated_on == "pictures of other"


def test_the_same_pictures_twice_are_halved_all_the_same(tmp_path: Path) -> None:
    data = str(paint(tmp_path / "data", 30))
    gathered = gather_pictures(PREPROCESSING, calibrate=data, evaluate_on=data)
    assert gathered.calibration is not None
    assert greys(gathered.calibration) & greys(gathered.evaluated) == set()


def test_without_data_pictures_are_made_and_said_to_be(tmp_path: Path) -> None:
    gathered = gather_pictures(PREPROCESSING, calibrate=None, evaluate_on=None)
    assert gathered.evaluated_on == "generated pictures, not photographs: use --evaluate-on DATA for real ones"
    assert gathered.calibration is None
    assert gathered.evaluated.shape == (67, 32, 32, 3)


def test_made_pictures_differ_from_each_other_and_are_the_same_each_time() -> None:
    made = generated_pictures(48, 20)
    assert made.dtype == np.uint8
    np.testing.assert_array_equal(made, generated_pictures(48, 20))
    assert len({picture.tobytes() for picture in made}) == len(made)
    assert made.std(axis=(1, 2, 3)).min() > 5


def test_pictures_that_cannot_be_read_are_left_out_and_too_few_are_an_error(tmp_path: Path) -> None:
    data = paint(tmp_path / "data", 1)
    with pytest.raises(DataError, match="has no picture"):
        gather_pictures(PREPROCESSING, calibrate=str(data), evaluate_on=None)
    (data / "grey" / "bad.png").write_bytes(b"no picture")
    assert len(gather_pictures(PREPROCESSING, calibrate=None, evaluate_on=str(data)).evaluated) == 1
