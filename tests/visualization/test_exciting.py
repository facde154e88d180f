"""The pictures that excite a unit most: which, where in them, and what is cut out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from googlenet.architecture import ReceptiveField
from googlenet.dataset import Samples, open_dataset
from googlenet.errors import DataError
from googlenet.explanation import place_square
from googlenet.images import BadImage, Preprocessing
from googlenet.visualization.exciting import cut_patches, find_exciting, patch_box

CELL = 8
FIELD = ReceptiveField(CELL, CELL, CELL / 2)
PREPROCESSING = Preprocessing(32, 32, "squash", "RGB", (0.0,) * 3, (1.0,) * 3)


def mean_colours(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Three units: how much red, green and blue is in each cell; a fourth that nothing excites."""
    pictures, size = squares.shape[:2]
    cells = squares.reshape(pictures, size // CELL, CELL, size // CELL, CELL, 3).mean((2, 4), np.float64)
    colours = cells.transpose(0, 3, 1, 2)
    return np.concatenate([colours, -1 - colours[:, :1]], 1).astype(np.float32)


def save(path: Path, *spots: tuple[int, int, tuple[int, int, int]]) -> None:
    """A black picture of 64 x 32 px with spots of 16 x 8 px (one cell of the square) at (row, column) of the cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((32, 64, 3), np.uint8)
    for row, column, colour in spots:
        pixels[8 * row : 8 * row + 8, 16 * column : 16 * column + 16] = colour
    Image.fromarray(pixels).save(path)


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    save(tmp_path / "fire" / "bright.png", (1, 2, (250, 0, 0)))
    save(tmp_path / "fire" / "dim.png", (3, 0, (90, 0, 0)), (0, 0, (80, 0, 0)))
    save(tmp_path / "sea" / "blue.png", (0, 3, (0, 0, 200)))
    save(tmp_path / "sea" / "both.png", (2, 1, (120, 0, 100)))
    (tmp_path / "sea" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return open_dataset(tmp_path, split_rule=None).splits["all"]


def test_the_pictures_with_the_largest_values_come_first_with_their_place(samples: Samples) -> None:
    found = find_exciting(mean_colours, samples, PREPROCESSING, [FIELD] * 4, most=2)
    red, green, blue, nothing = found.pictures
    assert [(one.name, one.label, one.place) for one in red] == [
        ("fire/bright.png", "fire", (1, 2)),
        ("sea/both.png", "sea", (2, 1)),
    ]
    assert [one.name for one in blue] == ["sea/blue.png", "sea/both.png"]
    assert (green, nothing) == ((), ())  # no picture excites them
    assert red[0].box == (32, 8, 48, 16)  # the spot, in px of the picture
    assert red[0].value == pytest.approx(250, rel=0.05)  # resizing blurs the edge of the spot
    assert red[0].to_dict()["box"] == [32, 8, 48, 16]


def test_a_picture_counts_once_and_bad_ones_are_named(samples: Samples) -> None:
    found = find_exciting(mean_colours, samples, PREPROCESSING, [FIELD] * 4, units=[2, 0], most=9)
    assert found.units == (2, 0)
    assert [one.name for one in found[0]] == ["fire/bright.png", "sea/both.png", "fire/dim.png"]
    assert found[0][-1].place == (3, 0)  # the larger of its two spots
    assert found.seen == 4
    assert [name for name, _ in found.bad_pictures] == ["sea/torn.png"]


def test_of_equal_pictures_the_first_ones_are_kept_whatever_the_batches(tmp_path: Path) -> None:
    for number in range(40):
        save(tmp_path / "same" / f"{number:02}.png", (0, 0, (200, 0, 0)))
    samples = open_dataset(tmp_path, split_rule=None).splits["all"]
    seen: list[tuple[int, int]] = []
    found = find_exciting(
        mean_colours, samples, PREPROCESSING, [FIELD] * 4, most=3, on_progress=lambda *done: seen.append(done)
    )
    assert [one.name for one in found[0]] == ["same/00.png", "same/01.png", "same/02.png"]
    assert seen[-1] == (40, 40)


def test_patches_show_what_the_unit_saw(samples: Samples) -> None:
    found = find_exciting(mean_colours, samples, PREPROCESSING, [FIELD] * 4, most=2)
    patches = {(unit, rank): patch for unit, rank, patch in cut_patches(found, samples, 24)}
    assert patches.keys() == {(0, 0), (0, 1), (2, 0), (2, 1)}
    spot = patches[0, 0]
    assert not isinstance(spot, BadImage)
    assert spot.shape == (12, 24, 3)  # twice as wide as high, as the picture was squashed
    assert spot[2:-2, 2:-2, 0].min() > 200


def test_a_picture_that_is_gone_is_a_value(samples: Samples, tmp_path: Path) -> None:
    found = find_exciting(mean_colours, samples, PREPROCESSING, [FIELD] * 4, most=1)
    (tmp_path / "fire" / "bright.png").unlink()
    gone = {unit: patch for unit, _, patch in cut_patches(found, samples, 24)}
    assert isinstance(gone[0], BadImage)
    assert not isinstance(gone[2], BadImage)


def test_features_without_a_map_see_the_whole_picture(samples: Samples) -> None:
    whole = ReceptiveField(64, 32, 16)
    found = find_exciting(lambda squares: mean_colours(squares).mean((2, 3)), samples, PREPROCESSING, [whole] * 4)
    assert found[0][0].place == (0, 0)
    assert found[0][0].box == (0, 0, 64, 32)


@pytest.mark.parametrize("fit", ["crop", "letterbox", "squash"])
def test_boxes_stay_in_the_picture(fit: str) -> None:
    preprocessing = Preprocessing(32, 32, fit, "RGB", (0.0,) * 3, (1.0,) * 3)  # type: ignore[arg-type]
    for size in ((300, 20), (20, 300), (1, 1)):
        for place in ((0, 0), (3, 3), (0, 3)):
            left, top, right, bottom = patch_box(FIELD, place, size, place_square(*size, preprocessing))
            assert 0 <= left < right <= size[0]
            assert 0 <= top < bottom <= size[1]


def test_data_without_a_readable_picture_are_refused(tmp_path: Path) -> None:
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "torn.png").write_bytes(b"torn")
    samples = open_dataset(tmp_path, split_rule=None).splits["all"]
    with pytest.raises(DataError, match=r"no picture that can be read \(class/torn\.png: "):
        find_exciting(mean_colours, samples, PREPROCESSING, [FIELD] * 4)
