"""The model: everything that is needed to use a trained network, as saved in one file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec
from googlenet.images import Preprocessing
from googlenet.notebook import card, name_some, quoted

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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class KnownAnswer:
    """Pictures and the probabilities that the model gave for them where it was made.

    `images`: (K, S, S, 3) uint8 RGB; `probabilities`: (K, classes) float32; `tolerance`: the largest difference of a
    probability that still counts as the same answer.
    """

    images: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    tolerance: float = TOLERANCE

    def __repr__(self) -> str:
        pictures, size = self.images.shape[:2]
        return f"<KnownAnswer: {pictures} pictures of {size} px>"


@dataclass(frozen=True, slots=True, repr=False)
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

    def __repr__(self) -> str:
        return f"<About: {quoted(self.source)}, created {quoted(self.created, 30)}>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
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

    def to_dict(self) -> dict[str, Any]:
        """The description as JSON values, as `googlenet info --json` prints it: everything but the arrays."""
        return {
            "architecture": self.spec.to_dict(),
            **asdict(self.about),
            "classes": [asdict(one) for one in self.classes],
            "preprocessing": self.preprocessing.to_dict(),
        }

    def __repr__(self) -> str:
        weights = sum(values.size for values in self.weights.values())
        size = self.preprocessing.input_size
        return f"<Model {self.spec.variant}: {len(self.classes):,} classes, {size} px, {weights:,} weights>"

    def _repr_html_(self) -> str:
        size, channels = self.preprocessing.input_size, self.preprocessing.channel_order
        rows = {
            "network": f"{self.spec.variant}, width {self.spec.width:g}",
            "classes": name_some([one.name for one in self.classes]),
            "input": f"{size} x {size} px, {channels}, fit {self.preprocessing.fit}",
            "weights": f"{sum(values.size for values in self.weights.values()):,}",
            "source": self.about.source or "not stated",
            "licence": self.about.licence or "not stated",
        }
        return card("Model", rows.items())

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
