"""The result of explaining one picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PIL import Image

from googlenet.errors import DataError, InputError
from googlenet.explanation.explained import ExplainedClass, SeenPicture, largest_value
from googlenet.explanation.methods import Method
from googlenet.explanation.overlay import overlay
from googlenet.explanation.sheet import draw_sheet
from googlenet.images import png_bytes
from googlenet.notebook import quoted
from googlenet.suggestions import did_you_mean


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
        return largest_value(self.classes)

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
        return draw_sheet(self.image, self.seen_picture(), self.classes, self.method, boxes=boxes)

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
