"""Probabilities and features as arrays: a row for each picture, in order, and never one for a picture that is bad."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from googlenet.classifier import Classifier
from googlenet.engines import Extra, FunctionEngine, Outputs
from googlenet.errors import DataError, InputError, ModelFileError
from googlenet.images import Preprocessing
from googlenet.model import ClassLabel

CLASSES = (ClassLabel("r", "red"), ClassLabel("g", "green"), ClassLabel("b", "blue"))
COLOURS = {"red": (250, 10, 10), "green": (10, 250, 10), "blue": (10, 10, 250)}


class Colours:
    """Answers with the mean colour; its features are the colour twice."""

    name = "colours"

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        means = np.maximum(images.mean(axis=(1, 2), dtype=np.float32), 1)
        return Outputs(means / means.sum(axis=1, keepdims=True), np.tile(means, 2) if also else None)


@pytest.fixture
def classifier() -> Classifier:
    return Classifier(Colours(), Preprocessing(8, 10, "crop", "RGB", (0.0,) * 3, (1.0,) * 3), CLASSES)


def array(colour: str) -> NDArray[np.uint8]:
    return np.full((12, 9, 3), COLOURS[colour], np.uint8)


def png(colour: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array(colour)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("batch", [1, 2, 16])
def test_the_rows_are_those_of_the_pictures_in_the_order_of_the_classes(classifier: Classifier, batch: int) -> None:
    images: list[Any] = [png("blue"), array("red"), Image.fromarray(array("green"))]
    probabilities = classifier.predict_proba(images, batch=batch)
    assert probabilities.dtype == np.float32
    assert probabilities.tolist() == pytest.approx(
        np.array([COLOURS[one] for one in ("blue", "red", "green")]) / 270, rel=1e-6
    )
    features = classifier.embed(images, batch=batch)
    assert features.shape == (3, 6)
    assert features.dtype == np.float32
    assert features[0].tolist() == [*COLOURS["blue"], *COLOURS["blue"]]


def test_one_picture_is_one_row_and_agrees_with_predict(classifier: Classifier) -> None:
    row = classifier.predict_proba(png("green"))
    assert row.shape == (3,)
    ranking = classifier.predict(png("green")).ranking
    assert {one.label: one.probability for one in ranking} == dict(zip("rgb", row.tolist(), strict=True))
    assert classifier.embed(array("red")).shape == (6,)


def test_no_pictures_give_an_array_of_the_right_width(classifier: Classifier) -> None:
    assert classifier.predict_proba([]).shape == (0, 3)
    assert classifier.embed([]).shape == (0, 6)


def test_pictures_may_come_as_an_array_of_pictures_or_of_paths(classifier: Classifier, tmp_path: Path) -> None:
    stacked: Any = np.stack([array("red"), array("blue")])
    paths = [tmp_path / "red.png", tmp_path / "blue.png"]
    for path, image in zip(paths, stacked, strict=True):
        Image.fromarray(image).save(path)
    expected = classifier.predict_proba(list(stacked))
    for images in (stacked, paths, np.array(paths), np.array([str(path) for path in paths])):
        np.testing.assert_array_equal(classifier.predict_proba(images), expected)
    assert [one.best.name for one in classifier.predict(stacked)] == ["red", "blue"]


def test_a_bad_picture_is_an_error_with_its_name_and_the_reason(classifier: Classifier, tmp_path: Path) -> None:
    images: list[Any] = [png("red"), tmp_path / "missing.png", b"no picture"]
    for call in (classifier.predict_proba, classifier.embed):
        with pytest.raises(DataError, match=r"missing\.png: cannot be read \(No such file or directory\); leave this"):
            call(images)
        with pytest.raises(DataError, match="picture 0: not a picture"):
            call(b"no picture")


def test_a_bad_picture_is_a_row_of_nan_where_that_is_asked_for(classifier: Classifier) -> None:
    for call, columns in ((classifier.predict_proba, 3), (classifier.embed, 6)):
        rows = call([b"no picture", png("red"), b""], bad_pictures="nan")
        assert rows.shape == (3, columns)
        assert np.isnan(rows).all(axis=1).tolist() == [True, False, True]
        np.testing.assert_array_equal(rows[1], call(png("red")))
        assert np.isnan(call(b"no picture", bad_pictures="nan")).tolist() == [True] * columns


def test_what_else_could_be_meant_by_bad_pictures_is_refused(classifier: Classifier) -> None:
    with pytest.raises(InputError, match="bad_pictures must be 'raise' or 'nan', not 'skip'"):
        classifier.predict_proba([], bad_pictures="skip")  # type: ignore[arg-type]


def test_crops_are_averaged_as_predict_averages_them(classifier: Classifier) -> None:
    halves = np.concatenate([array("red"), array("blue")], axis=1)
    one_sided = replace(classifier, engine=FunctionEngine(lambda squares: squares[:, :, :4].mean(axis=(1, 2)) / 255))
    row = one_sided.predict_proba(halves, crops=10)
    ranking = one_sided.predict(halves, crops=10).ranking
    assert {one.label: one.probability for one in ranking} == dict(zip("rgb", row.tolist(), strict=True))
    assert not np.allclose(row, one_sided.predict_proba(halves))


def test_an_answer_that_is_not_finite_is_an_error_and_no_row(classifier: Classifier) -> None:
    broken = replace(classifier, engine=FunctionEngine(lambda squares: np.full((len(squares), 3), np.nan)))
    with pytest.raises(ModelFileError, match="the network's answer is not a finite number"):
        broken.predict_proba(png("red"))


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        ({"batch": "16"}, "batch must be an integer of at least 1, not '16'"),
        ({"batch": 0}, "batch must be an integer of at least 1, not 0"),
        ({"crops": "10"}, "crops must be an integer of at least 1, not '10'"),
        ({"crops": True}, "crops must be an integer of at least 1, not True"),
        ({"crops": 3}, "there is no protocol with 3 crops; choose one of 1, 10, 144"),
        ({"top": 2.5}, "top must be an integer of at least 1, not 2.5"),
        ({"top": [5]}, "top must be an integer of at least 1, not a list"),
    ],
)
def test_wrong_arguments_are_refused_at_the_call_by_name(
    classifier: Classifier, arguments: dict[str, Any], refusal: str
) -> None:
    for call in (classifier.predict, classifier.predict_proba, classifier.embed)[: 1 if "top" in arguments else 3]:
        with pytest.raises(InputError, match=refusal):
            call([], **arguments)
