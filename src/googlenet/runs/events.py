"""The events of a training. The training loop emits them; run folder, terminal and TensorBoard receive them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

HeadValues: TypeAlias = dict[str, float]
"""One number per head, by the head's name, for the heads that ran."""


@dataclass(frozen=True, slots=True)
class TrainingStarted:
    """Before the first step; `step` is above 0 if a run is resumed."""

    step: int
    steps: int | None
    steps_per_epoch: int
    training_pictures: int
    validation_pictures: int
    parameters: int
    device: str


@dataclass(frozen=True, slots=True)
class ProbeFitted:
    """Before the first step: the classifier was fitted to the features of so many training pictures."""

    pictures: int
    seconds: float


@dataclass(frozen=True, slots=True)
class StepDone:
    """After an update. `loss` is the weighted sum; all smoothed values use the same smoothing of the raw ones."""

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
class LengthEstimated:
    """Once, after the first updates of a training without a limit in minutes: how long the rest takes, roughly.

    `seconds`: until the end; `updates`: those left; `updates_per_second` at the present `input_size`; `later_sizes`:
    the input sizes that follow, which are included in `seconds`.
    """

    step: int
    seconds: float
    updates: int
    updates_per_second: float
    input_size: int
    later_sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class EpochDone:
    """After the last step of an epoch, with the validation if one was due."""

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
    """A head that has learnt nothing while another one has; `advice` is text for the user."""

    epoch: int
    head: str
    loss: float
    advice: str


@dataclass(frozen=True, slots=True)
class BadPictureFound:
    """A picture that cannot be read and is skipped, reported once."""

    image: str
    reason: str


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """A checkpoint was written completely."""

    step: int
    path: Path


@dataclass(frozen=True, slots=True)
class CheckpointFailed:
    """A checkpoint could not be written; the previous one is kept and the training continues."""

    step: int
    reason: str


@dataclass(frozen=True, slots=True)
class FolderRecreated:
    """The run's folder was deleted during the training and was created again, without its former contents."""

    path: Path


@dataclass(frozen=True, slots=True)
class TrainingDiverged:
    """A loss or an output is not finite, so the training ends; `reason` is text for the user."""

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
    """The finished model was written; `scores` are those in its file."""

    path: Path
    scores: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MembersEvaluated:
    """While the members of an ensemble are evaluated together: pictures done, and all."""

    done: int
    total: int


Event: TypeAlias = (
    TrainingStarted
    | ProbeFitted
    | StepDone
    | LengthEstimated
    | EpochDone
    | HeadStuck
    | BadPictureFound
    | CheckpointSaved
    | CheckpointFailed
    | FolderRecreated
    | TrainingDiverged
    | TrainingStopped
    | ModelSaved
    | MembersEvaluated
)
Emit: TypeAlias = Callable[[Event], None]
