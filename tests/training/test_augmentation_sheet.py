import numpy as np
import numpy.typing as npt

from googlenet.training.augmentation import Augmentation
from googlenet.training.augmentation_sheet import BACKGROUND, CELL, GAP, HEAD, ROW, augmented_sheet

NOTHING = Augmentation(patch_area=None, photometric=None, lighting=0, interpolations=("bilinear",), mirror=False)


def noise(height: int, width: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)


def cell(sheet: npt.NDArray[np.uint8], row: int, column: int) -> npt.NDArray[np.uint8]:
    top, left = HEAD + (row + 1) * ROW - CELL, GAP * (2 if column else 1) + column * (CELL + GAP)
    return sheet[top : top + CELL, left : left + CELL]


def test_eight_columns_are_about_1100_pixels_wide_whatever_the_input_size() -> None:
    for input_size in (64, 224):
        sheet = augmented_sheet(
            [noise(100, 150)] * 3, ["cat"] * 3, input_size=input_size, augmentation=Augmentation(), seed=1
        )
        assert sheet.width == 1104
        assert sheet.height < 550


def test_a_row_is_the_whole_picture_and_then_its_versions() -> None:
    images = [noise(CELL, CELL), np.full((50, 100, 3), 7, np.uint8)]
    sheet = np.asarray(
        augmented_sheet(images, ["cat", "dog"], input_size=CELL, augmentation=NOTHING, seed=1, columns=3)
    )
    assert np.array_equal(cell(sheet, 0, 0), images[0])
    assert np.array_equal(cell(sheet, 0, 2), images[0])
    wide = cell(sheet, 1, 0)
    assert (wide[:32] == BACKGROUND).all()
    assert (wide[32:96] == 7).all()
    assert (wide[96:] == BACKGROUND).all()
    assert (cell(sheet, 1, 1) == 7).all()


def test_a_version_depends_on_the_seed_its_row_and_its_column_alone() -> None:
    def sheet(images: int, columns: int, seed: int) -> npt.NDArray[np.uint8]:
        pictures = [noise(90, 90)] * images
        return np.asarray(
            augmented_sheet(
                pictures, ["cat"] * images, input_size=64, augmentation=Augmentation(), seed=seed, columns=columns
            )
        )

    small, large = sheet(1, 3, 1), sheet(2, 4, 1)
    assert np.array_equal(cell(small, 0, 2), cell(large, 0, 2))
    assert not np.array_equal(cell(large, 0, 1), cell(large, 0, 2))
    assert not np.array_equal(cell(large, 0, 1), cell(large, 1, 1))
    assert not np.array_equal(cell(large, 0, 1), cell(sheet(2, 4, 2), 0, 1))


def test_each_row_has_the_name_of_its_class_whatever_it_is() -> None:
    def name_of(row: int, names: list[str]) -> bytes:
        images = [noise(40, 40)] * len(names)
        sheet = np.asarray(augmented_sheet(images, names, input_size=32, augmentation=NOTHING, seed=1, columns=3))
        bottom = HEAD + (row + 1) * ROW - CELL
        return sheet[bottom - (ROW - CELL - GAP) : bottom].tobytes()

    names = ["cat", "dog", "caf\udce9", "고양이", "a\x1b[31m name " * 40, ""]
    written = [name_of(row, names) for row in range(len(names))]
    assert len(set(written)) == len(names)
    assert written[-1] == bytes(np.full((ROW - CELL - GAP, 424, 3), BACKGROUND, np.uint8))
    assert name_of(0, ["dog"]) == written[1]
