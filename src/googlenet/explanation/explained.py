"""What an explanation is made of: the evidence for a class, and the picture as the network saw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import ReceptiveField
from googlenet.explanation.boxes import PictureBox
from googlenet.explanation.placement import Placement, place_square
from googlenet.images import Preprocessing, Rgb
from googlenet.notebook import quoted


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExplainedClass:
    """The evidence for one class in a picture.

    `probability`: as `predict` gives it; `logit`: what the softmax reads; `map`: (h, w) float32, of a class-activation
    map what each place of the square contributes, so that `logit` is `bias` + its mean; `peak`: (x, y), the place in
    the picture, in px, with the strongest evidence; `box`: around the evidence, None if there is none.
    """

    label: str
    name: str
    probability: float
    logit: float
    bias: float
    map: NDArray[np.float32]
    peak: tuple[int, int]
    box: PictureBox | None

    def __repr__(self) -> str:
        where = "" if self.box is None else f", {self.box}"
        return f"<ExplainedClass {quoted(self.name)}: {self.probability:.1%}, logit {self.logit:.2f}{where}>"

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, for JSON; the map as rows, with four digits after the point."""
        return {
            "label": self.label,
            "name": self.name,
            "probability": round(self.probability, 6),
            "logit": round(self.logit, 4),
            "bias": round(self.bias, 4),
            "map": self.map.astype(float).round(4).tolist(),
            "peak": list(self.peak),
            "box": None if self.box is None else self.box.to_dict(),
        }


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SeenPicture:
    """A picture that was explained: its pixels, and how the network saw them.

    `size`: (width, height) of the picture in px, the unit of boxes; `picture`: (H, W, 3) uint8 RGB, of which a large
    JPEG is reduced; `square`: (S, S, 3) uint8 RGB, the network's input; `field`: what a value of a map sees of it; None
    where the values are spread evenly over it.
    """

    size: tuple[int, int]
    picture: Rgb
    square: Rgb
    preprocessing: Preprocessing
    field: ReceptiveField | None

    def __repr__(self) -> str:
        width, height = self.size
        return f"<SeenPicture: {width} x {height} px, seen at {self.preprocessing.input_size} px>"

    @property
    def placement(self) -> Placement:
        """Where the square lies in `picture`."""
        return place_square(self.picture.shape[1], self.picture.shape[0], self.preprocessing)

    @property
    def part_seen(self) -> float:
        """The share of the picture's area that the network saw, 0 to 1: less than 1 after a crop."""
        left, top, right, bottom = self.placement.seen
        return float((right - left) * (bottom - top) / np.prod(self.picture.shape[:2]))


def largest_value(classes: Sequence[ExplainedClass]) -> float:
    """The largest value of all maps; 0 without any."""
    return max((float(one.map.max()) for one in classes), default=0.0)
