"""How far probabilities can be believed: reliability, and the temperature that makes them fit.

Temperature scaling (Guo et al., 2017, "On Calibration of Modern Neural Networks") divides the logits of all classes by
one number, which a half of the pictures chooses; the other half says what that changed. The order of the classes stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.evaluation.answers import Answers
from googlenet.evaluation.halves import halves
from googlenet.model import TEMPERATURES, apply_temperature

BINS = 15  # as in the paper
LEAST_PICTURES = 50  # of each half
LEAST_WRONG = 5  # in the half that is fitted on: without mistakes, certainty would fit best, whatever the network

TOO_FEW = (
    f"no temperature was fitted: each half of the pictures needs at least {LEAST_PICTURES}, and the first half at "
    f"least {LEAST_WRONG} that are classified wrongly"
)

_LEAST_PROBABILITY = float(np.finfo(np.float32).tiny)  # so that the logarithm of a 0 is finite
_STEPS = 100
_FLAT = 1e-9  # nats per unit of inverse temperature
_ROWS = 4096  # in float64 at once


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reliability:
    """Confidence against accuracy, in bins of equal width of the most probable class's probability.

    `lower` and `upper` (B,): the edges of each bin; `count` (B,) int64: its pictures; `confidence`, `accuracy` (B,):
    their mean probability, and the share of them that is right, NaN where there are none. `ece`: the expected
    calibration error, the mean distance of the two over all pictures, from 0 to 1.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    count: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    def __repr__(self) -> str:
        return f"<Reliability: calibration error {self.ece:.3f} on {self.pictures:,} pictures>"

    @property
    def pictures(self) -> int:
        """The number of pictures."""
        return int(self.count.sum())

    @property
    def ece(self) -> float:
        """The expected calibration error; 0 without pictures."""
        filled = self.count > 0
        distances = self.count[filled] * abs(self.accuracy[filled] - self.confidence[filled])
        return float(distances.sum()) / max(self.pictures, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """A temperature fitted on `fitted_on` pictures, and the reliability of `measured_on` others before and after."""

    temperature: float
    fitted_on: int
    measured_on: int
    before: Reliability
    after: Reliability

    def to_dict(self) -> dict[str, Any]:
        """The `calibration` of a run's `evaluation.json`."""
        return {
            "temperature": self.temperature,
            "fitted_on": self.fitted_on,
            "measured_on": self.measured_on,
            "ece_before": self.before.ece,
            "ece_after": self.after.ece,
        }


def calibrate(answers: Answers) -> Calibration | None:
    """Fit the temperature on one half of the pictures, by their names, and measure it on the other.

    None where there are too few pictures or mistakes for that (`TOO_FEW` says how many it takes).
    """
    fitted, measured = halves(answers.names)
    wrong = answers.probabilities[fitted].argmax(axis=1) != answers.labels[fitted]
    if min(fitted.sum(), measured.sum()) < LEAST_PICTURES or wrong.sum() < LEAST_WRONG:
        return None
    temperature = fit_temperature(answers.probabilities[fitted], answers.labels[fitted])
    probabilities, labels = answers.probabilities[measured], answers.labels[measured]
    return Calibration(
        temperature,
        int(fitted.sum()),
        int(measured.sum()),
        reliability(probabilities, labels),
        reliability(apply_temperature(probabilities, temperature), labels),
    )


def fit_temperature(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """The temperature with the least negative log likelihood of `labels` (N,) under `probabilities` (N, C).

    It lies within `TEMPERATURES`. The loss is convex in the inverse temperature, so its slope is followed to 0 by
    Newton's method, within an interval that each step shrinks.
    """
    logits = np.log(np.maximum(probabilities, _LEAST_PROBABILITY), dtype=np.float32)
    given = float(logits[np.arange(len(labels)), labels].mean(dtype=np.float64))
    low, high = (1 / temperature for temperature in reversed(TEMPERATURES))
    inverse = 1.0
    for _ in range(_STEPS):
        mean, variance = _moments(logits, inverse)
        slope = mean - given
        if abs(slope) < _FLAT:
            break
        low, high = (low, inverse) if slope > 0 else (inverse, high)
        following = inverse - slope / max(variance, _FLAT)
        inverse = following if low < following < high else (low * high) ** 0.5
    return float(np.clip(1 / inverse, *TEMPERATURES))


def _moments(logits: NDArray[np.float32], inverse: float) -> tuple[float, float]:
    """The first two derivatives of the mean log partition function: mean and variance of a picture's logits."""
    mean = variance = 0.0
    for rows in np.array_split(logits, -(-len(logits) // _ROWS)):
        scaled = inverse * rows.astype(np.float64)
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        means = (shares * rows).sum(axis=1, keepdims=True)
        mean += float(means.sum())
        variance += float((shares * (rows - means) ** 2).sum())
    return mean / len(logits), variance / len(logits)


def reliability(probabilities: NDArray[np.float32], labels: NDArray[np.int64], bins: int = BINS) -> Reliability:
    """The reliability of `probabilities` (N, C) for pictures with the true classes `labels` (N,)."""
    counts = ReliabilityCounts(bins)
    counts.add(probabilities, labels)
    return counts.result()


class ReliabilityCounts:
    """Running sums of a reliability: pictures, confidence and hits of each bin."""

    def __init__(self, bins: int = BINS) -> None:
        """Start with no pictures."""
        self.bins = bins
        self.count = np.zeros(bins, np.int64)
        self.right = np.zeros(bins, np.int64)
        self.confidence = np.zeros(bins, np.float64)

    def add(self, probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
        """Count a batch: `probabilities` (N, C), `labels` (N,); bins include their upper edge, the first one also 0."""
        predicted = probabilities.argmax(axis=1)
        confidence = probabilities[np.arange(len(labels)), predicted].astype(np.float64)
        place = np.clip(np.ceil(confidence * self.bins).astype(np.int64) - 1, 0, self.bins - 1)
        np.add.at(self.count, place, 1)
        np.add.at(self.right, place, predicted == labels)
        np.add.at(self.confidence, place, confidence)

    def result(self) -> Reliability:
        """Divide the sums."""
        edges = np.linspace(0, 1, self.bins + 1)
        some = np.where(self.count > 0, self.count, np.nan)
        return Reliability(edges[:-1], edges[1:], self.count.copy(), self.confidence / some, self.right / some)
