"""The output of any layer of a network, by name, computed no further than the last one that is asked for."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from googlenet.errors import InputError
from googlenet.network.blocks import Convolution, Inception
from googlenet.network.googlenet import GoogLeNet


def tap(
    network: GoogLeNet, x: Tensor, names: Iterable[str], *, before_relu: bool = False
) -> dict[str, Tensor]:
    """The outputs of the named layers, in the order of the network; differentiable.

    `x`: (N, channels, H, W) float, from `to_network_input`. A name is a row (`4a`), or a row and one of its layers
    (`4a/3x3_reduce`, `conv2/conv2_reduce`). With `before_relu` a convolution's values are those before its ReLU, and a
    module's the concatenation of those of its branches. Raises InputError for a name that the network lacks.
    """
    wanted, found = set(names), dict[str, Tensor]()
    for row, children in network.rows.items():
        if wanted <= found.keys():
            break
        for child in children:
            module = network.get_submodule(child)
            if isinstance(module, Inception):
                x, last = _tap_module(module, row, x, wanted, found, before_relu=before_relu)
            else:
                x, last = _run(module, x, before_relu=before_relu)
                if f"{row}/{child}" in wanted:
                    found[f"{row}/{child}"] = last
        if row in wanted:
            found[row] = last if children else x
    if missing := sorted(wanted - found.keys()):
        raise InputError(f"the network has no layer {missing[0]!r}")
    return found


def _tap_module(
    module: Inception, row: str, x: Tensor, wanted: set[str], found: dict[str, Tensor], *, before_relu: bool
) -> tuple[Tensor, Tensor]:
    """The module's output, and the values that are called by its name."""
    outputs, lasts = [], []
    for branch in module.branches:
        y = last = x
        for child in branch:
            y, last = _run(module.get_submodule(child), y, before_relu=before_relu)
            name = f"{row}/{'pool' if child.startswith('layer_') else child}"
            if name in wanted:
                found[name] = last
        outputs.append(y)
        lasts.append(last)
    output = torch.cat(outputs, 1)
    return output, torch.cat(lasts, 1) if before_relu and row in wanted else output


def _run(module: nn.Module, x: Tensor, *, before_relu: bool) -> tuple[Tensor, Tensor]:
    """A layer's output, and the same before its ReLU where that is asked for and it has one."""
    if before_relu and isinstance(module, Convolution):
        before = module.before_relu(x)
        return F.relu(before), before
    x = module(x)
    return x, x
