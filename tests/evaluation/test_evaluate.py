"""Every picture is counted once, whatever the batches; bad ones are named and counted nowhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from googlenet.dataset import Samples, open_dataset
from googlenet.engines import FunctionEngine
from googlenet.errors import DataError, InputError
from googlenet.evaluation import evaluate, prepare_squares
from googlenet.images import BadImage, Preprocessing

PREPROCESSING = Preprocessing(8, 8, "crop", "RGB", (0.0,) * 3, (1.0,) * 3)
COLOURS = {"blue": (0, 0, 250), "green": (0, 250, 0), "red": (250, 0, 0)}


def strongest_colour(squares: NDArray[np.uint8]) -> NDArray[np.float64]:
    means = squares.mean(axis=(1, 2))[:, ::-1] + 1
    return np.asarray(means / means.sum(axis=1, keepdims=True))


ENGINE = FunctionEngine(strongest_colour)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """5 blue, 4 green, 2 red pictures; one of the green ones is red, and one file of each class is bad."""
    for name, count in (("blue", 5), ("green", 4), ("red", 2)):
        (tmp_path / name).mkdir()
        for number in range(count):
            colour = "red" if (name, number) == ("green", 1) else name
            Image.new("RGB", (12 + number, 10), COLOURS[colour]).save(tmp_path / name / f"{number}.png")
        (tmp_path / name / "2_bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return tmp_path


@pytest.fixture
def samples(folder: Path) -> Samples:
    (split,) = open_dataset(folder, split_rule=None).splits.values()
    return split


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 64])
def test_every_good_picture_counts_once_whatever_the_batches(batch_size: int, samples: Samples) -> None:
    result = evaluate(ENGINE, PREPROCESSING, samples, split="val", batch_size=batch_size)
    assert result.pictures == 11
    assert result.top1 == 10 / 11
    assert result.confusion.tolist() == [[5, 0, 0], [0, 3, 1], [0, 0, 2]]
    assert [one.label for one in result.classes] == ["blue", "green", "red"]
    decoded = {item.name: samples.decode(index) for index, item in enumerate(samples.items)}
    reasons = [(name, image.reason) for name, image in decoded.items() if isinstance(image, BadImage)]
    assert list(result.bad_pictures) == reasons
    assert [name for name, _ in reasons] == [f"{name}/2_bad.png" for name in COLOURS]


def test_a_row_for_every_counted_picture_in_order(samples: Samples) -> None:
    rows: list[tuple[str, str, int]] = []
    evaluate(
        ENGINE,
        PREPROCESSING,
        samples,
        split="val",
        batch_size=4,
        on_row=lambda name, label, probabilities: rows.append((name, label, int(probabilities.argmax()))),
    )
    assert [name for name, _, _ in rows] == [item.name for item in samples.items if "bad" not in item.name]
    assert ("green/1.png", "green", 2) in rows


def test_progress_ends_at_all_pictures(samples: Samples) -> None:
    steps: list[tuple[int, int]] = []
    evaluate(ENGINE, PREPROCESSING, samples, split="val", batch_size=5, on_progress=lambda *step: steps.append(step))
    assert steps == [(5, 14), (10, 14), (14, 14)]


@pytest.mark.parametrize("pictures_kept", [0, 1, 7, 99])
def test_prepared_squares_give_the_same_result(pictures_kept: int, samples: Samples) -> None:
    squares = prepare_squares(samples, PREPROCESSING, limit_bytes=pictures_kept * 8 * 8 * 3 + 5)
    assert len(squares.kept) == min(pictures_kept, 14)
    plain = evaluate(ENGINE, PREPROCESSING, samples, split="val")
    for _ in range(2):
        result = evaluate(ENGINE, PREPROCESSING, samples, split="val", images=squares)
        assert result.to_dict() == plain.to_dict()


def test_pictures_in_memory_are_not_read_again(folder: Path, samples: Samples) -> None:
    squares = prepare_squares(samples, PREPROCESSING, limit_bytes=10**6)
    for path in folder.rglob("*.png"):
        path.unlink()
    assert sum(isinstance(square, BadImage) for square in squares.read()) == 3
    assert evaluate(ENGINE, PREPROCESSING, samples, split="val", images=squares).pictures == 11


def test_no_picture_left_is_an_error(samples: Samples) -> None:
    bad = samples.select([index for index, item in enumerate(samples.items) if "bad" in item.name])
    with pytest.raises(DataError, match=r"val: there are no pictures to evaluate on \(3 could not be read\)"):
        evaluate(ENGINE, PREPROCESSING, bad, split="val")


def test_another_number_of_classes_is_an_error(samples: Samples) -> None:
    engine = FunctionEngine(lambda squares: np.full((len(squares), 10), 0.1))
    with pytest.raises(InputError, match="the network has 10 classes, the pictures have 3"):
        evaluate(engine, PREPROCESSING, samples, split="val")
