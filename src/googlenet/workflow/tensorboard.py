"""Writes training events for TensorBoard (the extra `tensorboard`)."""

from __future__ import annotations

from pathlib import Path

from googlenet.errors import MissingExtraError
from googlenet.runs import EpochDone, Event, StepDone, TrainingStopped


class TensorBoardWriter:
    """Writes losses, learning rates and accuracies; raises MissingExtraError if TensorBoard is not installed."""

    def __init__(self, folder: Path) -> None:
        """Write into `folder`."""
        try:
            from torch.utils.tensorboard.writer import SummaryWriter
        except ImportError as error:
            raise MissingExtraError("tensorboard", extra="tensorboard", purpose="--tensorboard") from error
        self.writer = SummaryWriter(str(folder))

    def __call__(self, event: Event) -> None:
        """Write one event."""
        match event:
            case StepDone():
                self._add("step/loss", event.loss, event.step)
                self._add("step/learning_rate", event.learning_rate, event.step)
                for head, loss in event.head_losses.items():
                    self._add(f"step/loss_{head}", loss, event.step)
            case EpochDone():
                for head, accuracy in event.head_accuracies.items():
                    self._add(f"epoch/accuracy_{head}", accuracy, event.step)
                if event.validation_top1 is not None:
                    self._add("epoch/validation_top1", event.validation_top1, event.step)
            case TrainingStopped():
                self.writer.close()

    def _add(self, name: str, value: float, step: int) -> None:
        self.writer.add_scalar(name, value, step)
