"""A linear probe: logistic regression from a network's features to classes (scikit-learn, extra `train`).

Its penalty is chosen by cross-validation on the given pictures alone, so nothing else needs to be held out.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import MissingExtraError

STRENGTHS = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)
"""Inverse penalties (scikit-learn's C) on standardised features."""

FIRST = 5  # index of the strength that the search begins with; from there it goes on in the direction that helps

SEARCH_FOLDS = 3
ITERATIONS = 200
TOLERANCE = 1e-3  # of the mean loss's gradient; closer changes no answer
ABSENT = -10.0  # bias of a class without pictures, relative to the lowest of the others
LEAST_PROBABILITY = 1e-7  # a held-out picture of a class that the fit has not seen must not cost infinity


@dataclass(frozen=True, slots=True, eq=False)
class LinearProbe:
    """A classifier of features: logits = features @ weight.T + bias; weight (C, F) and bias (C,) float32."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, F) -> (N, C), each row sums to 1."""
        logits = features @ self.weight.T + self.bias
        powers = np.exp(logits - logits.max(1, keepdims=True))
        shares: NDArray[np.float32] = powers / powers.sum(1, keepdims=True)
        return shares


def fit_linear_probe(features: NDArray[np.float32], labels: NDArray[np.int64], classes: int) -> LinearProbe:
    """Fit features (N, F) to labels (N,) below `classes`. Raises MissingExtraError without scikit-learn.

    Features are standardised for the fit, and the weights converted back, so that the probe takes them as they are. A
    class without pictures is never the answer.
    """
    x, mean, scale = _standardised(features)
    strength, _ = _search(x, labels, _fold_of(labels, SEARCH_FOLDS, seed=0), classes)
    probe = _fit(x, labels, classes, strength)
    weight = probe.weight / scale
    return LinearProbe(weight, (probe.bias - weight @ mean).astype(np.float32))


def out_of_fold_probabilities(
    features: NDArray[np.float32], labels: NDArray[np.int64], classes: int, *, folds: int = 5, seed: int = 0
) -> NDArray[np.float32]:
    """Probabilities (N, C) of each picture by a probe that was fitted without it. Raises MissingExtraError.

    Each fold has its share of every class. A class with a single picture has a probability of about 0 for it, because
    the fit without that picture does not know the class.
    """
    x, _, _ = _standardised(features)
    return _search(x, labels, _fold_of(labels, folds, seed), classes)[1]


def _standardised(
    features: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The features with mean 0 and deviation 1, the means and the deviations; constant features become 0."""
    mean, scale = features.mean(0), features.std(0)
    scale = np.where(scale > 1e-6 * (np.abs(mean) + 1), scale, np.inf).astype(np.float32)
    return ((features - mean) / scale).astype(np.float32), mean, scale


def _fold_of(labels: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """The fold (N,) of each picture; the pictures of a class, shuffled, are dealt out in turn."""
    order = np.random.default_rng(seed).permutation(len(labels))
    fold = np.empty(len(labels), np.int64)
    fold[order[np.argsort(labels[order], kind="stable")]] = np.arange(len(labels)) % folds
    return fold


def _search(
    x: NDArray[np.float32], labels: NDArray[np.int64], fold: NDArray[np.int64], classes: int
) -> tuple[float, NDArray[np.float32]]:
    """The strength with the lowest held-out loss, and the held-out probabilities (N, C) at it."""
    parts = [np.flatnonzero(fold == one) for one in np.unique(fold)]

    @cache
    def held_out(index: int) -> tuple[float, NDArray[np.float32]]:
        answers = np.empty((len(x), classes), np.float32)
        for part in parts:
            probe = _fit(np.delete(x, part, 0), np.delete(labels, part), classes, STRENGTHS[index])
            answers[part] = probe.probabilities(x[part])
        right = answers[np.arange(len(x)), labels]
        return -float(np.log(np.maximum(right, LEAST_PROBABILITY)).mean()), answers

    index = FIRST
    while (best := min(_around(index), key=lambda one: held_out(one)[0])) != index:
        index = best
    return STRENGTHS[index], held_out(index)[1]


def _around(index: int) -> Iterator[int]:
    """The index itself, first, and its neighbours in `STRENGTHS`."""
    yield index
    yield from (one for one in (index + 1, index - 1) if 0 <= one < len(STRENGTHS))


def _fit(x: NDArray[np.float32], labels: NDArray[np.int64], classes: int, strength: float) -> LinearProbe:
    """The probe of standardised features at an inverse penalty."""
    try:
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits  # scikit-learn needs it, too
    except ModuleNotFoundError:
        raise MissingExtraError("scikit-learn", extra="train", purpose="a linear probe") from None
    weight, bias = np.zeros((classes, x.shape[1]), np.float32), np.zeros(classes, np.float32)
    present = np.unique(labels)
    bias[np.setdiff1d(np.arange(classes), present)] = ABSENT
    if len(present) < 2:
        return LinearProbe(weight, bias)
    regression = LogisticRegression(C=strength, max_iter=ITERATIONS, tol=TOLERANCE)
    with warnings.catch_warnings(), threadpool_limits(1, "blas"):  # the matrices are too thin for several threads
        warnings.filterwarnings("ignore", "lbfgs failed to converge")  # close enough
        regression.fit(x, labels)
    rows, offsets = regression.coef_, regression.intercept_
    if len(present) == 2:  # one row: the second class's logit less the first's
        rows, offsets = np.concatenate([-rows, rows]) / 2, np.concatenate([-offsets, offsets]) / 2
    weight[present] = rows
    bias += offsets.min()
    bias[present] = offsets
    return LinearProbe(weight, bias)
