"""Outputs of layers by name, computed no further than the last one asked for; gradients flow through them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from googlenet.architecture import Architecture
from googlenet.architecture.layer_names import LayerInfo, check_has_relu, find_layer, layer_names
from googlenet.network.blocks import FLATTEN, Convolution, Inception, LinearWithReLU
from googlenet.network.googlenet import GoogLeNet


def tap(network: GoogLeNet, x: Tensor, names: str | Iterable[str], *, before_relu: bool = False) -> dict[str, Tensor]:
    """The outputs of the named layers for `x` (N, channels, H, W) float, by the names as they were given.

    Names are those of `layer_names` (`conv2`, `4a`, `4a/3x3`) and all that `find_layer` knows. Nothing behind the last
    of them is computed. `before_relu`: all of them before their ReLU; that of a module is the concatenation of its
    branches before theirs. Outputs are (N, C, h, w), that of the last layer (N, C). Raises InputError for an unknown
    name, for a layer without a ReLU where its input is asked for, and for a picture that is too small.
    """
    names = [names] if isinstance(names, str) else names
    asked = {name: _find(network.architecture, name, before_relu) for name in names}
    rows = list(network.rows)
    last = max((layer.place[0] for layer, _ in asked.values()), default=-1)
    network.check_input(x, rows=last + 1)
    walk = _Walk(frozenset((layer.place, before) for layer, before in asked.values()))
    for number, row in enumerate(rows[: last + 1]):
        x = walk.row(network, row, x, number, is_last=number == last)
    return {name: walk.found[layer.place, before] for name, (layer, before) in asked.items()}


@lru_cache(maxsize=1024)
def _find(architecture: Architecture, name: str, before_relu: bool) -> tuple[LayerInfo, bool]:
    """The layer of a name, and whether it is asked for before its ReLU."""
    known, before = find_layer(architecture, name)
    layer = layer_names(architecture)[known]
    if before_relu:
        check_has_relu(layer)
    return layer, before or before_relu


_Place = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Walk:
    """One way through the network; `wanted` and `found` are by a layer's place and whether before its ReLU."""

    wanted: frozenset[tuple[_Place, bool]]
    found: dict[tuple[_Place, bool], Tensor] = field(default_factory=dict)

    @property
    def places(self) -> frozenset[_Place]:
        """Of all layers that are asked for."""
        return frozenset(place for place, _ in self.wanted)

    @property
    def any_before(self) -> bool:
        """Whether any is asked for before its ReLU."""
        return any(before for _, before in self.wanted)

    def row(self, network: GoogLeNet, row: str, x: Tensor, number: int, *, is_last: bool) -> Tensor:
        """Run a row; of the last one's module only the branches that are asked for."""
        before = x
        children = [child for child in network.rows[row] if child != FLATTEN]
        for child in network.rows[row]:
            module = getattr(network, child)
            if child == FLATTEN:
                x = module(x)
                continue
            place = (number, children.index(child))
            if isinstance(module, Inception):
                x, before = self.module(module, x, place, whole=not is_last or (number,) in self.places)
            else:
                x, before = self.layer(module, x, place)
        self.keep((number,), x, before)
        return x

    def module(self, module: Inception, x: Tensor, place: _Place, *, whole: bool) -> tuple[Tensor, Tensor]:
        """Run a module, all of it or the branches with a layer that is asked for: after and before the ReLUs."""
        after, before = [], []
        for number, branch in enumerate(module.branches):
            places = [(*place, number, layer) for layer in range(len(branch))]
            if whole or not self.places.isdisjoint(places):
                end = end_before = x
                for child, inner in zip(branch, places, strict=True):
                    end, end_before = self.layer(getattr(module, child), end, inner)
                after.append(end)
                before.append(end_before)
        together = torch.cat(after, 1)
        return together, torch.cat(before, 1) if (place[:1], True) in self.wanted else together

    def layer(self, module: nn.Module, x: Tensor, place: _Place) -> tuple[Tensor, Tensor]:
        """A layer's output after and, where anything is asked for before a ReLU, before its own."""
        if self.any_before and isinstance(module, Convolution | LinearWithReLU):
            before = module.before_relu(x)
            x = F.relu(before)
        else:
            before = x = module(x)
        self.keep(place, x, before)
        return x, before

    def keep(self, place: _Place, output: Tensor, before: Tensor) -> None:
        """Keep what is asked for of an output."""
        for before_relu, value in ((False, output), (True, before)):
            if (place, before_relu) in self.wanted:
                self.found[place, before_relu] = value
