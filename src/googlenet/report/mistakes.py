"""Which pictures a report shows: the worst mistakes, the least certain answers, those behind a cell of the matrix."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from googlenet.evaluation import Answers

Places = tuple[int, ...]
"""Positions in the answers."""


def answered(answers: Answers) -> NDArray[np.int64]:
    """(N,): the class that was answered for each picture; ties go to the first, as in the evaluation's counts."""
    return np.asarray(answers.probabilities.argmax(axis=1), np.int64)


def worst_mistakes(answers: Answers, most: int) -> Places:
    """The wrong answers given with the highest probability, the surest first."""
    given = answered(answers)
    sure = answers.probabilities.max(axis=1, initial=0)
    order = np.argsort(-sure, kind="stable")
    return tuple(order[(given != answers.labels)[order]][:most].tolist())


def least_certain(answers: Answers, most: int, *, without: Places = ()) -> Places:
    """The answers, right or wrong, whose highest probability is lowest; those of `without` are left out."""
    order = np.argsort(answers.probabilities.max(axis=1, initial=0), kind="stable")
    return tuple([place for place in order.tolist() if place not in set(without)][:most])


def behind_cells(answers: Answers) -> dict[tuple[int, int], Places]:
    """The pictures of each cell (true class, answer): mistakes the surest first, right answers the least sure first."""
    given = answered(answers)
    sure = answers.probabilities.max(axis=1, initial=0)
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place in np.argsort(-sure, kind="stable").tolist():
        cells[int(answers.labels[place]), int(given[place])].append(place)
    return {cell: tuple(reversed(places) if cell[0] == cell[1] else places) for cell, places in cells.items()}
