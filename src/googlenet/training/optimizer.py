"""The optimisers by name, and the parameter groups with their weight decay and learning rates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch

from googlenet.architecture import Architecture, weight_shapes
from googlenet.errors import SettingsError
from googlenet.network import GoogLeNet
from googlenet.recipes import Recipe
from googlenet.training.muon import Muon

ADAMW_SQUARES = 0.99  # decay of the mean of squared gradients: short trainings cannot wait for 0.999

Group: TypeAlias = dict[str, Any]
"""A parameter group as torch's optimisers take it, with an additional `rate_factor`."""


def build_optimizer(network: GoogLeNet, recipe: Recipe, *, new: frozenset[str] | None = None) -> torch.optim.Optimizer:
    """The recipe's optimiser over the network's parameters; kernels and matrices have weight decay, others do not.

    `new`: the names of newly initialised parameters; the others come from another model and use `trunk_rate`; None if
    there is no other model. Raises SettingsError for a variant that the optimiser does not suit.
    """
    check_optimizer(recipe, network.architecture)
    parameters = dict(network.named_parameters())
    rates = [(list(parameters.values()), 1.0)]
    if new is not None:
        transferred = [parameter for name, parameter in parameters.items() if name not in new]
        rates = [(transferred, recipe.trunk_rate), ([parameters[name] for name in parameters if name in new], 1.0)]
    build_groups, build = OPTIMIZERS[recipe.optimizer]
    groups = [
        group | {"rate_factor": group.get("rate_factor", 1.0) * factor}
        for members, factor in rates
        for group in build_groups(members, recipe)
        if group["params"]
    ]
    return build(groups, recipe)


def check_optimizer(recipe: Recipe, architecture: Architecture) -> None:
    """Raise SettingsError for a variant that the recipe's optimiser does not suit."""
    if recipe.optimizer == "muon" and not any(".normalization." in name for name in weight_shapes(architecture)):
        raise SettingsError(
            f"optimizer=muon needs batch normalisation, which the variant {recipe.variant!r} does not have; "
            "use variant=batchnorm or optimizer=sgd"
        )


def _sgd_groups(parameters: list[torch.nn.Parameter], recipe: Recipe) -> list[Group]:
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _sgd(groups: list[Group], recipe: Recipe) -> torch.optim.Optimizer:
    nesterov = recipe.nesterov and recipe.momentum > 0
    sgd = torch.optim.SGD(groups, recipe.learning_rate, recipe.momentum, nesterov=nesterov, fused=True)
    if recipe.momentum:  # torch's fused SGD fails if only some parameters of a group, not those just unfrozen, have one
        for group in sgd.param_groups:
            sgd.state |= {one: {"momentum_buffer": torch.zeros_like(one)} for one in group["params"]}
    return sgd


def _adamw(groups: list[Group], recipe: Recipe) -> torch.optim.Optimizer:
    return torch.optim.AdamW(groups, recipe.learning_rate, (recipe.momentum, ADAMW_SQUARES), fused=True)


def _muon_groups(parameters: list[torch.nn.Parameter], recipe: Recipe) -> list[Group]:
    groups: list[Group] = [
        {"params": [p for p in parameters if p.ndim == 4], "orthogonal": True},
        {"params": [p for p in parameters if p.ndim == 2], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim == 1]},
    ]
    return groups[:1] + [group | {"rate_factor": recipe.vector_rate} for group in groups[1:]]


def _muon(groups: list[Group], recipe: Recipe) -> torch.optim.Optimizer:
    return Muon(groups, recipe.learning_rate, recipe.momentum)


OPTIMIZERS: dict[
    str,
    tuple[
        Callable[[list[torch.nn.Parameter], Recipe], list[Group]],
        Callable[[list[Group], Recipe], torch.optim.Optimizer],
    ],
] = {"sgd": (_sgd_groups, _sgd), "adamw": (_sgd_groups, _adamw), "muon": (_muon_groups, _muon)}
"""Name -> the functions that group the parameters and build the optimiser from the groups."""


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Set the learning rate of the next updates, for each group times its own factor."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate * group["rate_factor"]
