"""The model: everything that is needed to use a trained network, as saved in one file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec
from googlenet.images import Preprocessing

AUXILIARY_PREFIX = "auxiliary_"
"""Prefix of the names of the auxiliary classifiers' weights."""

COUNTER_SUFFIX = ".num_batches_tracked"
"""Suffix of a counter that torch stores with the statistics of a batch normalisation; not used here."""

TOLERANCE = 1e-4
"""Largest difference of a probability between two float32 computations that still counts as the same answer."""


@dataclass(frozen=True, slots=True)
class ClassLabel:
    """A class: its `id` as in the data (a folder name, a synset) and its `name` for people."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class KnownAnswer:
    """Pictures and the probabilities that the model gave for them where it was made.

    `images`: (K, S, S, 3) uint8 RGB; `probabilities`: (K, classes) float32; `tolerance`: the largest difference of a
    probability that still counts as the same answer.
    """

    images: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    tolerance: float = TOLERANCE


@dataclass(frozen=True, slots=True)
class About:
    """Where a model comes from, as JSON values; none of it is needed to run the model.

    `recipe`: the resolved settings of its training; `data`: name, fingerprint, split and number of pictures;
    `scores`: accuracies, and on which split; `created`: ISO 8601; `source_sha256`: of the file that an imported model
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
    """Architecture, weights, classes, preprocessing, known answer and provenance.

    `weights`: float32 by name, as in `weight_shapes` of the architecture; those of the auxiliary classifiers are either
    complete or absent. There are `spec.classes` `classes`, in the order of the network's outputs. `temperature`: what
    `Classifier.predict` divides the logits by, so that probabilities can be believed; the known answer and the scores
    are without it.
    """

    spec: ArchitectureSpec
    weights: dict[str, NDArray[np.float32]]
    classes: tuple[ClassLabel, ...]
    preprocessing: Preprocessing
    known_answer: KnownAnswer | None = None
    about: About = field(default_factory=About)
    temperature: float = 1.0

    @property
    def specs(self) -> tuple[ArchitectureSpec, ...]:
        """The networks inside: one."""
        return (self.spec,)

    @property
    def origins(self) -> tuple[About, ...]:
        """Where each of the networks inside comes from: one entry."""
        return (self.about,)

    @property
    def has_auxiliary_classifiers(self) -> bool:
        """Whether it has the weights of the auxiliary classifiers, which only training needs."""
        return any(name.startswith(AUXILIARY_PREFIX) for name in self.weights)
