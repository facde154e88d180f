"""The units of a layer: which layer of a module each belongs to, and so what it sees."""

from __future__ import annotations

from googlenet.architecture import Architecture, LayerInfo, layer_names
from googlenet.architecture.layers import Inception


def unit_layers(architecture: Architecture, name: str, input_size: int | None = None) -> tuple[LayerInfo, ...]:
    """For each unit of a layer in `layer_names`, the layer that computes it.

    The units of a module are those of its branches, one branch after the other, which see squares of different sizes;
    all others belong to the layer itself.
    """
    known = layer_names(architecture, input_size)
    layer = known[name]
    parts = [layer]
    if layer.place == (layer.place[0],) and isinstance(architecture.rows[layer.place[0]].layers[-1], Inception):
        ends = {one.place[:3]: one for one in known.values() if one.row == layer.row and len(one.place) == 4}
        last = max(place[1] for place in ends)
        parts = [one for place, one in ends.items() if place[1] == last]
    return tuple(part for part in parts for _ in range(part.shape[2]))
