"""The torch module of an architecture: its rows in order, and auxiliary classifiers that only run in training."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

import torch
import torch.fx
from torch import Tensor, nn

from googlenet.architecture import (
    HEADS,
    Architecture,
    ArchitectureSpec,
    build_architecture,
    check_input_size,
    row_shapes,
)
from googlenet.architecture.layers import Linear
from googlenet.argument_types import PathArgument, as_count
from googlenet.errors import InputError
from googlenet.images import Preprocessing
from googlenet.model import Model
from googlenet.network.blocks import Path, add_layers, run
from googlenet.network.feature_info import FeatureInfo, feature_info
from googlenet.network.initialization import initialize
from googlenet.network.pretrained import pretrained_model
from googlenet.suggestions import did_you_mean


class HeadLogits(NamedTuple):
    """Logits (N, classes) of each of `HEADS`; a head that did not run is None."""

    main: Tensor
    auxiliary_4a: Tensor | None
    auxiliary_4d: Tensor | None


# `torch.export.save` writes the types of outputs by names that it has to be told; there is no public way yet.
if register := getattr(torch.utils._pytree, "_register_namedtuple", None):
    register(HeadLogits, serialized_type_name="googlenet.network.HeadLogits")


class ForwardFeatures(NamedTuple):
    """The main head's logits (N, classes) and the features they were computed from.

    `feature_maps`: (N, F, h, w), the output of the last module; `features`: (N, F), the input of the last layer.
    """

    logits: Tensor
    features: Tensor
    feature_maps: Tensor


class GoogLeNet(nn.Module):
    """A network built from its table; modules and weights are named after the table.

    `state_dict` has the names of model files: `conv1.weight`, `3a.5x5_reduce.bias`, `linear.weight`,
    `auxiliary_4a.convolution.weight`; a convolution with batch normalisation has `3a.1x1.normalization.weight` ...
    in place of its bias. Any module may be replaced by another that takes its input: `network.linear = nn.Identity()`.
    """

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
        self.spec: ArchitectureSpec | None = None  # these two are known of pretrained networks
        self.preprocessing: Preprocessing | None = None
        shapes = {"": architecture.input_shape} | row_shapes(architecture)
        before = dict(zip(shapes, list(shapes)[1:], strict=False))
        self.rows = {
            row_name: add_layers(self, row.layers, shapes[previous], row=row.name)
            for row, (previous, row_name) in zip(architecture.rows, before.items(), strict=True)
        }
        self._checked_sizes: set[tuple[int | None, bool, tuple[int, ...]]] = set()
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

    @classmethod
    def from_pretrained(
        cls,
        model: PathArgument | Model,
        *,
        classes: int | None = None,
        auxiliaries: bool = False,
        generator: torch.Generator | None = None,
    ) -> GoogLeNet:
        """The network of a model file, a run folder or a name such as "bvlc", with its `preprocessing`.

        `classes`: how many classes it is to have; if the model has another number, the layers that give the logits are
        new. `auxiliaries`: whether it has auxiliary classifiers; if the model has none, they are new. New layers are
        initialized by `generator`. Raises InputError for anything that is not one network, ModelFileError for a damaged
        file.
        """
        loaded = pretrained_model(model)
        count = len(loaded.classes) if classes is None else as_count(classes, "classes")
        spec = replace(loaded.spec, classes=count)
        network = cls(build_architecture(spec), auxiliaries=auxiliaries, generator=generator)
        state = network.state_dict()
        new = () if count == len(loaded.classes) else tuple(f"{name}." for name in network.architecture.classifiers)
        network.load_state_dict(
            {
                name: torch.from_numpy(weight)
                for name, weight in loaded.weights.items()
                if name in state and not name.startswith(new)
            },
            strict=False,
        )
        network.spec, network.preprocessing = spec, loaded.preprocessing
        return network

    def forward(self, x: Tensor) -> HeadLogits:
        """(N, channels, H, W) float, from `to_network_input` -> logits of each head.

        Raises InputError for an input size that the network does not accept, with those that it does.
        """
        auxiliary_heads = self.training and bool(self.auxiliaries)
        self.check_input(x, auxiliaries=auxiliary_heads)
        auxiliary_logits: dict[str, Tensor] = {}
        for name, layers in self.rows.items():
            x = run(self, layers, x)
            if auxiliary_heads and name in self.auxiliaries:
                auxiliary = self.auxiliaries[name]
                auxiliary_logits[auxiliary] = getattr(self, auxiliary)(x)
        return HeadLogits(x, *(auxiliary_logits.get(head) for head in HEADS[1:]))

    def forward_features(self, x: Tensor) -> ForwardFeatures:
        """Like `forward` for the main path only, with the features and feature maps."""
        self.check_input(x)
        feature_maps = features = x
        for row in self.architecture.rows:
            if any(isinstance(layer, Linear) for layer in row.layers):
                features = x.flatten(1)
            x = run(self, self.rows[row.name], x)
            if row.kind == "inception":
                feature_maps = x
        return ForwardFeatures(x, features, feature_maps)

    @property
    def feature_info(self) -> FeatureInfo:
        """Name, channels and stride of each of the `features`."""
        return feature_info(self.architecture)

    def features(self, x: Tensor, names: str | Collection[str] | None = None) -> dict[str, Tensor]:
        """The feature maps of `conv1`, `pool1` ... `5b` by name, each (N, C, H, W), for use as a backbone.

        With `names`, only those, and nothing behind the last of them is computed. Raises InputError for names that are
        not in `feature_info`, and for an input that is too small, with the smallest size.
        """
        rows = [row.name for row in self.architecture.backbone.rows]
        wanted = rows if names is None else [names] if isinstance(names, str) else names
        for name in wanted:
            if name not in rows:
                hint = did_you_mean(name, rows, otherwise=f"there are {', '.join(rows)}")
                raise InputError(f"no feature maps are called {name!r}; {hint}")
        rows = rows[: max((rows.index(name) for name in wanted), default=-1) + 1]
        self.check_input(x, rows=len(rows))
        feature_maps = {}
        for row in rows:
            x = run(self, self.rows[row], x)
            if row in wanted:
                feature_maps[row] = x
        return feature_maps

    def check_input(self, x: Tensor, *, rows: int | None = None, auxiliaries: bool = False) -> None:
        """Raise InputError for an input size that the first `rows` do not accept (default: all), with those they do.

        Each size is checked once, because the check takes milliseconds; not while torch traces or compiles, which knows
        no sizes.
        """
        if torch.compiler.is_compiling() or isinstance(x, torch.fx.Proxy):
            return
        key = (rows, auxiliaries, tuple(x.shape[2:]))
        if key not in self._checked_sizes:
            part = replace(self.architecture, rows=self.architecture.rows[:rows])
            for input_size in x.shape[2:]:
                check_input_size(part, input_size, auxiliaries=auxiliaries)
            self._checked_sizes.add(key)

    def extra_repr(self) -> str:
        """Variant and input size."""
        return f"variant={self.architecture.variant!r}, input_size={self.architecture.input_size}"
