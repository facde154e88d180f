"""Counts by hand, in any batches, by any number of processes."""

from __future__ import annotations

import json
from itertools import pairwise
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.errors import DataError, TrainingError
from googlenet.evaluation import ConfusedPair, Counts, confused_pairs, reliability
from googlenet.model import apply_temperature

LABELS = np.array([0, 0, 1, 2, 2], np.int64)
PROBABILITIES = np.array(
    [[0.5, 0.25, 0.25, 0], [0.25, 0.5, 0.25, 0], [0.25, 0.5, 0.25, 0], [0.5, 0.25, 0.25, 0], [0, 0, 1, 0]], np.float32
)
NAMES = ("ant", "bee", "cat", "dog")


def counted(*batches: slice) -> Counts:
    counts = Counts(4)
    for batch in batches or (slice(None),):
        counts.add(LABELS[batch], PROBABILITIES[batch])
    return counts


def test_counts_by_hand() -> None:
    result = counted().result(NAMES, split="val", bad_pictures=(("x.jpg", "truncated file"),))
    assert result.pictures == 5
    assert result.top1 == 3 / 5
    assert result.top5 == 1
    assert result.top1_interval[0] < 0.6 < result.top1_interval[1]
    assert result.loss == pytest.approx(-(log(0.5) + log(0.25) + log(0.5) + log(0.25)) / 5)
    assert result.confusion.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    assert [(one.precision, one.recall, one.support, one.predicted) for one in result.classes] == [
        (1 / 2, 1 / 2, 2, 2),
        (1 / 2, 1, 1, 2),
        (1, 1 / 2, 2, 1),
        (None, None, 0, 0),
    ]
    assert result.macro_recall == pytest.approx((1 / 2 + 1 + 1 / 2) / 3)


def test_the_json_has_the_keys_that_the_command_promises() -> None:
    result = counted().result(NAMES, split="val", bad_pictures=(("x.jpg", "truncated file"),))
    fields = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert fields.keys() == {
        *("top1", "top5", "top1_interval", "loss", "pictures", "split", "classes", "macro_recall", "confusion"),
        *("bad_pictures", "models", "crops", "cost", "top5_error", "ece", "temperature", "confused_pairs"),
    }
    assert fields["top1"] == 0.6
    assert fields["classes"][0] == {"label": "ant", "precision": 0.5, "recall": 0.5, "pictures": 2}
    assert fields["classes"][3] == {"label": "dog", "precision": None, "recall": None, "pictures": 0}
    assert fields["bad_pictures"] == [{"image": "x.jpg", "error": "truncated file"}]
    assert fields["confusion"][0] == [1, 1, 0, 0]


def test_the_pairs_most_confused_come_first_and_of_equal_ones_the_larger_share() -> None:
    confusion = np.array([[5, 3, 2, 0], [0, 0, 0, 0], [2, 0, 2, 0], [1, 0, 0, 9]])
    pairs = confused_pairs(confusion, ("ant", "bee", "cat", "dog"))
    assert pairs == (
        ConfusedPair("ant", "bee", 3, 10),
        ConfusedPair("cat", "ant", 2, 4),
        ConfusedPair("ant", "cat", 2, 10),
        ConfusedPair("dog", "ant", 1, 10),
    )
    assert confused_pairs(confusion, ("ant", "bee", "cat", "dog"), most=1) == pairs[:1]
    assert confused_pairs(np.diag([3, 0, 4]), ("ant", "bee", "cat")) == ()
    many = np.arange(400).reshape(20, 20)
    assert len(confused_pairs(many, [str(number) for number in range(20)])) == 10


def test_the_calibration_error_is_that_at_the_temperature_and_all_else_is_not() -> None:
    generator = np.random.default_rng(2)
    probabilities = generator.dirichlet(np.ones(3), 200).astype(np.float32)
    labels = generator.integers(0, 3, 200)
    results = {}
    for temperature in (1.0, 2.0):
        counts = Counts(3, temperature=temperature)
        for part in (slice(0, 70), slice(70, 200)):
            counts.add(labels[part], probabilities[part])
        results[temperature] = counts.result(("a", "b", "c"), split="val")
        expected = reliability(apply_temperature(probabilities, temperature), labels).ece
        assert results[temperature].ece == pytest.approx(expected)
        assert results[temperature].temperature == temperature
    assert results[1.0].ece != results[2.0].ece
    assert results[1.0].loss == results[2.0].loss


def test_top5_asks_whether_the_class_is_among_the_best_five() -> None:
    counts = Counts(7)
    probabilities = np.array([[0.3, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05]] * 7, np.float32)
    counts.add(np.arange(7), probabilities)
    assert counts.top5 == 5
    assert counts.top1 == 1


def test_equal_probabilities_go_to_the_first_class_and_not_to_the_right_one() -> None:
    counts = Counts(7)
    counts.add(np.arange(7), np.full((7, 7), 1 / 7, np.float32))
    assert counts.top1 == 1
    assert counts.top5 == 5
    assert counts.confusion[:, 0].tolist() == [1] * 7


def test_the_cost_is_models_times_crops_and_the_error_what_is_left_of_the_accuracy() -> None:
    counts = Counts(7)
    counts.add(np.arange(7), np.tile(np.linspace(0.3, 0.05, 7, dtype=np.float32), (7, 1)))
    fields = counts.result(tuple("abcdefg"), split="val", models=7, crops=144).to_dict()
    assert (fields["models"], fields["crops"], fields["cost"]) == (7, 144, 1008)
    assert (fields["top5"], fields["top5_error"]) == (5 / 7, 2 / 7)
    assert counted().result(NAMES, split="val").to_dict()["cost"] == 1


def test_a_probability_of_zero_has_a_finite_loss() -> None:
    counts = Counts(2)
    counts.add(np.array([1]), np.array([[1.0, 0.0]], np.float32))
    assert 80 < counts.loss < 110


def test_an_answer_that_is_not_a_number_is_never_counted() -> None:
    with pytest.raises(TrainingError, match="is not finite"):
        Counts(2).add(np.array([0]), np.array([[np.nan, 0.5]], np.float32))


def test_no_pictures_give_no_accuracy() -> None:
    with pytest.raises(DataError, match=r"val: there are no pictures to evaluate on \(1 could not be read\)"):
        Counts(4).result(NAMES, split="val", bad_pictures=(("x.jpg", "empty file"),))


@given(st.lists(st.integers(1, 4), max_size=4))
def test_batches_of_any_size_count_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), 5]
    parts = [slice(begin, end) for begin, end in pairwise(edges)]
    assert counted(*parts).result(NAMES, split="val").to_dict() == counted().result(NAMES, split="val").to_dict()
