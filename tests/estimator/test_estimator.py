"""`GoogLeNetClassifier` on pictures: it learns, and works wherever scikit-learn takes an estimator."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

import googlenet
from googlenet.errors import DataError, InputError
from googlenet.estimator import GoogLeNetClassifier

LEARNS = {"auxiliary_weight": 0.0, "averaging": "none", "learning_rate": 0.02, "photometric": None, "lighting": 0.0}


def smoke(epochs: float = 1, **parameters: Any) -> GoogLeNetClassifier:
    return GoogLeNetClassifier(recipe="smoke", epochs=epochs, **parameters)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[str]]:
    """Dark and bright noise, as paths with labels."""
    folder = tmp_path_factory.mktemp("pictures")
    generator = np.random.default_rng(0)
    paths, labels = [], []
    for number in range(24):
        label = "bright" if number % 2 else "dark"
        image = generator.integers(0, 60, (32, 32, 3), np.uint8) + (180 if number % 2 else 0)
        Image.fromarray(image.astype(np.uint8)).save(folder / f"{number:02}.png")
        paths.append(str(folder / f"{number:02}.png"))
        labels.append(label)
    return paths, labels


@pytest.fixture(scope="module")
def fitted(pictures: tuple[list[str], list[str]]) -> GoogLeNetClassifier:
    return smoke(40, settings=LEARNS).fit(*pictures)  # which pictures are held back depends on the folder's name


def test_it_learns_and_answers_with_the_labels_it_was_given(
    fitted: GoogLeNetClassifier, pictures: tuple[list[str], list[str]]
) -> None:
    paths, labels = pictures
    assert fitted.classes_.tolist() == ["bright", "dark"]
    assert fitted.score(paths, labels) == 1.0
    assert fitted.predict(paths[:3]).tolist() == ["dark", "bright", "dark"]
    probabilities = fitted.predict_proba(paths)
    assert probabilities.shape == (24, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert fitted.transform(paths).shape[0] == 24
    np.testing.assert_array_equal(fitted.transform(paths[:2]), fitted.classifier_.embed(paths[:2]))
    arrays = np.stack([np.asarray(Image.open(path)) for path in paths[:4]])
    np.testing.assert_array_equal(fitted.predict_proba(arrays), probabilities[:4])


def test_it_can_be_pickled_and_cloned(fitted: GoogLeNetClassifier, pictures: tuple[list[str], list[str]]) -> None:
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(pictures[0]), fitted.predict_proba(pictures[0]))
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        copy.predict(pictures[0])
    assert copy.set_params(epochs=3).epochs == 3


def test_its_features_feed_another_estimator(
    fitted: GoogLeNetClassifier, pictures: tuple[list[str], list[str]]
) -> None:
    paths, labels = pictures
    other = LogisticRegression().fit(fitted.transform(paths), labels)
    assert other.score(fitted.transform(paths), labels) == 1.0
    pipeline = make_pipeline(smoke(), LogisticRegression()).fit(paths, labels)
    assert {*pipeline.predict(paths).tolist()} <= {"bright", "dark"}


def test_it_is_cross_validated_and_searched_over(pictures: tuple[list[str], list[str]]) -> None:
    scores = cross_val_score(smoke(), *pictures, cv=2)
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()
    search = GridSearchCV(smoke(), {"epochs": [1, 2]}, cv=2, error_score="raise").fit(*pictures)
    assert search.best_params_["epochs"] in (1, 2)
    assert search.predict(pictures[0][:1]).shape == (1,)


def test_numbers_are_labels_in_their_own_order(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 28, 28, 3), np.uint8)
    estimator = smoke(out=tmp_path / "run").fit(images, [10, 9, 10, 9, 10, 9])
    assert estimator.classes_.tolist() == [9, 10]
    assert [one.id for one in estimator.classifier_.classes] == ["9", "10"]
    assert {*estimator.predict(images).tolist()} <= {9, 10}
    assert googlenet.load(tmp_path / "run").predict_proba(images).shape == (6, 2)
    assert estimator.scores_["split"] == "val"


def test_a_bad_picture_is_left_out_of_the_training_and_has_no_row(
    fitted: GoogLeNetClassifier, pictures: tuple[list[str], list[str]]
) -> None:
    for method in (fitted.predict, fitted.predict_proba, fitted.transform):
        with pytest.raises(DataError, match="picture 1: not a picture; leave this picture out"):
            method([pictures[0][0], b"no picture"])
    estimator = smoke().fit([*pictures[0], b"no picture"], [*pictures[1], "dark"])
    assert estimator.classes_.tolist() == ["bright", "dark"]


@pytest.mark.parametrize(
    ("images", "labels", "kind", "refusal"),
    [
        ("photo.jpg", ["a"], InputError, "X must be a list of pictures, not 'photo.jpg'"),
        ([], [0, 1], InputError, "X has no pictures"),
        (np.zeros((4, 7)), [0, 1, 0, 1], InputError, "X must be a list of pictures, not a ndarray"),
        ({"a": 1}, ["a"], InputError, "X must be a picture or a list of pictures .* not a dict"),
        ([b"x"] * 4, [0, 1], InputError, "there are 4 pictures and 2 labels"),
        ([b"x"] * 4, [0.5, 1.5, 0.25, 3.5], ValueError, "Unknown label type: continuous"),
        ([b"x"] * 4, ["a"] * 4, ValueError, "all pictures are of one class"),
        ([b"x"] * 4, None, ValueError, "requires y to be passed"),
        ([b"x"] * 3, [0, 0, 1], DataError, "a class needs at least 2 pictures to hold one back: '1' has 1"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(images: Any, labels: Any, kind: type[Exception], refusal: str) -> None:
    with pytest.raises(kind, match=refusal):
        smoke().fit(images, labels)
