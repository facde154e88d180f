"""The gate's arithmetic: what counts as the same answer, what is missed and by how much, and fair timing."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from googlenet.artifacts import Agreement
from googlenet.engines import FunctionEngine
from googlenet.export.agreement import difference, fastest, misses, run_in_batches, time_in_turns


def agreement(*, same: float = 1.0, worst: float = 0.0, milliseconds: float = 1.0) -> Agreement:
    return Agreement(200, "pictures", same, worst, milliseconds, float32_milliseconds=2.0)


def test_two_answers_differ_by_their_worst_probability_and_by_their_best_classes() -> None:
    one = np.array([[0.6, 0.4], [0.1, 0.9], [0.5, 0.5]], np.float32)
    other = np.array([[0.4, 0.6], [0.1, 0.9], [0.5, 0.5]], np.float32)
    found = difference(one, other)
    assert found.same_top1 == pytest.approx(2 / 3)
    assert found.worst == pytest.approx(0.2)


def test_an_answer_that_is_not_finite_agrees_with_nothing() -> None:
    one = np.array([[0.6, 0.4]], np.float32)
    assert difference(one, one * np.float32(np.nan)).same_top1 == 0
    assert difference(one, one * np.float32(np.nan)).worst == float("inf")
    assert difference(one, one[:, :1]).worst == float("inf")


def test_float32_must_give_the_probabilities_and_need_not_be_faster() -> None:
    assert misses("float32", agreement(worst=9e-5, milliseconds=3.0)) == ()
    (miss,) = misses("float32", agreement(worst=2e-4))
    assert miss == "a probability differs by 2.0e-04 from the model's, at most 1e-04 is allowed"


def test_lower_precisions_must_keep_the_best_class_and_be_faster() -> None:
    assert misses("int8", agreement(same=0.97, worst=0.3)) == ()
    assert misses("int8", agreement(same=0.965)) == (
        "96.5% of 200 pictures have the same best class as in float32, at least 97% are asked for",
    )
    slow = misses("bf16", agreement(milliseconds=2.0))
    assert slow == ("a picture takes 2.00 ms, 2.00 in float32: it is not faster",)
    assert len(misses("int8", agreement(same=0.1, milliseconds=9.0))) == 2


def test_the_fastest_of_those_that_passed_is_taken() -> None:
    assert fastest({"float32": agreement(milliseconds=2.0), "bf16": agreement(milliseconds=1.5)}) == "bf16"


def test_all_pictures_are_asked_about_in_their_order() -> None:
    squares = np.zeros((37, 2, 2, 3), np.uint8)
    squares[:, 0, 0, 0] = np.arange(37)

    def first_pixel(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return images[:, 0, 0, :1].astype(np.float32)

    assert run_in_batches(FunctionEngine(first_pixel), squares)[:, 0].tolist() == list(range(37))


def test_engines_are_timed_in_turns_and_the_slower_one_is_told() -> None:
    turns: list[str] = []

    def engine(name: str, seconds: float) -> FunctionEngine:
        def run(images: NDArray[np.uint8]) -> NDArray[np.float32]:
            turns.append(name)
            time.sleep(seconds)
            return np.zeros((len(images), 2), np.float32)

        return FunctionEngine(run)

    square = np.zeros((2, 2, 3), np.uint8)
    slow, quick = time_in_turns([engine("slow", 0.01), engine("quick", 0.001)], square, seconds=0.0)
    assert slow > 9
    assert slow > quick >= 1
    assert turns[:6] == ["slow"] * 3 + ["quick"] * 3
    assert turns == turns[:6] * (len(turns) // 6)
