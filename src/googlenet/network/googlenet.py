"""The torch module of an architecture: its rows in order, and auxiliary classifiers that only run in training."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from googlenet.architecture import HEADS, Architecture, check_input_size, row_shapes
from googlenet.architecture.layers import Linear
from googlenet.errors import InputError
from googlenet.network.blocks import Path, add_layers, run
from googlenet.network.initialization import initialize


class HeadLogits(NamedTuple):
    """Logits (N, classes) of each of `HEADS`; a head that did not run is None."""

    main: Tensor
    auxiliary_4a: Tensor | None
    auxiliary_4d: Tensor | None


class ForwardFeatures(NamedTuple):
    """The main head's logits (N, classes) and the features they were computed from.

    `feature_maps`: (N, F, h, w), the output of the last module; `features`: (N, F), the input of the last layer.
    """

    logits: Tensor
    features: Tensor
    feature_maps: Tensor


class GoogLeNet(nn.Module):
    """A network built from its table; weights are named after the table (`3a.5x5_reduce.weight`)."""

    def __init__(
        self,
        architecture: Architecture,
        *,
        auxiliaries: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        """Build and initialize; `auxiliaries=False` builds no auxiliary classifiers, for inference.

        Raises InputError for auxiliary classifiers other than those in `HeadLogits`.
        """
        super().__init__()
        self.architecture = architecture
        shapes = {"": architecture.input_shape} | row_shapes(architecture)
        before = dict(zip(shapes, list(shapes)[1:], strict=False))
        self.rows = {
            row_name: add_layers(self, row.layers, shapes[previous], row=row.name)
            for row, (previous, row_name) in zip(architecture.rows, before.items(), strict=True)
        }
        self._checked_sizes: set[tuple[str, bool, tuple[int, ...]]] = set()
        self.auxiliaries: dict[str, str] = {}  # row -> the auxiliary classifier on its output
        for auxiliary in architecture.auxiliaries if auxiliaries else ():
            if auxiliary.name not in HEADS or auxiliary.after not in self.rows or auxiliary.after in self.auxiliaries:
                raise InputError(
                    f"the auxiliary classifier {auxiliary.name!r} after {auxiliary.after!r} cannot be built: "
                    f"a network can have {' and '.join(HEADS[1:])}, each after a different row of its table"
                )
            self.add_module(auxiliary.name, Path(auxiliary.layers, shapes[auxiliary.after]))
            self.auxiliaries[auxiliary.after] = auxiliary.name
        initialize(self, generator or torch.Generator().manual_seed(0))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> HeadLogits:
        """(N, channels, H, W) float, from `to_network_input` -> logits of each head.

        Raises InputError for an input size that the network does not accept, with those that it does.
        """
        auxiliary_heads = self.training and bool(self.auxiliaries)
        self.check_input(self.architecture, x, auxiliaries=auxiliary_heads)
        auxiliary_logits: dict[str, Tensor] = {}
        for name, layers in self.rows.items():
            x = run(self, layers, x)
            if auxiliary_heads and name in self.auxiliaries:
                auxiliary = self.auxiliaries[name]
                auxiliary_logits[auxiliary] = self.get_submodule(auxiliary)(x)
        return HeadLogits(x, *(auxiliary_logits.get(head) for head in HEADS[1:]))

    def forward_features(self, x: Tensor) -> ForwardFeatures:
        """Like `forward` for the main path only, with the features and feature maps."""
        self.check_input(self.architecture, x, auxiliaries=False)
        feature_maps = features = x
        for row in self.architecture.rows:
            if any(isinstance(layer, Linear) for layer in row.layers):
                features = x.flatten(1)
            x = run(self, self.rows[row.name], x)
            if row.kind == "inception":
                feature_maps = x
        return ForwardFeatures(x, features, feature_maps)

    def features(self, x: Tensor) -> dict[str, Tensor]:
        """The feature maps of `conv2`, `3a` ... `5b` by name, each (N, C, H, W), for use as a backbone.

        Raises InputError for an input that is too small, with the smallest size.
        """
        backbone = self.architecture.backbone
        self.check_input(backbone, x, auxiliaries=False)
        feature_maps = {}
        for row in backbone.rows:
            x = run(self, self.rows[row.name], x)
            if row.name == "conv2" or row.kind == "inception":
                feature_maps[row.name] = x
        return feature_maps

    def check_input(self, architecture: Architecture, x: Tensor, *, auxiliaries: bool = False) -> None:
        """Check each input size once, because the check takes milliseconds."""
        key = (architecture.rows[-1].name, auxiliaries, tuple(x.shape[2:]))
        if key not in self._checked_sizes:
            for input_size in x.shape[2:]:
                check_input_size(architecture, input_size, auxiliaries=auxiliaries)
            self._checked_sizes.add(key)
