"""Averages of the weights over a training, for use at test time (paper, Section 6).

`polyak` is the plain mean of the iterates (Polyak and Juditsky 1992), `exponential` their exponential moving average.
Running statistics of batch normalisation are averaged in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from googlenet.recipes import Recipe


def _polyak_share(count: int, decay: float) -> float:
    return 1 / count


def _exponential_share(count: int, decay: float) -> float:
    """1 - decay, but larger for the first iterates, so that their weight fades quickly."""
    return 1 - min(decay, (1 + count) / (10 + count))


SHARES: dict[str, Callable[[int, float], float]] = {"polyak": _polyak_share, "exponential": _exponential_share}
"""Name -> the weight of the newest iterate, from the number of iterates (from 1) and the decay."""


@dataclass(slots=True)
class WeightAverage:
    """The average of a network's weights by name; empty until it has started, and always for the kind "none"."""

    kind: str
    decay: float
    start: float
    count: int = 0
    values: dict[str, Tensor] = field(default_factory=dict)

    @classmethod
    def from_recipe(cls, recipe: Recipe) -> WeightAverage:
        """An average that has not started."""
        return cls(recipe.averaging, recipe.averaging_decay, recipe.averaging_start)

    @torch.no_grad()
    def update(self, network: nn.Module, progress: float) -> None:
        """Add the weights after a step, once `progress` (0 to 1) has reached `start`."""
        if self.kind == "none" or progress < self.start:
            return
        weights = floating_state(network)
        self.count += 1
        if not self.values:
            self.values = {name: weight.clone() for name, weight in weights.items()}
            return
        share = SHARES[self.kind](self.count, self.decay)
        torch._foreach_lerp_(list(self.values.values()), [weights[name] for name in self.values], share)

    @torch.no_grad()
    def copy_to(self, network: nn.Module, *, fallback: nn.Module) -> None:
        """Copy the average into `network`, or the weights of `fallback` if it has not started."""
        source = self.values or floating_state(fallback)
        for name, weight in floating_state(network).items():
            weight.copy_(source[name])


def floating_state(network: nn.Module) -> dict[str, Tensor]:
    """All weights and running statistics by name, without integer counters."""
    return {name: tensor.detach() for name, tensor in network.state_dict().items() if tensor.is_floating_point()}
