"""What every reader of a foreign file gives: weights by our names, and all that is known and assumed about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec
from googlenet.images import Preprocessing


@dataclass(frozen=True, slots=True)
class MappedLayer:
    """A row of the layer map: a layer's name in the file, its name here, the shape of its kernel or matrix."""

    theirs: str
    ours: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """The network in a foreign file, its names and shapes checked against the architecture.

    `assumptions`: sentences about what the file does not say and was taken for granted. `numbered`: whether outputs
    without names may be called by their numbers, because no list of them was ever published with the weights.
    """

    spec: ArchitectureSpec
    weights: dict[str, NDArray[np.float32]]
    preprocessing: Preprocessing
    layers: tuple[MappedLayer, ...]
    assumptions: tuple[str, ...] = ()
    numbered: bool = False


def in_quotes(theirs: str) -> str:
    """A name of the file that has no name here, so that it can never be taken for one of ours."""
    return f"'{theirs}'"
