"""The events of a training in sentences, for the log and the terminal."""

from __future__ import annotations

from googlenet.printable import printable
from googlenet.runs.duration import duration
from googlenet.runs.events import (
    BadPictureFound,
    CheckpointFailed,
    EpochDone,
    Event,
    FolderRecreated,
    HeadStuck,
    LengthEstimated,
    ModelSaved,
    ProbeFitted,
    TrainingDiverged,
    TrainingStarted,
    TrainingStopped,
)


def describe(event: Event) -> str | None:
    """An event as a printable line for the log and the terminal; None for events of every step."""
    sentence = _sentence(event)
    return None if sentence is None else printable(sentence)


def _sentence(event: Event) -> str | None:
    match event:
        case TrainingStarted():
            where = f"resuming at step {event.step}" if event.step else "starting"
            return (
                f"{where}: {event.training_pictures:,} training pictures, "
                f"{event.validation_pictures:,} validation pictures, "
                f"{event.steps_per_epoch:,} {'step' if event.steps_per_epoch == 1 else 'steps'} per epoch, "
                f"{event.parameters:,} parameters, on {event.device}"
            )
        case LengthEstimated():
            later = f", then slower at {' and '.join(map(str, event.later_sizes))} px" if event.later_sizes else ""
            return (
                f"about {duration(event.seconds)} from here: {event.updates:,} updates, "
                f"{event.updates_per_second:.2g} a second at {event.input_size} px{later}"
            )
        case ProbeFitted():
            return f"linear probe: the classifier was fitted to {event.pictures:,} pictures in {event.seconds:.0f} s"
        case EpochDone():
            heads = "  ".join(
                f"{head} {loss:.3f} ({event.head_accuracies[head]:.1%})" for head, loss in event.head_losses.items()
            )
            validation = "" if event.validation_top1 is None else f"  validation {event.validation_top1:.2%}"
            best = " (best)" if event.best and event.validation_top1 is not None else ""
            return (
                f"epoch {event.epoch}  {event.input_size} px  {event.images_per_second:.0f} images/s  "
                f"rate {event.learning_rate:.4g}  loss {event.loss:.3f} = {heads}{validation}{best}"
            )
        case HeadStuck():
            return f"warning: the head {event.head} has learnt nothing yet (loss {event.loss:.3f}): {event.advice}"
        case BadPictureFound():
            return f"skipped {event.image}: {event.reason}"
        case CheckpointFailed():
            return f"warning: no checkpoint at step {event.step}: {event.reason}"
        case FolderRecreated():
            return f"warning: {event.path} was deleted; it was created again, but the best weights so far are lost"
        case TrainingDiverged():
            return f"error: {event.reason}"
        case TrainingStopped():
            steps = "1 step" if event.step == 1 else f"{event.step} steps"
            return f"stopped after {steps} and {event.seconds:.0f} s: {event.reason}"
        case ModelSaved():
            return f"saved {event.path}"
    return None
