"""The checks of an exported network: its agreement with float32, its speed, and their thresholds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from googlenet.artifacts import Agreement, Precision
from googlenet.engines import Engine
from googlenet.model import TOLERANCE

SAME_TOP1 = 0.97
"""Share of pictures that must have the same best class as in float32."""

BATCH = 16  # pictures per batch, where nothing is timed

RUNS = 3  # of one engine per round; the first one only warms the caches
FEWEST_ROUNDS, MOST_ROUNDS = 7, 60


@dataclass(frozen=True, slots=True)
class Difference:
    """Difference of two outputs for the same pictures: share with the same best class, largest of a probability."""

    same_top1: float
    worst: float


def run_in_batches(engine: Engine, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The probabilities (N, classes) of squares (N, S, S, 3) uint8 RGB."""
    parts = np.array_split(squares, -(-len(squares) // BATCH))
    return np.concatenate([engine.run(part).probabilities for part in parts])


def difference(expected: NDArray[np.float32], got: NDArray[np.float32]) -> Difference:
    """Compare probabilities (N, classes); non-finite ones count as different in class and infinitely far."""
    if expected.shape != got.shape or not np.isfinite(got).all():
        return Difference(same_top1=0.0, worst=float("inf"))
    same = expected.argmax(axis=1) == got.argmax(axis=1)
    return Difference(float(same.mean()), float(np.abs(expected - got).max()))


def time_in_turns(engines: Sequence[Engine], square: NDArray[np.uint8], *, seconds: float) -> list[float]:
    """Median milliseconds of each engine for one square (S, S, 3), in alternating rounds.

    About `seconds` in total, and at least `FEWEST_ROUNDS` rounds; alternating, so that other load affects all alike.
    """
    batch = square[np.newaxis]
    taken: list[list[float]] = [[] for _ in engines]
    until = time.perf_counter() + seconds
    for number in range(MOST_ROUNDS):
        if number >= FEWEST_ROUNDS and time.perf_counter() > until:
            break
        for engine, times in zip(engines, taken, strict=True):
            for run in range(RUNS):
                begun = time.perf_counter()
                engine.run(batch)
                if run:
                    times.append(1000 * (time.perf_counter() - begun))
    return [statistics.median(times) for times in taken]


def misses(precision: Precision, agreement: Agreement) -> tuple[str, ...]:
    """The checks that an export in this precision fails, in sentences; empty if it passes."""
    if precision == "float32":
        if agreement.worst <= TOLERANCE:
            return ()
        return (f"a probability differs by {agreement.worst:.1e} from the model's, the limit is {TOLERANCE:.0e}",)
    found = []
    if agreement.same_top1 < SAME_TOP1:
        found.append(
            f"{agreement.same_top1:.1%} of {agreement.pictures:,} pictures have the same best class as in float32, "
            f"at least {SAME_TOP1:.0%} are required"
        )
    if agreement.milliseconds >= agreement.float32_milliseconds:
        found.append(
            f"a picture takes {agreement.milliseconds:.2f} ms, {agreement.float32_milliseconds:.2f} in float32: "
            "it is not faster"
        )
    return tuple(found)


def fastest(passed: Mapping[Precision, Agreement]) -> Precision:
    """The fastest precision of those that pass the checks."""
    return min(passed, key=lambda precision: passed[precision].milliseconds)
