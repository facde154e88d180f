"""Conversion between a torch network and weights as NumPy arrays by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from googlenet.architecture import Architecture
from googlenet.argument_types import wrong_type
from googlenet.errors import InputError
from googlenet.model import AUXILIARY_PREFIX, COUNTER_SUFFIX, ClassLabel, Model, check_model, check_shapes
from googlenet.network.googlenet import GoogLeNet

Weights = dict[str, NDArray[np.float32]]


def read_weights(network: GoogLeNet, *, auxiliaries: bool = True) -> Weights:
    """Copies of all weights; `auxiliaries=False`: only those of the main path."""
    return {
        name: np.ascontiguousarray(tensor.detach().cpu().numpy(), dtype=np.float32).copy()
        for name, tensor in network.state_dict().items()
        if not name.endswith(COUNTER_SUFFIX) and (auxiliaries or not name.startswith(AUXILIARY_PREFIX))
    }


def to_model(network: GoogLeNet, classes: Sequence[str]) -> Model:
    """A model with the weights of a network from `from_pretrained`, trained or changed since, to be saved and used.

    `classes`: their names, in the order of the outputs. Auxiliary classifiers are left out, because only training needs
    them. Raises InputError for a network from elsewhere, ModelFileError if its weights no longer fit its table.
    """
    if isinstance(classes, str):
        raise wrong_type("classes", "a list of names", classes)
    if network.spec is None or network.preprocessing is None:
        raise InputError("only a network from GoogLeNet.from_pretrained knows its variant and its preprocessing")
    labels = tuple(ClassLabel(name, name) for name in classes)
    spec = replace(network.spec, classes=len(labels))
    weights = read_weights(network, auxiliaries=False)
    check_shapes(spec, {name: weight.shape for name, weight in weights.items()}, where="the network")
    model = Model(spec, weights, labels, network.preprocessing)
    check_model(model, where="the network")
    return model


def network_with_weights(architecture: Architecture, weights: Weights) -> GoogLeNet:
    """A network with these weights, with auxiliary classifiers if the weights include them."""
    network = GoogLeNet(architecture, auxiliaries=any(name.startswith(AUXILIARY_PREFIX) for name in weights))
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in weights.items()}
    counters = {name: value for name, value in network.state_dict().items() if name.endswith(COUNTER_SUFFIX)}
    network.load_state_dict(tensors | counters)
    return network
