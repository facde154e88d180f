"""The weights a training brings along from another model, and what begins anew."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from googlenet.model import Model
from googlenet.network import GoogLeNet


def transfer_weights(start: Model | None, network: GoogLeNet, classes: Sequence[str]) -> frozenset[str] | None:
    """Copy `start`'s weights into the network; give the names of the parameters that keep their own random start.

    Those are the layers that give the logits, and auxiliary classifiers `start` has not. A start that knows exactly
    `classes`, in this order, brings its classifier along, too. Without a start nothing is copied, and it is None.
    """
    if start is None:
        return None
    same_classes = [label.id for label in start.classes] == list(classes)
    anew = () if same_classes else tuple(f"{name}." for name in network.architecture.classifiers)
    state = network.state_dict()
    brought = {name: weight for name, weight in start.weights.items() if name in state and not name.startswith(anew)}
    with torch.no_grad():
        for name, weight in brought.items():
            state[name].copy_(torch.from_numpy(weight))
    return frozenset(name for name, _ in network.named_parameters() if name not in brought)
