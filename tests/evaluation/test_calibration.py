"""Temperature scaling: it leaves the order alone, finds what was hidden, and is not fitted on too little."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from googlenet.evaluation import Answers, calibrate, fit_temperature, halves, reliability
from googlenet.model import TEMPERATURES, apply_temperature


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def drawn(count: int, classes: int, temperature: float, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Probabilities of a model, and classes that are drawn from them at a temperature."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 3, (count, classes))
    steps = softmax(logits / temperature).cumsum(axis=1)
    labels = (generator.random((count, 1)) > steps).sum(axis=1)
    return softmax(logits), np.minimum(labels, classes - 1)


def answers(count: int, **drawing: Any) -> Answers:
    probabilities, labels = drawn(count, **({"classes": 4, "temperature": 2.0, "seed": 1} | drawing))
    names = tuple(f"val/{label}/{index}.jpg" for index, label in enumerate(labels))
    return Answers(names, labels, probabilities, tuple(f"class {one}" for one in range(probabilities.shape[1])), "val")


temperatures = st.floats(*TEMPERATURES)
seeds = st.integers(0, 2**32 - 1)


@given(temperature=temperatures, seed=seeds, classes=st.integers(1, 20), spread=st.floats(0, 60))
def test_a_temperature_keeps_the_order_and_the_sum(temperature: float, seed: int, classes: int, spread: float) -> None:
    before = softmax(np.random.default_rng(seed).normal(0, spread, (8, classes)))
    after = apply_temperature(before, temperature)
    assert after.dtype == np.float32
    assert after.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert ((after >= 0) & (after <= 1)).all()
    order = np.argsort(-before, axis=1, kind="stable")
    assert (np.diff(np.take_along_axis(after, order, axis=1), axis=1) <= 0).all()


def test_a_temperature_divides_the_logits_and_one_changes_nothing() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (5, 6))
    before = softmax(logits)
    assert apply_temperature(before, 1.0) is before
    assert apply_temperature(before, 2.5) == pytest.approx(softmax(logits / 2.5), abs=1e-6)
    assert apply_temperature(before[0], 2.5) == pytest.approx(softmax(logits / 2.5)[0], abs=1e-6)
    assert apply_temperature(np.array([[1, 0, 0]], np.float32), 20).tolist() == [[1, 0, 0]]


@pytest.mark.parametrize("temperature", [0.3, 0.8, 1.0, 1.7, 4.0])
@pytest.mark.parametrize("classes", [2, 30])
def test_the_temperature_is_found_that_the_classes_were_drawn_at(temperature: float, classes: int) -> None:
    assert fit_temperature(*drawn(4000, classes, temperature, seed=7)) == pytest.approx(temperature, rel=0.12)


@given(seed=seeds, temperature=st.floats(0.2, 5))
def test_no_other_temperature_is_more_likely(seed: int, temperature: float) -> None:
    probabilities, labels = drawn(60, 3, temperature, seed)

    def loss(at: float) -> float:
        given = apply_temperature(probabilities, at)[np.arange(60), labels].astype(np.float64)
        return float(-np.log(np.maximum(given, 1e-300)).mean())

    fitted = fit_temperature(probabilities, labels)
    assert TEMPERATURES[0] <= fitted <= TEMPERATURES[1]
    others = np.geomspace(*TEMPERATURES, 50)
    assert loss(fitted) <= min(loss(float(other)) for other in others) + 1e-4


@pytest.mark.parametrize(
    ("row", "label", "low", "high"),
    [
        ([0.9, 0.1], 0, TEMPERATURES[0], 0.1),
        ([0.9, 0.1], 1, TEMPERATURES[1], TEMPERATURES[1]),
        ([0.5, 0.5], 0, 1, 1),
        ([1, 0], 0, 1, 1),
    ],
)
def test_where_there_is_no_best_temperature_the_fit_ends_within_its_bounds(
    row: list[float], label: int, low: float, high: float
) -> None:
    assert low <= fit_temperature(np.array([row] * 9, np.float32), np.full(9, label)) <= high


def test_one_answer_that_was_certain_and_wrong_does_not_break_the_fit() -> None:
    probabilities, labels = drawn(500, 5, 1.0, seed=3)
    probabilities[0] = [1, 0, 0, 0, 0]
    labels[0] = 1
    assert 1 < fit_temperature(probabilities, labels) < 3


def test_reliability_by_hand() -> None:
    found = reliability(
        np.array([[1.0, 0], [0.7, 0.3], [0.7, 0.3], [0.5, 0.5]], np.float32), np.array([0, 0, 1, 1]), bins=2
    )
    assert found.lower.tolist() == [0, 0.5]
    assert found.upper.tolist() == [0.5, 1]
    assert found.count.tolist() == [1, 3]
    assert found.confidence == pytest.approx([0.5, 0.8])
    assert found.accuracy == pytest.approx([0, 2 / 3])
    assert found.ece == pytest.approx((0.5 + 3 * (0.8 - 2 / 3)) / 4)
    assert np.isnan(reliability(np.array([[1.0, 0]], np.float32), np.array([0])).accuracy[:-1]).all()


def test_calibration_is_fitted_on_one_half_and_measured_on_the_other() -> None:
    given = answers(3000)
    found = calibrate(given)
    assert found is not None
    fitted, measured = halves(given.names)
    assert (found.fitted_on, found.measured_on) == (fitted.sum(), measured.sum())
    assert found.fitted_on + found.measured_on == 3000
    assert abs(found.fitted_on - 1500) < 150
    assert found.temperature == fit_temperature(given.probabilities[fitted], given.labels[fitted])
    assert found.before.pictures == found.after.pictures == found.measured_on
    assert found.after.ece < 0.05 < found.before.ece
    assert found.to_dict() == {
        "temperature": found.temperature,
        "fitted_on": found.fitted_on,
        "measured_on": found.measured_on,
        "ece_before": found.before.ece,
        "ece_after": found.after.ece,
    }


def test_a_picture_stays_in_its_half_whatever_else_is_there() -> None:
    few, more = [f"{number}.jpg" for number in range(20)], [f"{number}.jpg" for number in range(40)]
    assert halves(few)[0].tolist() == halves(more)[0][:20].tolist()
    assert all(first != second for first, second in zip(*halves([*few, "caf\udce9.jpg"]), strict=True))


def test_too_few_pictures_or_mistakes_give_no_temperature() -> None:
    assert calibrate(answers(80)) is None
    given = answers(400)
    right = Answers(given.names, given.probabilities.argmax(axis=1), given.probabilities, given.classes, "val")
    assert calibrate(right) is None
    assert calibrate(given) is not None
