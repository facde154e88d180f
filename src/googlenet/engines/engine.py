"""The interface of engines: uint8 RGB squares in, `Outputs` out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError

CPU = "cpu"

Extra: TypeAlias = Literal["features", "feature_maps"]
"""The optional outputs of a network, computed only on request, by their names in `Outputs`."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Outputs:
    """The outputs of a network for N squares.

    `probabilities`: (N, classes) float32; `features`: (N, F) float32, the input of the last layer; `feature_maps`:
    (N, F, h, w) float32, whose average is `features`. The last two are None if they were not requested or if the engine
    does not have them.
    """

    probabilities: NDArray[np.float32]
    features: NDArray[np.float32] | None = None
    feature_maps: NDArray[np.float32] | None = None

    def __repr__(self) -> str:
        return f"<Outputs: {self.probabilities.shape[0]} squares, {self.probabilities.shape[1]:,} classes>"


class Engine(Protocol):
    """Something that runs a model.

    The first operation of an engine is the model's own preprocessing (mean, scale, channel order).
    """

    @property
    def name(self) -> str:
        """Short name, with the device if there are several."""
        ...

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        """Run squares (N, S, S, 3) uint8 RGB, N >= 1; `also` names outputs beside the probabilities."""
        ...


class LayerEngine(Protocol):
    """An engine that was opened for layers of a network instead of its answer."""

    @property
    def name(self) -> str:
        """As that of the engine."""
        ...

    def run_layers(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """Run squares (N, S, S, 3) uint8 RGB, N >= 1: the outputs of the layers, (N, C, h, w), of linear ones (N, C).

        Batch normalisation belongs to its convolution, before the ReLU.
        """
        ...


def check_cpu(engine: str, device: str | None) -> None:
    """Raise InputError for a device other than the CPU."""
    if device not in (None, CPU):
        raise InputError(
            f"the engine {engine} runs only on the CPU, not on {device!r}; use --engine torch for other devices"
        )
