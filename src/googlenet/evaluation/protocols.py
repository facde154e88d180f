"""The paper's Table 3: the gain from more crops and more networks, measured on the same pictures in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.dataset import Samples
from googlenet.engines import CropRunner, Engine, average_members, members_of
from googlenet.evaluation.counts import Evaluation, in_best
from googlenet.evaluation.evaluate import AnsweredBatch, OnRow, answer_samples, count_answers
from googlenet.evaluation.intervals import paired_interval, wilson_interval
from googlenet.images import Preprocessing
from googlenet.parallel import DEFAULT_WORKERS


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """The share of pictures that were classified wrongly, and its 95 % interval (Wilson)."""

    share: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ProtocolRow:
    """One row of the table: the average of `models` networks over `crops` crops of each picture.

    `difference`: its top-5 error minus the base's, negative if it is better; `difference_interval`: 95 %, paired
    (`paired_interval`), because both were measured on the same pictures. The base itself has neither.
    """

    models: int
    crops: int
    top1: ErrorRate
    top5: ErrorRate
    difference: float | None
    difference_interval: tuple[float, float] | None

    @property
    def cost(self) -> int:
        """Network runs per picture: models times crops."""
        return self.models * self.crops

    def to_dict(self) -> dict[str, Any]:
        """The row in `googlenet evaluate --json`."""
        return {
            "models": self.models,
            "crops": self.crops,
            "cost": self.cost,
            "top1_error": self.top1.share,
            "top1_error_interval": list(self.top1.interval),
            "top5_error": self.top5.share,
            "top5_error_interval": list(self.top5.interval),
            "difference": self.difference,
            "difference_interval": None if self.difference_interval is None else list(self.difference_interval),
        }


@dataclass(frozen=True, slots=True, eq=False)
class ProtocolComparison:
    """The rows, starting with the base, and the evaluation of the last one: all networks, the most crops."""

    rows: tuple[ProtocolRow, ...]
    evaluation: Evaluation

    def to_dict(self) -> dict[str, Any]:
        """The JSON of `googlenet evaluate --json`: the last row's evaluation, and `table`."""
        return self.evaluation.to_dict() | {"table": [row.to_dict() for row in self.rows]}


def compare_protocols(
    engine: Engine,
    preprocessing: Preprocessing,
    samples: Samples,
    *,
    crops: Sequence[int],
    split: str,
    batch_size: int = 64,
    on_progress: Callable[[int, int], None] | None = None,
    on_row: OnRow | None = None,
    temperature: float = 1.0,
    keep_answers: bool = False,
    workers: int = DEFAULT_WORKERS,
) -> ProtocolComparison:
    """Evaluate the first network, and all of them if there are several, under each of the protocols `crops`.

    Every picture is decoded once, and a crop that several protocols share is run once. The base is the first network
    with the fewest crops. Other arguments are as for `evaluate`; `on_row` and the kept answers are of the last row.
    """
    protocols = tuple(sorted(set(crops)))
    runner = CropRunner(members_of(engine, preprocessing), protocols, batch_size)
    misses = _Misses(tuple(dict.fromkeys((1, len(runner.members)))))
    evaluation = count_answers(
        misses.watch(answer_samples(runner, samples, workers=workers)),
        runner,
        samples,
        split=split,
        on_progress=on_progress,
        on_row=on_row,
        temperature=temperature,
        keep_answers=keep_answers,
    )
    return ProtocolComparison(misses.rows(protocols), evaluation)


class _Misses:
    """Which pictures each row of the table classified wrongly: rows are (models, protocols), models first."""

    def __init__(self, models: tuple[int, ...]) -> None:
        self.models = models
        self.top1: list[NDArray[np.bool_]] = []
        self.top5: list[NDArray[np.bool_]] = []

    def watch(self, batches: Iterator[AnsweredBatch]) -> Iterator[AnsweredBatch]:
        """Pass the batches through and record their misses."""
        for batch in batches:
            answers = [average_members(batch.answers[:, :count]) for count in self.models]
            rows = [row[:, protocol] for row in answers for protocol in range(row.shape[1])]
            self.top1.append(np.array([~in_best(1, batch.labels, row) for row in rows]))
            self.top5.append(np.array([~in_best(5, batch.labels, row) for row in rows]))
            yield batch

    def rows(self, protocols: tuple[int, ...]) -> tuple[ProtocolRow, ...]:
        top1, top5 = np.concatenate(self.top1, axis=1), np.concatenate(self.top5, axis=1)
        names = [(models, crops) for models in self.models for crops in protocols]
        return tuple(
            ProtocolRow(
                models,
                crops,
                _error_rate(top1[place]),
                _error_rate(top5[place]),
                *(_difference(top5[place], top5[0]) if place else (None, None)),
            )
            for place, (models, crops) in enumerate(names)
        )


def _error_rate(missed: NDArray[np.bool_]) -> ErrorRate:
    count, total = int(missed.sum()), len(missed)
    return ErrorRate(count / total, wilson_interval(count, total))


def _difference(missed: NDArray[np.bool_], base: NDArray[np.bool_]) -> tuple[float, tuple[float, float]]:
    """The error minus the base's, with its paired interval."""
    both, only_this = int((missed & base).sum()), int((missed & ~base).sum())
    only_base, neither = int((~missed & base).sum()), int((~missed & ~base).sum())
    return (only_this - only_base) / len(missed), paired_interval(both, only_this, only_base, neither)
