"""The model: what is saved and shipped, everything that is needed to use a trained network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec
from googlenet.images import Preprocessing

AUXILIARY_PREFIX = "auxiliary_"
COUNTER_SUFFIX = ".num_batches_tracked"  # torch keeps it beside the statistics of a norm; nothing here reads it
"""How the names of the auxiliary classifiers' weights begin."""

TOLERANCE = 1e-4
"""Largest difference of a probability that still counts as the same answer, where all is computed in float32."""


@dataclass(frozen=True, slots=True)
class ClassLabel:
    """A class: its `id` as in the data (a folder's name, a synset) and its `name` for people."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class KnownAnswer:
    """Pictures and what the model said of them where it was made.

    `images`: (K, S, S, 3) uint8 RGB; `probabilities`: (K, classes) float32; `tolerance`: the largest difference of a
    probability that still counts as the same answer.
    """

    images: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    tolerance: float = TOLERANCE


@dataclass(frozen=True, slots=True)
class About:
    """Where a model comes from: all of it JSON values, none of it needed to run the model.

    `recipe`: the resolved settings of its training; `data`: name, fingerprint, split and number of pictures;
    `scores`: what it reached, on which split; `created`: ISO 8601; `source_sha256`: of the file that an imported model
    was read from.
    """

    recipe: dict[str, Any] | None = None
    data: dict[str, Any] | None = None
    scores: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    source: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    created: str = ""
    source_sha256: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Architecture, weights, classes, preprocessing, known answer and origin.

    `weights`: float32 by name, as `weight_shapes` of the architecture; those of the auxiliary classifiers all there or
    all left out. There are as many `classes` as `spec.classes`, in the order of the network's outputs.
    """

    spec: ArchitectureSpec
    weights: dict[str, NDArray[np.float32]]
    classes: tuple[ClassLabel, ...]
    preprocessing: Preprocessing
    known_answer: KnownAnswer | None = None
    about: About = field(default_factory=About)

    @property
    def specs(self) -> tuple[ArchitectureSpec, ...]:
        """The networks inside: one."""
        return (self.spec,)

    @property
    def origins(self) -> tuple[About, ...]:
        """Where the networks inside come from: of a model, its one."""
        return (self.about,)

    @property
    def has_auxiliary_classifiers(self) -> bool:
        """Whether the weights of the auxiliary classifiers are there, which only training needs."""
        return any(name.startswith(AUXILIARY_PREFIX) for name in self.weights)
