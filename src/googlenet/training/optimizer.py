"""The optimisers by name, and which weights decay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from googlenet.architecture import Architecture, weight_shapes
from googlenet.errors import SettingsError
from googlenet.network import GoogLeNet
from googlenet.recipes import Recipe
from googlenet.training.muon import Muon


def build_optimizer(network: GoogLeNet, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser over the network's parameters; kernels and matrices decay, biases and norms do not.

    Raises SettingsError for a variant that the optimiser does not suit.
    """
    return OPTIMIZERS[recipe.optimizer](network, recipe)


def check_optimizer(recipe: Recipe, architecture: Architecture) -> None:
    """Raise SettingsError for a variant that the recipe's optimiser does not suit."""
    if recipe.optimizer == "muon" and not any(".normalization." in name for name in weight_shapes(architecture)):
        raise SettingsError(
            f"optimizer=muon is for networks with batch normalisation, which the variant {recipe.variant!r} has not; "
            "take variant=batchnorm or optimizer=sgd"
        )


def _sgd(network: GoogLeNet, recipe: Recipe) -> torch.optim.Optimizer:
    groups = [
        {"params": [p for p in network.parameters() if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    nesterov = recipe.nesterov and recipe.momentum > 0
    return torch.optim.SGD(groups, recipe.learning_rate, recipe.momentum, nesterov=nesterov, fused=True)


def _muon(network: GoogLeNet, recipe: Recipe) -> torch.optim.Optimizer:
    check_optimizer(recipe, network.architecture)
    parameters = list(network.parameters())
    groups: list[dict[str, Any]] = [
        {"params": [p for p in parameters if p.ndim == 4], "orthogonal": True},
        {"params": [p for p in parameters if p.ndim == 2], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim == 1]},
    ]
    for group in groups[1:]:
        group["rate_factor"] = recipe.vector_rate
    return Muon(groups, recipe.learning_rate, recipe.momentum)


OPTIMIZERS: dict[str, Callable[[GoogLeNet, Recipe], torch.optim.Optimizer]] = {"sgd": _sgd, "muon": _muon}


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Give the parameters this rate from the next update on, each group times its own factor."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate * group.get("rate_factor", 1.0)
