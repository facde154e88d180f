"""Outputs of layers by name, computed no further than the last one asked for; gradients flow through them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from googlenet.errors import InputError
from googlenet.network.blocks import Convolution, Inception, Linear
from googlenet.network.googlenet import GoogLeNet
from googlenet.suggestions import did_you_mean


def tap(network: GoogLeNet, x: Tensor, names: Iterable[str], *, before_relu: bool = False) -> dict[str, Tensor]:
    """The outputs of the named layers for `x` (N, channels, H, W) float, in the order of `names`.

    A name is a row (`conv2`, `4a`) or a layer of one (`4a/3x3`, `conv2/conv2_reduce`). Nothing behind the last of them
    is computed. `before_relu`: the outputs of convolutions before their ReLU; that of a module is their concatenation.
    Outputs are (N, C, h, w), those of linear layers (N, C). Raises InputError for a name that the network does not
    have, for one without a ReLU where `before_relu` asks for it, and for an input that is too small.
    """
    names = list(names)
    known = layers_with_relu(network)
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known, otherwise=f"its layers are {', '.join(known)}")
            raise InputError(f"the network has no layer {name!r}; {hint}")
        if before_relu and not known[name]:
            raise InputError(f"the layer {name!r} does not end with a ReLU, so it has no output before one")
    rows = list(network.rows)
    last = max((rows.index(_row(name)) for name in names), default=-1)
    if last >= 0:
        part = replace(network.architecture, rows=network.architecture.rows[: last + 1], auxiliaries=())
        network.check_input(part, x)
    walk = _Walk(frozenset(names), before_relu=before_relu)
    for row in rows[: last + 1]:
        x = walk.row(network, row, x, is_last=row == rows[last])
    return {name: walk.found[name] for name in names}


def layers_with_relu(network: GoogLeNet) -> dict[str, bool]:
    """The names that `tap` takes, in the order of the network, and whether the layer ends with a ReLU."""
    known: dict[str, bool] = {}
    for row, children in network.rows.items():
        modules = [network.get_submodule(child) for child in children]
        known |= {
            f"{row}/{inner}": _has_relu(module.get_submodule(inner))
            for module in modules
            if isinstance(module, Inception)
            for branch in module.branches
            for inner in branch
        }
        if len(children) > 1:
            known |= {f"{row}/{child}": _has_relu(module) for child, module in zip(children, modules, strict=True)}
        if children:
            known[row] = _has_relu(modules[-1])
    return known


def _row(name: str) -> str:
    return name.partition("/")[0]


def _has_relu(module: nn.Module) -> bool:
    return isinstance(module, Convolution | Inception) or (isinstance(module, Linear) and module.relu)


@dataclass(frozen=True, slots=True)
class _Walk:
    """One way through the network; `found` fills as it goes."""

    wanted: frozenset[str]
    before_relu: bool
    found: dict[str, Tensor] = field(default_factory=dict)

    def row(self, network: GoogLeNet, row: str, x: Tensor, *, is_last: bool) -> Tensor:
        """Run a row; of the last one's module only the branches that are asked for."""
        before = x
        for child in network.rows[row]:
            module = network.get_submodule(child)
            if isinstance(module, Inception):
                x, before = self.module(module, row, x, whole=not is_last or row in self.wanted)
            else:
                x, before = self.layer(module, x)
                self.keep(f"{row}/{child}", x, before)
        self.keep(row, x, before)
        return x

    def module(self, module: Inception, row: str, x: Tensor, *, whole: bool) -> tuple[Tensor, Tensor]:
        """Run a module, all of it or the branches with a layer that is asked for: after and before the ReLUs."""
        ends, ends_before = [], []
        for branch in module.branches:
            if not whole and self.wanted.isdisjoint(f"{row}/{inner}" for inner in branch):
                continue
            end = before = x
            for inner in branch:
                end, before = self.layer(module.get_submodule(inner), end)
                self.keep(f"{row}/{inner}", end, before)
            ends.append(end)
            ends_before.append(before)
        together = torch.cat(ends, 1)
        return together, torch.cat(ends_before, 1) if self.before_relu and row in self.wanted else together

    def layer(self, module: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
        """A layer's output after and, where that is asked for, before its ReLU."""
        if self.before_relu and isinstance(module, Convolution | Linear):
            before = module.before_relu(x)
            return F.relu(before) if _has_relu(module) else before, before
        x = module(x)
        return x, x

    def keep(self, name: str, output: Tensor, before: Tensor) -> None:
        """Keep the output if it is asked for."""
        if name in self.wanted:
            self.found[name] = before if self.before_relu else output
