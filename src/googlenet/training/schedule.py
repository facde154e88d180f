"""The learning rate as a pure function of the position in a training."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from googlenet.errors import SettingsError
from googlenet.recipes import ScheduleName


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the learning rate changes over a training.

    name:            a key of `SCHEDULES`.
    learning_rate:   the initial rate; with a warm-up, the rate that it reaches.
    warmup:          share of the budget, in [0, 1), over which the rate rises linearly from 0.
    power:           exponent of "polynomial"; 0.5 is BVLC's.
    final_fraction:  share of the rate, in [0, 1], at the end of "polynomial", "linear" and "cosine".

    Raises SettingsError for an invalid value.
    """

    name: ScheduleName
    learning_rate: float
    warmup: float = 0.0
    power: float = 0.5
    final_fraction: float = 0.0

    def __post_init__(self) -> None:
        """Validate the values."""
        if self.name not in SCHEDULES:
            raise SettingsError(f'schedule is "{self.name}": give one of {", ".join(SCHEDULES)}')
        for key, valid, expected in (
            ("learning_rate", 0 < self.learning_rate < math.inf, "a number above 0"),
            ("warmup", 0 <= self.warmup < 1, "a share of the training of at least 0 and below 1"),
            ("power", 0 < self.power < math.inf, "a number above 0"),
            ("final_fraction", 0 <= self.final_fraction <= 1, "a share of the learning rate from 0 to 1"),
        ):
            if not valid:
                raise SettingsError(f"{key} is {getattr(self, key)}: give {expected}")


@dataclass(frozen=True, slots=True)
class Position:
    """The position in a training: complete epochs, and the share of its budget (epochs, steps or minutes), 0 to 1."""

    epoch: int
    progress: float


def learning_rate_at(schedule: Schedule, position: Position) -> float:
    """Return the learning rate at `position`; decay with progress starts when the warm-up is over."""
    rise = min(1.0, position.progress / schedule.warmup) if schedule.warmup else 1.0
    progress = (position.progress - schedule.warmup) / (1 - schedule.warmup)
    progress = min(max(progress, 0.0), 1.0)  # the last step may exceed a budget in minutes
    return schedule.learning_rate * rise * SCHEDULES[schedule.name](schedule, Position(position.epoch, progress))


def _paper(schedule: Schedule, position: Position) -> float:
    """Decrease by 4 % every 8 epochs (paper, Section 6)."""
    return 0.96 ** (position.epoch // 8)


def _polynomial(schedule: Schedule, position: Position) -> float:
    """Decay as a power of the remaining share (BVLC GoogLeNet, quick solver)."""
    return _above_final(schedule, (1 - position.progress) ** schedule.power)


def _linear(schedule: Schedule, position: Position) -> float:
    """Decay linearly."""
    return _above_final(schedule, 1 - position.progress)


def _cosine(schedule: Schedule, position: Position) -> float:
    """Decay along half a cosine wave (Loshchilov and Hutter, arXiv 1608.03983)."""
    return _above_final(schedule, (1 + math.cos(math.pi * position.progress)) / 2)


def _constant(schedule: Schedule, position: Position) -> float:
    """Keep the rate constant."""
    return 1.0


def _above_final(schedule: Schedule, fall: float) -> float:
    """Rescale a decay from 1 to 0 into one from 1 to the final fraction."""
    return schedule.final_fraction + (1 - schedule.final_fraction) * fall


SCHEDULES: Mapping[ScheduleName, Callable[[Schedule, Position], float]] = {
    "paper": _paper,
    "polynomial": _polynomial,
    "linear": _linear,
    "cosine": _cosine,
    "constant": _constant,
}
"""Name -> factor of the learning rate, 0 to 1."""
