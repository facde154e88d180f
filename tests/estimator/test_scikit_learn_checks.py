"""scikit-learn's own checks of estimators, on rows of numbers that are drawn as pictures.

`check_estimator` has no pictures: for an estimator whose tags say that it does not take a table of numbers, it checks
next to nothing. Here a thin subclass takes the tables of the checks, and draws each row as a picture of one line. What
the checks find is then found in the estimator: its parameters, labels, shapes, dtypes, order, copies and errors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.utils.estimator_checks import estimator_checks_generator
from sklearn.utils.validation import validate_data

from googlenet.estimator import GoogLeNetClassifier

CANNOT: dict[str, str] = {}
"""Check -> why it fails: what pictures do not allow."""


class RowsAsPictures(GoogLeNetClassifier):
    """Draws each row of a table (N, K) as a picture of 1 x K pixels, grey, then does what the estimator does."""

    def fit(self, X: Any, y: Any) -> RowsAsPictures:  # noqa: N803
        if y is not None:
            X, y = validate_data(self, X, y, dtype="numeric")
        super().fit([] if y is None else _drawn(X), y)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float32]:  # noqa: N803
        self._checked()
        return super().predict_proba(_drawn(validate_data(self, X, reset=False)))

    def transform(self, X: Any) -> NDArray[np.float32]:  # noqa: N803
        self._checked()
        return super().transform(_drawn(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.string = False
        return tags


def _drawn(rows: NDArray[Any]) -> list[NDArray[np.uint8]]:
    levels = 255 / (1 + np.exp(-np.asarray(rows, np.float64) / 4))
    return [row[np.newaxis].round().astype(np.uint8) for row in levels]


def estimator() -> RowsAsPictures:
    return RowsAsPictures(recipe="smoke", epochs=1)


def name_of(check: Any) -> str:
    return str(getattr(check, "func", check).__name__)


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=f"{number:02}-{name_of(check)}")
        for number, (_, check) in enumerate(estimator_checks_generator(estimator()))
    ],
)
def test_check(check: Any) -> None:
    check(estimator())
