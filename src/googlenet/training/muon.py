"""Momentum with orthogonalised updates of convolution kernels (Muon; K. Jordan 2024, kellerjordan.github.io).

Plain momentum moves a kernel mostly along a few directions; an orthogonalised update moves it equally along all.
It is meant for kernels followed by batch normalisation: their norm has no effect, so it is kept fixed, and the learning
rate is an angle per step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic that pushes singular values towards 1 (Jordan 2024)
ITERATIONS = 3


class Muon(torch.optim.Optimizer):
    """Nesterov momentum; groups with `orthogonal` use the orthogonalised update, the others the plain one."""

    def __init__(self, groups: list[dict[str, Any]], learning_rate: float, momentum: float) -> None:
        """Groups have `params`, `weight_decay` and `orthogonal`; weight decay has no effect on orthogonal groups."""
        super().__init__(groups, {"lr": learning_rate, "momentum": momentum, "weight_decay": 0.0, "orthogonal": False})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Make one update from the gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)

    def _update(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        if group["weight_decay"]:
            gradient = gradient.add(parameter, alpha=group["weight_decay"])
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        buffer: Tensor = state["momentum_buffer"]
        buffer.mul_(group["momentum"]).add_(gradient)
        update = gradient.add(buffer, alpha=group["momentum"])
        if group["orthogonal"]:
            length = len(parameter) ** 0.5
            update = orthogonal_kernel(update)
            update.mul_(length / (update.norm() + 1e-7))
            parameter.mul_(length / parameter.norm())
        parameter.add_(update, alpha=-group["lr"])


def orthogonal_kernel(kernel: Tensor) -> Tensor:
    """A kernel (filters, channels, height, width) with the same singular vectors and singular values near 1."""
    filters, channels, height, width = kernel.shape
    # With channels last in memory, this order of the columns needs no copy; the result does not depend on it.
    matrix = kernel.permute(0, 2, 3, 1).reshape(filters, -1)
    return orthogonalised(matrix).reshape(filters, height, width, channels).permute(0, 3, 1, 2)


def orthogonalised(matrix: Tensor, *, iterations: int = ITERATIONS) -> Tensor:
    """Newton-Schulz on the smaller Gram matrix: every iterate is P @ matrix, so only P is iterated."""
    if len(matrix) > matrix.shape[1]:
        return orthogonalised(matrix.T, iterations=iterations).T
    a, b, c = COEFFICIENTS
    matrix = matrix / (matrix.norm() + 1e-7)
    gram = matrix @ matrix.T
    product = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    for _ in range(iterations):
        step = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        step.diagonal().add_(a)
        product = step @ product
        gram = step @ gram @ step
    return product @ matrix
