"""What every reader of a foreign file gives: weights by our names, and all that is known and assumed about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import PAPER, ArchitectureSpec
from googlenet.images import Preprocessing
from googlenet.model import AUXILIARY_PREFIX


class HasShape(Protocol):
    """An array, or a tensor that is not read yet."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of its axes."""


T = TypeVar("T", bound=HasShape)

AUXILIARY_CLASSIFIERS = tuple(f"{auxiliary.name}.linear" for auxiliary in PAPER.auxiliaries)


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


def classes_of(named: Mapping[str, HasShape], default: int) -> int:
    """How many classes weights by our names have: what their classifiers say, the main one's first; else `default`."""
    classifiers = ("linear", *AUXILIARY_CLASSIFIERS)
    counts = (outputs_of(named, f"{name}.{part}") for part in ("weight", "bias") for name in classifiers)
    return next((count for count in counts if count), default)


def outputs_of(named: Mapping[str, HasShape], weight: str) -> int | None:
    """The outputs of a linear layer by its matrix or its bias; None where there is none, or it is neither."""
    expected = 1 if weight.endswith(".bias") else 2
    found = named.get(weight)
    return None if found is None or len(found.shape) != expected else found.shape[0]


def with_fitting_auxiliaries(named: dict[str, T]) -> tuple[dict[str, T], tuple[str, ...]]:
    """The weights without auxiliary classifiers whose outputs are not as many as the main one's, and a sentence if so.

    Whoever fine-tunes a network replaces its main classifier and often forgets the others.
    """
    main = outputs_of(named, "linear.weight")
    others = {outputs_of(named, f"{name}.weight") for name in AUXILIARY_CLASSIFIERS}
    different = sorted(count for count in others if count is not None and count != main)
    if main is None or not different:
        return named, ()
    kept = {name: weight for name, weight in named.items() if not name.startswith(AUXILIARY_PREFIX)}
    told = f"the auxiliary classifiers are dropped: they have {different[0]:,} outputs, the main one has {main:,}"
    return kept, (told,)


def with_plain_classifier(state: Mapping[str, T], classifier: str) -> tuple[dict[str, T], tuple[str, ...]]:
    """A classifier that stands in an `nn.Sequential`, as `fc.1`, by its own name again, and a sentence if so."""
    inside = {name.rpartition(".")[0] for name in state if name.startswith(f"{classifier}.")}
    if len(inside) != 1 or inside == {classifier}:
        return dict(state), ()
    (found,) = inside
    renamed = {
        classifier + name.removeprefix(found) if name.startswith(f"{found}.") else name: tensor
        for name, tensor in state.items()
    }
    return renamed, (f"{found!a} is taken as {classifier!r}, with nothing but dropout beside it",)
