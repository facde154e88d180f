from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from googlenet.errors import MissingExtraError
from googlenet.evaluation import fit_linear_probe, out_of_fold_probabilities

CENTRES = np.array([[4, 0, 0], [0, 4, 0], [0, 0, 4]], np.float32)


def clusters(counts: tuple[int, ...], seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Features in a cloud around each class's centre, far from 0 and in different units, as real ones are."""
    labels = np.repeat(np.arange(len(counts)), counts)
    noise = np.random.default_rng(seed).normal(size=(len(labels), 3))
    return ((CENTRES[labels] + noise) * (1, 100, 0.01) + (5, -7, 0)).astype(np.float32), labels


def test_a_probe_of_raw_features_separates_clusters_it_has_not_seen() -> None:
    probe = fit_linear_probe(*clusters((30, 20, 10)), 3)
    features, labels = clusters((50, 50, 50), seed=1)
    assert probe.weight.shape == (3, 3)
    assert probe.weight.dtype == probe.bias.dtype == np.float32
    assert (probe.probabilities(features).argmax(1) == labels).mean() > 0.95


def test_two_classes_share_one_row_of_scikit_learn_but_not_of_the_probe() -> None:
    features, labels = clusters((30, 20))
    probe = fit_linear_probe(features, labels, 2)
    assert (probe.probabilities(features).argmax(1) == labels).mean() > 0.95


@pytest.mark.parametrize("counts", [(6, 3, 1), (1, 0, 0), (5, 0, 0)])
def test_rare_and_absent_classes_are_no_error(counts: tuple[int, ...]) -> None:
    features, labels = clusters(counts)
    answers = fit_linear_probe(features, labels, 4).probabilities(features)
    assert np.isfinite(answers).all()
    assert answers[:, 3].max() < 0.01
    held_out = out_of_fold_probabilities(features, labels, 4)
    assert held_out.shape == (len(labels), 4)
    np.testing.assert_allclose(held_out.sum(1), 1, rtol=1e-5)


def test_a_wrong_label_is_improbable_out_of_its_fold() -> None:
    features, labels = clusters((30, 30, 30))
    labels[0] = 2
    held_out = out_of_fold_probabilities(features, labels, 3)
    assert held_out[np.arange(90), labels].argmin() == 0


def test_a_constant_feature_has_no_weight() -> None:
    features, labels = clusters((20, 20, 20))
    features[:, 1] = 7
    assert (fit_linear_probe(features, labels, 3).weight[:, 1] == 0).all()


def test_without_scikit_learn_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(MissingExtraError, match=r"a linear probe needs scikit-learn.*googlenet\[train\]"):
        fit_linear_probe(*clusters((5, 5, 5)), 3)
