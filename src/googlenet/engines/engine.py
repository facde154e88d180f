"""The narrow waist: everything that runs a model takes uint8 RGB squares and gives `Outputs`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError

CPU = "cpu"

Extra: TypeAlias = Literal["features", "feature_maps"]
"""The outputs of a network that are given only where they are asked for, by their names in `Outputs`."""


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """What a network says about N squares, by name.

    `probabilities`: (N, classes) float32; `features`: (N, F) float32, for the last layer; `feature_maps`: (N, F, h, w)
    float32, the grid that `features` is the average of. The last two are None where nobody asked for them, and where
    an engine does not have them.
    """

    probabilities: NDArray[np.float32]
    features: NDArray[np.float32] | None = None
    feature_maps: NDArray[np.float32] | None = None


class Engine(Protocol):
    """Something that runs a model: `name` says what, `run` does it.

    Preprocessing (mean, scale, channel order) is an engine's first operation, from the model's own record.
    """

    @property
    def name(self) -> str:
        """Short name, with the device where there are several."""
        ...

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        """Run squares (N, S, S, 3) uint8 RGB, N from 1; `also` names what is wanted beside the probabilities."""
        ...


def check_cpu(engine: str, device: str | None) -> None:
    """Raise InputError for a device that an engine of the CPU cannot run on."""
    if device not in (None, CPU):
        raise InputError(f"the engine {engine} runs on the CPU, not on {device!r}; --engine torch takes a device")
