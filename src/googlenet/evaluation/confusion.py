"""Which classes were taken for which, from a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST = 10


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """`pictures` of the `of` pictures of the class `label` were classified as `predicted`."""

    label: str
    predicted: str
    pictures: int
    of: int


def ranked_pairs(confusion: NDArray[np.int64]) -> list[tuple[int, int]]:
    """The (true class, answer) of all mistakes, by the positions of the classes.

    Those with the most pictures come first; of equal ones those with the larger share of their class. `confusion`
    (C, C): rows are the true classes.
    """
    wrong = confusion * (1 - np.eye(len(confusion), dtype=np.int64))
    truths, answers = np.nonzero(wrong)
    counts = wrong[truths, answers]
    order = np.lexsort((-counts / confusion.sum(axis=1)[truths], -counts))
    return list(zip(truths[order].tolist(), answers[order].tolist(), strict=True))


def confused_pairs(
    confusion: NDArray[np.int64], labels: Sequence[str], *, most: int = MOST
) -> tuple[ConfusedPair, ...]:
    """The first `most` of the `ranked_pairs`; `labels`: the names of the C classes. Empty without mistakes."""
    return tuple(
        ConfusedPair(labels[truth], labels[answer], int(confusion[truth, answer]), int(confusion[truth].sum()))
        for truth, answer in ranked_pairs(confusion)[:most]
    )
