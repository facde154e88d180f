"""What a classifier answers: a `Prediction` for each picture, its classes ranked."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import DataError, ModelFileError
from googlenet.model import ClassLabel, apply_temperature


@dataclass(frozen=True, slots=True)
class Ranked:
    """A class in a ranking: its id in the data, its readable name, its probability."""

    label: str
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The result for one picture: the ranking, most probable class first, or `error` if it could not be read.

    `features`: (F,) float32, if they were requested and the picture could be read. `note`: a remark on a picture that
    was read, for example that it has 16 bits and is almost black.
    """

    image: str
    ranking: tuple[Ranked, ...]
    error: str | None = None
    features: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    note: str | None = None

    @property
    def best(self) -> Ranked:
        """The most probable class; raises DataError for a picture that could not be read."""
        if self.error is not None:
            raise DataError(f"{self.image}: {self.error}")
        return self.ranking[0]


def rank_classes(
    probabilities: NDArray[np.float32], classes: tuple[ClassLabel, ...], *, top: int = 5, temperature: float = 1.0
) -> tuple[Ranked, ...]:
    """Rank the classes of one picture by `probabilities` (C,), best first, ties in the order of the classes.

    The ranking has their probabilities at `temperature`, which does not change the order. Raises ModelFileError as
    `check_finite` does.
    """
    check_finite(probabilities)
    order = np.argsort(-probabilities, kind="stable")[:top]
    shown = apply_temperature(probabilities, temperature)
    return tuple(Ranked(classes[index].id, classes[index].name, float(shown[index])) for index in order)


def check_finite(probabilities: NDArray[np.float32]) -> None:
    """Raise ModelFileError for a probability that is not finite: finite weights can be too large to compute with."""
    if not np.isfinite(probabilities).all():
        raise ModelFileError("the network's answer is not a finite number; its weights cannot be used")
