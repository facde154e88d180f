"""What a classifier answers: a `Prediction` for each picture, its classes ranked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import DataError, ModelFileError
from googlenet.model import ClassLabel, apply_temperature
from googlenet.notebook import bars, card, quoted


@dataclass(frozen=True, slots=True, repr=False)
class Ranked:
    """A class in a ranking: its id in the data, its readable name, its probability."""

    label: str
    name: str
    probability: float

    def to_dict(self) -> dict[str, Any]:
        """The three by name, the probability rounded to 6 digits, as in the rows of `googlenet predict`."""
        return {"label": self.label, "name": self.name, "probability": round(self.probability, 6)}

    def __repr__(self) -> str:
        return f"Ranked(label={quoted(self.label)}, name={quoted(self.name)}, probability={self.probability:.4g})"


@dataclass(frozen=True, slots=True, repr=False)
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

    def to_dict(self) -> dict[str, Any]:
        """The row of `googlenet predict --json`: `image`, `predictions`, `error`; `embedding` if there are features."""
        features = None if self.features is None else self.features.astype(float).round(6).tolist()
        return {
            "image": self.image,
            "predictions": [one.to_dict() for one in self.ranking],
            "error": self.error,
        } | ({} if features is None else {"embedding": features})

    def __repr__(self) -> str:
        if self.error is not None:
            return f"<Prediction {quoted(self.image, 40)}: error {quoted(self.error)}>"
        shown = ", ".join(f"{quoted(one.name, 40)} {one.probability:.1%}" for one in self.ranking[:2])
        more = f" and {len(self.ranking) - 2} more" if len(self.ranking) > 2 else ""
        return f"<Prediction {quoted(self.image, 40)}: {shown}{more}>"

    def _repr_html_(self) -> str:
        if self.error is not None:
            return card(self.image, [("error", self.error)])
        return bars(self.image, [(one.name, one.probability) for one in self.ranking], note=self.note)

    def _repr_png_(self) -> bytes | None:
        """For consoles that show no HTML; None for a picture that could not be read."""
        from googlenet.images.bars import bars_png

        rows = [(one.name, one.probability) for one in self.ranking]
        return bars_png(self.image, rows) if rows else None


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
