"""Conversion between a torch network and weights as NumPy arrays by name."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from googlenet.architecture import Architecture
from googlenet.model import AUXILIARY_PREFIX, COUNTER_SUFFIX
from googlenet.network.googlenet import GoogLeNet

Weights = dict[str, NDArray[np.float32]]


def read_weights(network: GoogLeNet, *, auxiliaries: bool = True) -> Weights:
    """Copies of all weights; `auxiliaries=False`: only those of the main path."""
    return {
        name: np.ascontiguousarray(tensor.detach().cpu().numpy(), dtype=np.float32).copy()
        for name, tensor in network.state_dict().items()
        if not name.endswith(COUNTER_SUFFIX) and (auxiliaries or not name.startswith(AUXILIARY_PREFIX))
    }


def network_with_weights(architecture: Architecture, weights: Weights) -> GoogLeNet:
    """A network with these weights, with auxiliary classifiers if the weights include them."""
    network = GoogLeNet(architecture, auxiliaries=any(name.startswith(AUXILIARY_PREFIX) for name in weights))
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in weights.items()}
    counters = {name: value for name, value in network.state_dict().items() if name.endswith(COUNTER_SUFFIX)}
    network.load_state_dict(tensors | counters)
    return network
