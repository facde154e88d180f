"""The result of explaining one picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from googlenet.architecture import ReceptiveField
from googlenet.errors import DataError, InputError
from googlenet.explanation.boxes import PictureBox
from googlenet.explanation.methods import Method
from googlenet.explanation.overlay import overlay
from googlenet.explanation.placement import Placement, place_square
from googlenet.images import Preprocessing, Rgb, png_bytes
from googlenet.notebook import quoted
from googlenet.suggestions import did_you_mean


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


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Why a network gave its answer for one picture: a map for each of some classes, or `error` if it is unreadable.

    `seen` is None for an unreadable picture, which has no `classes`. `note`: a remark on a picture that was read.
    `method`: how the maps were made. In a notebook it is shown as the sheet that `draw` makes.
    """

    image: str
    classes: tuple[ExplainedClass, ...]
    seen: SeenPicture | None
    error: str | None = None
    note: str | None = None
    method: Method = "cam"

    def __getitem__(self, name: str | int) -> ExplainedClass:
        """A class by its position, id or name; raises InputError if it was not explained."""
        if isinstance(name, int):
            return self.classes[name]
        for one in self.classes:
            if name in (one.label, one.name):
                return one
        names = [one.name for one in self.classes]
        hint = did_you_mean(name, names, otherwise=f"it explains {', '.join(names) or 'nothing'}")
        raise InputError(f"this explanation has no class {name!r}; {hint}")

    @property
    def maximum(self) -> float:
        """The largest value of all its maps; the brightest colour of all its overlays, which makes them comparable."""
        return max((float(one.map.max()) for one in self.classes), default=0.0)

    def overlay(self, name: str | int = 0) -> Image.Image:
        """The picture coloured by the map of a class, by default the first one.

        What the network does not see is faded. Raises DataError for an unreadable picture, InputError for a class that
        was not explained.
        """
        seen = self.seen_picture()
        values = self[name].map
        return Image.fromarray(
            overlay(seen.picture, values, field=seen.field, placement=seen.placement, maximum=self.maximum)
        )

    def seen_picture(self) -> SeenPicture:
        """`seen`; raises DataError for a picture that could not be read."""
        if self.seen is None:
            raise DataError(f"{self.image}: {self.error}")
        return self.seen

    def draw(self, *, boxes: bool = False) -> Image.Image:
        """A sheet with the picture and the overlay of each class side by side; with `boxes`, they are drawn, too."""
        from googlenet.explanation.sheet import draw_sheet

        return draw_sheet(self, boxes=boxes)

    def to_dict(self) -> dict[str, Any]:
        """`image`, `classes` and `error` as plain values, for JSON; and `method`, if it is not the default."""
        method = {} if self.method == "cam" else {"method": self.method}
        classes = [one.to_dict() for one in self.classes]
        return {"image": self.image, **method, "classes": classes, "error": self.error}

    def __repr__(self) -> str:
        what = ", ".join(f"{quoted(one.name, 40)} {one.probability:.1%}" for one in self.classes[:2])
        more = f" and {len(self.classes) - 2} more" if len(self.classes) > 2 else ""
        return f"<Explanation {quoted(self.image, 40)}: {f'error {quoted(self.error)}' if self.error else what + more}>"

    def _repr_png_(self) -> bytes | None:
        """For notebooks; None for an unreadable picture, whose text is shown instead."""
        return None if self.seen is None else png_bytes(self.draw())
