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


def confused_pairs(
    confusion: NDArray[np.int64], labels: Sequence[str], *, most: int = MOST
) -> tuple[ConfusedPair, ...]:
    """The pairs with the most pictures, at most `most`; of equal ones those with the larger share of their class.

    `confusion` (C, C): rows are the true classes; `labels`: the names of the C classes. Empty without mistakes.
    """
    wrong = confusion * (1 - np.eye(len(confusion), dtype=np.int64))
    support = confusion.sum(axis=1)
    truths, answers = np.nonzero(wrong)
    counts = wrong[truths, answers]
    order = np.lexsort((-counts / support[truths], -counts))[:most]
    return tuple(
        ConfusedPair(labels[truth], labels[answer], int(wrong[truth, answer]), int(support[truth]))
        for truth, answer in zip(truths[order], answers[order], strict=True)
    )
