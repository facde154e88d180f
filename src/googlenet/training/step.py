"""One update of the network (paper, Sections 5 and 6)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from googlenet.images import Preprocessing
from googlenet.network import GoogLeNet, HeadLogits, to_network_input
from googlenet.training.precision import Precision


@dataclass(frozen=True, slots=True)
class StepSettings:
    """Label smoothing, weight of each auxiliary classifier's loss (0.3 in the paper), and precision."""

    label_smoothing: float
    auxiliary_weight: float
    precision: Precision = "float32"


@dataclass(frozen=True, slots=True)
class StepLosses:
    """Figures of an update: the weighted loss, and each head's loss and number of correct answers of `pictures`."""

    loss: float
    heads: dict[str, float]
    correct: dict[str, int]
    pictures: int

    @property
    def accuracies(self) -> dict[str, float]:
        """Each head's share of correct answers."""
        return {head: correct / self.pictures for head, correct in self.correct.items()}


def weighted_loss(losses: dict[str, Tensor], auxiliary_weight: float) -> Tensor:
    """Main loss + 0.3 x each auxiliary classifier's (paper, Section 5)."""
    return sum((auxiliary_weight * loss for head, loss in losses.items() if head != "main"), start=losses["main"])


def train_step(
    network: GoogLeNet,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    *,
    preprocessing: Preprocessing,
    settings: StepSettings,
) -> StepLosses:
    """Make one update from `images` (N, S, S, 3) uint8 RGB and `labels` (N,) int64, both on the network's device."""
    x = to_network_input(images, preprocessing)
    with torch.autocast(x.device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
        logits: HeadLogits = network(x)
    heads = {head: values.float() for head, values in logits._asdict().items() if values is not None}
    losses = {
        head: F.cross_entropy(values, labels, label_smoothing=settings.label_smoothing)
        for head, values in heads.items()
    }
    loss = weighted_loss(losses, settings.auxiliary_weight)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    with torch.no_grad():
        correct = {head: int((values.argmax(1) == labels).sum()) for head, values in heads.items()}
    return StepLosses(loss.item(), {head: value.item() for head, value in losses.items()}, correct, len(labels))
