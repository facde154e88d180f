"""Measures candidates in alternating rounds, so that a machine that slows down does so for all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import TypeVar

import numpy as np

from googlenet.benchmarking.candidates import Candidate
from googlenet.benchmarking.files import megabytes_of
from googlenet.benchmarking.timing_client import Worker, WorkerError

WARM_UP = 3  # runs of each batch size that are not counted
PAUSE = 0.05  # seconds between candidates: by then, threads that spin while waiting for work have gone to sleep

Progress = Callable[[int, int], None]
"""Called with the number of rounds done and the total."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Timing:
    """How candidates are timed: in `rounds` rounds of `pictures` single pictures of `input_size` px, then batches."""

    input_size: int
    threads: int
    rounds: int = 10
    pictures: int = 10
    batch: int = 16


@dataclass(frozen=True, slots=True)
class Measurement:
    """Results of a candidate: the latency of single pictures, and the throughput of the fastest batch size.

    `images_per_second` is for batches of `fastest_batch`: 1 or the timing's. `peak_megabytes`: peak memory of the
    process while it ran single pictures. `file_megabytes`: the size of its model. 1 MB = 10^6 bytes.
    """

    candidate: Candidate
    latency_ms_median: float
    latency_ms_p95: float
    images_per_second: float
    fastest_batch: int
    peak_megabytes: float
    file_megabytes: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All measurements, fastest first, and the reason for each candidate that could not be timed."""

    measurements: tuple[Measurement, ...]
    left_out: Mapping[Candidate, str]

    @property
    def fastest_peer(self) -> Measurement | None:
        """The peer on the same network with the lowest median latency."""
        peers = (one for one in self.measurements if one.candidate.peer and one.candidate.same_network)
        return next(peers, None)

    def ratio_to_fastest_peer(self, measurement: Measurement) -> float | None:
        """How many times as fast as the fastest peer, by median latency; None if there is no peer."""
        peer = self.fastest_peer
        return None if peer is None else peer.latency_ms_median / measurement.latency_ms_median


def compare(
    candidates: Sequence[Candidate],
    files: Mapping[str, Path],
    timing: Timing,
    *,
    features: Sequence[str] = (),
    on_progress: Progress = lambda done, total: None,
) -> Comparison:
    """Time the candidates that can be opened here, each in a process of its own.

    `files`: the paths by `Candidate.reads`; `features`: of the processor. A candidate that fails is skipped, with the
    reason.
    """
    left_out = {one: reason for one in candidates if (reason := one.missing(features)) is not None}
    trial = _Trial(timing, left_out, on_progress)
    with ExitStack() as stack:
        for one in candidates:
            if one not in left_out:
                trial.open(one, None if one.reads is None else files[one.reads], stack)
        singles = trial.rounds(times=timing.pictures, batch=1)
        peaks = trial.each(lambda worker: worker.peak_bytes())
        batches = trial.rounds(times=1, batch=timing.batch) if timing.batch > 1 else {}
    measured = [
        _measurement(one, singles[one], batches.get(one, []), timing, peaks[one], files) for one in trial.workers
    ]
    measured.sort(key=lambda one: one.latency_ms_median)
    return Comparison(tuple(measured), trial.left_out)


class _Trial:
    """The running workers; one that fails is moved to `left_out`."""

    def __init__(self, timing: Timing, left_out: dict[Candidate, str], on_progress: Progress) -> None:
        self.timing, self.left_out, self.on_progress = timing, left_out, on_progress
        self.workers: dict[Candidate, Worker] = {}
        self.done, self.total = 0, timing.rounds * (2 if timing.batch > 1 else 1)

    def open(self, candidate: Candidate, path: Path | None, stack: ExitStack) -> None:
        """Start a worker, which `stack` closes."""
        try:
            worker = Worker(candidate, path, self.timing.threads)
        except WorkerError as error:
            self.left_out[candidate] = f"it cannot be opened: {error}"
        else:
            stack.callback(worker.close)
            self.workers[candidate] = worker

    def rounds(self, *, times: int, batch: int) -> dict[Candidate, list[float]]:
        """Seconds of all runs of a batch, by candidate; each round starts with a different one."""
        size = {"batch": batch, "input_size": self.timing.input_size}
        self.each(lambda worker: worker.run(times=WARM_UP, **size))
        seconds: dict[Candidate, list[float]] = {candidate: [] for candidate in self.workers}
        for number in range(self.timing.rounds):
            for candidate, found in self.each(lambda worker: worker.run(times=times, **size), first=number).items():
                seconds[candidate] += found
            self.done += 1
            self.on_progress(self.done, self.total)
        return seconds

    def each(self, ask: Callable[[Worker], Answer], *, first: int = 0) -> dict[Candidate, Answer]:
        """Call `ask` for every worker in turn, starting with the one at index `first`, modulo their number."""
        names = list(self.workers)
        start = first % max(1, len(names))
        answers = {}
        for candidate in names[start:] + names[:start]:
            sleep(PAUSE)
            try:
                answers[candidate] = ask(self.workers[candidate])
            except WorkerError as error:
                self.left_out[candidate] = f"it failed: {error}"
                del self.workers[candidate]
        return answers


def _measurement(
    candidate: Candidate,
    singles: list[float],
    batches: list[float],
    timing: Timing,
    peak: int,
    files: Mapping[str, Path],
) -> Measurement:
    rates = {1: 1 / statistics.median(singles)}
    if batches:
        rates[timing.batch] = timing.batch / statistics.median(batches)
    fastest = max(rates, key=lambda batch: rates[batch])
    return Measurement(
        candidate,
        latency_ms_median=1000 * statistics.median(singles),
        latency_ms_p95=1000 * float(np.percentile(singles, 95)),
        images_per_second=rates[fastest],
        fastest_batch=fastest,
        peak_megabytes=peak / 1e6,
        file_megabytes=None if candidate.reads is None else megabytes_of(files[candidate.reads]),
    )
