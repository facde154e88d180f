"""The confusion matrix as a table of a page: which classes are shown, and in which orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from googlenet.evaluation import ranked_pairs

MOST_CLASSES = 30  # in the table: more do not fit a screen, and their cells are nearly all empty


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """The part of a confusion matrix that a page shows.

    `classes`: the classes shown, in their own order; `counts` (K, K): rows are true classes; `others` (K,): pictures of
    each taken for a class that is not shown; `support` (K,): all pictures of each; `orders`: name -> the places in
    `classes`, sorted that way; `total`: how many classes there are.
    """

    classes: tuple[int, ...]
    counts: NDArray[np.int64]
    others: NDArray[np.int64]
    support: NDArray[np.int64]
    orders: dict[str, tuple[int, ...]]
    total: int

    @property
    def complete(self) -> bool:
        """Whether every class is shown."""
        return len(self.classes) == self.total


def shown_matrix(confusion: NDArray[np.int64], most: int = MOST_CLASSES) -> Matrix:
    """The matrix, or, of more than `most` classes, that of those which are confused most with each other."""
    total = len(confusion)
    classes = np.arange(total) if total <= most else np.array(sorted(_confused_classes(confusion, most)))
    counts = confusion[np.ix_(classes, classes)]
    support = confusion[classes].sum(axis=1)
    return Matrix(
        classes=tuple(classes.tolist()),
        counts=counts,
        others=support - counts.sum(axis=1),
        support=support,
        orders=_orders(counts, support),
        total=total,
    )


def _confused_classes(confusion: NDArray[np.int64], most: int) -> list[int]:
    """The classes of the pairs with the most pictures, until there are `most`; then the first of the others."""
    chosen = dict.fromkeys(label for pair in ranked_pairs(confusion) for label in pair)
    return list(chosen | dict.fromkeys(range(len(confusion))))[:most]


def _orders(counts: NDArray[np.int64], support: NDArray[np.int64]) -> dict[str, tuple[int, ...]]:
    found = np.divide(np.diagonal(counts), support, out=np.full(len(counts), 2.0), where=support > 0)
    return {
        "original order": tuple(range(len(counts))),
        "lowest recall first": tuple(np.argsort(found, kind="stable").tolist()),
        "most pictures first": tuple(np.argsort(-support, kind="stable").tolist()),
        "confused classes together": _neighbours(counts),
    }


def _neighbours(counts: NDArray[np.int64]) -> tuple[int, ...]:
    """An order in which each class follows the one of those left that is confused most with those before it."""
    alike = (counts + counts.T).astype(np.float64)
    np.fill_diagonal(alike, 0)
    left = set(range(len(counts)))
    order = [int(alike.sum(axis=1).argmax())]
    left.remove(order[0])
    while left:
        weights = 0.5 ** np.arange(len(order))[::-1]  # the nearest neighbours count most
        following = max(sorted(left), key=lambda place: float(alike[place, order] @ weights))
        order.append(following)
        left.remove(following)
    return tuple(order)
