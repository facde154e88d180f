"""What is chosen to be shown: classes of the matrix, pictures of the galleries; and the sentences of the verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from googlenet.evaluation import Answers, Counts, Evaluation
from googlenet.report.confusion import shown_matrix
from googlenet.report.mistakes import behind_cells, least_certain, worst_mistakes
from googlenet.report.verdict import Verdict, remarks, verdict

CONFUSION = np.array([[5, 3, 0, 0], [1, 9, 0, 0], [0, 0, 0, 0], [0, 0, 2, 4]], np.int64)


def answers_of(labels: list[int], rows: list[list[float]]) -> Answers:
    names = tuple(f"{place}.png" for place in range(len(labels)))
    return Answers(names, np.array(labels, np.int64), np.array(rows, np.float32), ("a", "b", "c"), "val")


def evaluation_of(right: int, wrong: int, *, split: str = "val") -> Evaluation:
    counts = Counts(2)
    rows = np.array([[0.9, 0.1]] * right + [[0.2, 0.8]] * wrong, np.float32)
    counts.add(np.zeros(right + wrong, np.int64), rows)
    return counts.result(("a", "b"), split=split)


ANSWERS = answers_of(
    [0, 0, 1, 1, 2],
    [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.5, 0.4], [0.9, 0.05, 0.05], [0.3, 0.3, 0.4]],
)


def test_the_worst_mistake_is_the_one_with_the_highest_confidence() -> None:
    assert worst_mistakes(ANSWERS, 5) == (3, 1)
    assert worst_mistakes(ANSWERS, 1) == (3,)


def test_the_least_certain_answers_may_be_right_and_are_not_shown_twice() -> None:
    assert least_certain(ANSWERS, 2) == (4, 2)
    assert least_certain(ANSWERS, 3, without=(4,)) == (2, 1, 0)


def test_behind_a_cell_are_its_pictures() -> None:
    assert behind_cells(ANSWERS) == {(0, 0): (0,), (0, 1): (1,), (1, 1): (2,), (1, 0): (3,), (2, 2): (4,)}


def test_right_answers_begin_with_the_least_sure() -> None:
    sure = answers_of([0, 0], [[0.9, 0.1, 0.0], [0.6, 0.4, 0.0]])
    assert behind_cells(sure) == {(0, 0): (1, 0)}


def test_a_matrix_with_room_shows_all_classes() -> None:
    matrix = shown_matrix(CONFUSION)
    assert matrix.complete
    assert matrix.classes == (0, 1, 2, 3)
    assert matrix.others.tolist() == [0, 0, 0, 0]
    assert matrix.support.tolist() == [8, 10, 0, 6]


def test_a_matrix_without_room_shows_the_classes_confused_most_and_counts_the_others() -> None:
    matrix = shown_matrix(CONFUSION, most=3)
    assert not matrix.complete
    assert matrix.classes == (0, 1, 3)
    assert matrix.counts.tolist() == [[5, 3, 0], [1, 9, 0], [0, 0, 4]]
    assert matrix.others.tolist() == [0, 0, 2]
    assert shown_matrix(CONFUSION, most=1).others.tolist() == [3]
    assert shown_matrix(CONFUSION[::-1, ::-1], most=2).classes == (2, 3)
    assert shown_matrix(np.diag([2, 2, 2]), most=2).classes == (0, 1)  # nothing is confused


def test_the_orders_of_a_matrix_are_of_all_its_classes() -> None:
    orders = shown_matrix(CONFUSION).orders
    assert orders["lowest recall first"] == (0, 3, 1, 2)  # 5/8, 4/6, 9/10, and the one without pictures
    assert orders["most pictures first"] == (1, 0, 3, 2)
    together = orders["confused classes together"]
    assert sorted(together) == [0, 1, 2, 3]
    assert {*together[:2]} in ({0, 1}, {2, 3})


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        (93, 7, Verdict(of=100, right=93, low=86, high=97)),
        (990, 10, Verdict(of=1000, right=990, low=982, high=995)),
        (30, 0, Verdict(of=100, right=100, low=89, high=100)),
    ],
)
def test_the_verdict_counts_in_hundreds_unless_that_is_too_coarse(right: int, wrong: int, expected: Verdict) -> None:
    assert verdict(evaluation_of(right, wrong)) == expected


def test_remarks_say_what_a_figure_is_worth() -> None:
    text = " ".join(remarks(evaluation_of(8, 2), ("A", "B")))
    assert "10 pictures of val that were held back from its training: 8 correct, 2 wrong" in text
    assert "\N{LEFT DOUBLE QUOTATION MARK}A\N{RIGHT DOUBLE QUOTATION MARK} would be correct for 100 of 100" in text
    assert "best of" not in text
    assert "best of 7" in " ".join(remarks(evaluation_of(8, 2), ("A", "B"), best_of=7))
    trained = " ".join(remarks(replace(evaluation_of(8, 2), split="train"), ("A", "B")))
    assert "trained on these pictures" in trained
