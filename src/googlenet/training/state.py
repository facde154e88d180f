"""The state of a training: all its counters in one record that checkpoints store."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from googlenet.runs import HeadValues
from googlenet.training.step import StepLosses

SMOOTHING = 0.98  # decay of the moving averages shown live


@dataclass(slots=True)
class EpochSums:
    """Sums over the pictures of the epoch so far; divided once, at the end of the epoch."""

    pictures: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    heads: HeadValues = field(default_factory=dict)
    correct: dict[str, int] = field(default_factory=dict)

    def add(self, losses: StepLosses) -> None:
        """Add a step."""
        self.pictures += losses.pictures
        self.loss += losses.loss * losses.pictures
        for head, loss in losses.heads.items():
            self.heads[head] = self.heads.get(head, 0.0) + loss * losses.pictures
            self.correct[head] = self.correct.get(head, 0) + losses.correct[head]

    def mean(self, total: float) -> float:
        """A sum divided by the number of pictures."""
        return total / max(1, self.pictures)


@dataclass(slots=True)
class Smoothed:
    """Exponential moving averages of the weighted sum and of each head's loss and accuracy, with the same decay."""

    weight: float = 0.0
    loss_sum: float = 0.0
    loss_sums: HeadValues = field(default_factory=dict)
    accuracy_sums: HeadValues = field(default_factory=dict)

    def add(self, losses: StepLosses) -> None:
        """Add the raw values of a step."""
        self.weight = _blend(self.weight, 1.0)
        self.loss_sum = _blend(self.loss_sum, losses.loss)
        for sums, values in ((self.loss_sums, losses.heads), (self.accuracy_sums, losses.accuracies)):
            sums |= {head: _blend(sums.get(head, 0.0), value) for head, value in values.items()}

    @property
    def loss(self) -> float:
        """The weighted sum of the losses; dividing by the weight removes the bias of the start."""
        return self.loss_sum / self.weight

    @property
    def head_losses(self) -> HeadValues:
        """The loss of each head."""
        return {head: total / self.weight for head, total in self.loss_sums.items()}

    @property
    def head_accuracies(self) -> HeadValues:
        """The accuracy of each head on training pictures."""
        return {head: total / self.weight for head, total in self.accuracy_sums.items()}


def _blend(mean: float, value: float) -> float:
    return SMOOTHING * mean + (1 - SMOOTHING) * value


@dataclass(slots=True)
class TrainingState:
    """Counters of a training: `step` updates done, `seconds` without interruptions, and more.

    `probe_seconds`: those of `seconds` that the linear probe before the first update took.
    """

    step: int = 0
    seconds: float = 0.0
    probe_seconds: float = 0.0
    best_score: float | None = None
    stale: int = 0
    validations: int = 0
    stopped_early: bool = False
    average_count: int = 0
    warned: list[str] = field(default_factory=list)
    epoch: EpochSums = field(default_factory=EpochSums)
    smoothed: Smoothed = field(default_factory=Smoothed)

    def to_dict(self) -> dict[str, Any]:
        """The counters as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainingState:
        """The inverse of `to_dict`."""
        epoch, smoothed = EpochSums(**values["epoch"]), Smoothed(**values["smoothed"])
        return cls(**(values | {"epoch": epoch, "smoothed": smoothed}))
