"""Transfer of weights from another model to the network that is trained."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from googlenet.model import Model
from googlenet.network import GoogLeNet


def transfer_weights(start: Model | None, network: GoogLeNet, classes: Sequence[str]) -> frozenset[str] | None:
    """Copy `start`'s weights into the network; return the names of the parameters that keep their random values.

    Those are the layers that compute the logits, and auxiliary classifiers that `start` does not have. If the classes
    of `start` are exactly `classes`, in this order, its classifier is copied too. Without a start nothing is copied,
    and None is returned.
    """
    if start is None:
        return None
    new = (
        () if brings_its_classifier(start, classes) else tuple(f"{name}." for name in network.architecture.classifiers)
    )
    state = network.state_dict()
    copied = {name: weight for name, weight in start.weights.items() if name in state and not name.startswith(new)}
    with torch.no_grad():
        for name, weight in copied.items():
            state[name].copy_(torch.from_numpy(weight))
    return frozenset(name for name, _ in network.named_parameters() if name not in copied)


def brings_its_classifier(start: Model, classes: Sequence[str]) -> bool:
    """Whether the classes of `start` are exactly `classes`, in this order, so that its classifier can be used."""
    return [label.id for label in start.classes] == list(classes)
