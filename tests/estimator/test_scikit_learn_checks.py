"""scikit-learn's own checks of estimators, on rows of numbers that are drawn as pictures.

`check_estimator` has no pictures: for an estimator whose tags say that it does not take a table of numbers, it checks
next to nothing. Here a thin subclass takes the tables of the checks, and draws each row as a picture of one line. What
the checks find is then found in the estimator: its parameters, labels, shapes, dtypes, order, copies and errors.

All checks pass. What images do not allow, and the subclass therefore does in the estimator's place: counting columns
(`n_features_in_`), and refusing tables that are sparse, complex, not finite or of another width. It is not asked to be
accurate (`poor_score`): one pass over a few lines of pixels teaches nothing.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.utils.estimator_checks import estimator_checks_generator
from sklearn.utils.validation import validate_data

from googlenet.estimator import GoogLeNetClassifier

FEW_TRAININGS = {
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_fit_score_takes_y",
    "check_estimators_overwrite_params",
    "check_dont_overwrite_parameters",
    "check_estimators_fit_returns_self",
    "check_readonly_memmap_input",
    "check_estimators_unfitted",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_n_features_in_after_fitting",
    "check_mixin_order",
    "check_estimators_pickle",
    "check_classifiers_one_label",
    "check_parameters_default_constructible",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_fit2d_1sample",
    "check_get_params_invariance",
    "check_set_params",
    "check_dict_unchanged",
    "check_fit_check_is_fitted",
    "check_requires_y_none",
}
"""The checks that always run; the others train many times, which takes minutes: GOOGLENET_EVERY_CHECK=1."""

EVERY = bool(os.environ.get("GOOGLENET_EVERY_CHECK"))


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
        tags.classifier_tags.poor_score = True  # after one pass over a few lines of pixels
        return tags


def _drawn(rows: NDArray[Any]) -> list[NDArray[np.uint8]]:
    levels = 255 / (1 + np.exp(-np.asarray(rows, np.float64) / 4))
    return [row[np.newaxis].round().astype(np.uint8) for row in levels]


def estimator() -> RowsAsPictures:
    return RowsAsPictures(recipe="smoke", epochs=1)


def name_of(check: Any) -> str:
    return str(getattr(check, "func", check).__name__)


def parameters() -> list[Any]:
    """The checks, those that train many times only on request."""
    skipped = pytest.mark.skip(reason="trains many times; set GOOGLENET_EVERY_CHECK=1")
    return [
        pytest.param(
            check,
            id=f"{number:02}-{name_of(check)}",
            marks=() if EVERY or name_of(check) in FEW_TRAININGS else skipped,
        )
        for number, (_, check) in enumerate(estimator_checks_generator(estimator()))
    ]


@pytest.mark.parametrize("check", parameters())
@pytest.mark.filterwarnings("default")
def test_check(check: Any) -> None:
    check(estimator())


def test_the_table_names_checks_that_there_are() -> None:
    assert {name_of(check) for _, check in estimator_checks_generator(estimator())} >= FEW_TRAININGS
