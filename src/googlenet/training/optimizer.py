"""The optimisers by name, and which weights decay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from googlenet.network import GoogLeNet
from googlenet.recipes import Recipe


def build_optimizer(network: GoogLeNet, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser over the network's parameters; kernels and matrices decay, biases and norms do not."""
    groups = [
        {"params": [p for p in network.parameters() if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return OPTIMIZERS[recipe.optimizer](groups, recipe)


def _sgd(groups: list[dict[str, Any]], recipe: Recipe) -> torch.optim.Optimizer:
    nesterov = recipe.nesterov and recipe.momentum > 0
    return torch.optim.SGD(groups, recipe.learning_rate, recipe.momentum, nesterov=nesterov, fused=True)


OPTIMIZERS: dict[str, Callable[[list[dict[str, Any]], Recipe], torch.optim.Optimizer]] = {"sgd": _sgd}


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Give all parameters this rate from the next update on."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
