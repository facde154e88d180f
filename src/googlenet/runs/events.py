"""What happens in a training, as records. The loop emits them; folders, terminals and TensorBoard listen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

HeadValues: TypeAlias = dict[str, float]
"""A number a head, by the head's name, for the heads that ran."""


@dataclass(frozen=True, slots=True)
class TrainingStarted:
    """Before the first step; `step` is above 0 where a run is resumed."""

    step: int
    steps: int | None
    steps_per_epoch: int
    training_pictures: int
    validation_pictures: int
    parameters: int
    device: str


@dataclass(frozen=True, slots=True)
class StepDone:
    """After an update. `loss` is the weighted sum; smoothed values are all smoothed alike, from raw ones."""

    step: int
    epoch: int
    progress: float
    input_size: int
    learning_rate: float
    loss: float
    head_losses: HeadValues
    head_accuracies: HeadValues
    smoothed_loss: float
    smoothed_head_losses: HeadValues
    smoothed_head_accuracies: HeadValues
    images_per_second: float
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class EpochDone:
    """After the last step of an epoch, with the validation where one was due."""

    epoch: int
    step: int
    seconds: float
    input_size: int
    learning_rate: float
    images_per_second: float
    loss: float
    head_losses: HeadValues
    head_accuracies: HeadValues
    validation_top1: float | None
    validation_loss: float | None
    best: bool


@dataclass(frozen=True, slots=True)
class HeadStuck:
    """A head that has learnt nothing while another one has; `advice` is a sentence for the user."""

    epoch: int
    head: str
    loss: float
    advice: str


@dataclass(frozen=True, slots=True)
class BadPictureFound:
    """A picture that was left out of the training, named once."""

    image: str
    reason: str


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """A checkpoint is whole on the disk."""

    step: int
    path: Path


@dataclass(frozen=True, slots=True)
class CheckpointFailed:
    """A checkpoint could not be written; the one before it is still there and the training goes on."""

    step: int
    reason: str


@dataclass(frozen=True, slots=True)
class FolderMadeAgain:
    """The run's folder was deleted while the training went on; it is there again, without what was in it."""

    path: Path


@dataclass(frozen=True, slots=True)
class TrainingDiverged:
    """A loss or an answer is not a finite number, so the training ends; `reason` is a sentence for the user."""

    step: int
    reason: str


@dataclass(frozen=True, slots=True)
class TrainingStopped:
    """After the last step. `reason`: "finished", "no improvement", "interrupted" or "diverged"."""

    step: int
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class ModelSaved:
    """The finished model is written; `scores` as its file has them."""

    path: Path
    scores: dict[str, Any]


Event: TypeAlias = (
    TrainingStarted
    | StepDone
    | EpochDone
    | HeadStuck
    | BadPictureFound
    | CheckpointSaved
    | CheckpointFailed
    | FolderMadeAgain
    | TrainingDiverged
    | TrainingStopped
    | ModelSaved
)
Emit: TypeAlias = Callable[[Event], None]
