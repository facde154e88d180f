"""The result of every importer: weights by our names, and what is known and assumed about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import PAPER, ArchitectureSpec
from googlenet.images import Preprocessing
from googlenet.model import AUXILIARY_PREFIX, ClassLabel


class HasShape(Protocol):
    """An array, or a tensor that has not been read yet."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of its axes."""


T = TypeVar("T", bound=HasShape)

AUXILIARY_CLASSIFIERS = tuple(f"{auxiliary.name}.linear" for auxiliary in PAPER.auxiliaries)


@dataclass(frozen=True, slots=True)
class MappedLayer:
    """A row of the layer map: a layer's name in the file, our name, and the shape of its kernel or matrix."""

    theirs: str
    ours: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """The network in a foreign file; names and shapes match the architecture.

    `assumptions`: sentences about what the file does not state and was assumed. `labels`: the classes, if they are
    known from elsewhere.
    """

    spec: ArchitectureSpec
    weights: dict[str, NDArray[np.float32]]
    preprocessing: Preprocessing
    layers: tuple[MappedLayer, ...]
    assumptions: tuple[str, ...] = ()
    labels: tuple[ClassLabel, ...] | None = None


def in_quotes(theirs: str) -> str:
    """An unknown name of a file, quoted so that it cannot be mistaken for one of ours."""
    return f"'{theirs}'"


def classes_of(named: Mapping[str, HasShape], default: int) -> int:
    """Number of classes in weights by our names: from the classifiers, the main one first; else `default`."""
    classifiers = ("linear", *AUXILIARY_CLASSIFIERS)
    counts = (outputs_of(named, f"{name}.{part}") for part in ("weight", "bias") for name in classifiers)
    return next((count for count in counts if count), default)


def outputs_of(named: Mapping[str, HasShape], weight: str) -> int | None:
    """Number of outputs of a linear layer, from its matrix or bias; None if it is missing or has another shape."""
    expected = 1 if weight.endswith(".bias") else 2
    found = named.get(weight)
    return None if found is None or len(found.shape) != expected else found.shape[0]


def with_fitting_auxiliaries(named: dict[str, T]) -> tuple[dict[str, T], tuple[str, ...]]:
    """Drop auxiliary classifiers with another number of classes than the main one, with a sentence if so.

    When a network is fine-tuned, often only its main classifier is replaced.
    """
    main = outputs_of(named, "linear.weight")
    others = {outputs_of(named, f"{name}.weight") for name in AUXILIARY_CLASSIFIERS}
    different = sorted(count for count in others if count is not None and count != main)
    if main is None or not different:
        return named, ()
    kept = {name: weight for name, weight in named.items() if not name.startswith(AUXILIARY_PREFIX)}
    note = f"the auxiliary classifiers are dropped: they have {different[0]:,} outputs, the main one has {main:,}"
    return kept, (note,)


def with_plain_classifier(state: Mapping[str, T], classifier: str) -> tuple[dict[str, T], tuple[str, ...]]:
    """Rename a classifier inside an `nn.Sequential`, such as `fc.1`, to its own name, with a sentence if so."""
    inside = {name.rpartition(".")[0] for name in state if name.startswith(f"{classifier}.")}
    if len(inside) != 1 or inside == {classifier}:
        return dict(state), ()
    (found,) = inside
    renamed = {
        classifier + name.removeprefix(found) if name.startswith(f"{found}.") else name: tensor
        for name, tensor in state.items()
    }
    return renamed, (f"{found!a} is assumed to be {classifier!r}, with only dropout beside it",)
