"""Class-activation maps of a report's pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from googlenet.artifacts import LastLayer, last_layer, open_model
from googlenet.engines import Engine, open_engine
from googlenet.errors import GoogLeNetError
from googlenet.explanation import explain_squares, overlay, place_square
from googlenet.images import Preprocessing, Rgb, Size, least_size, resize_image, take_crops
from googlenet.model import member_paths


@dataclass(frozen=True, slots=True)
class MapDrawer:
    """Draws the activation maps of one model; thread-safe, as its engine is."""

    engine: Engine
    layer: LastLayer
    preprocessing: Preprocessing

    def enough(self, width: int, height: int) -> Size:
        """The size to which a picture may be reduced before it is drawn."""
        return least_size(width, height, self.preprocessing, 1)

    def draw(self, picture: Rgb, classes: Sequence[int], side: int) -> list[Rgb]:
        """The picture, reduced to `side` px, under the map of each of K classes; the maps share one scale."""
        square = take_crops(picture, self.preprocessing, 1).squares
        (maps,) = explain_squares(self.engine, self.layer, square, classes).maps
        height, width = picture.shape[:2]
        scale = min(1.0, side / max(width, height))
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
        shown = resize_image(picture, width, height)
        placement = place_square(width, height, self.preprocessing)
        return [
            overlay(shown, one, field=self.layer.field, placement=placement, maximum=float(maps.max())) for one in maps
        ]


def open_maps(path: Path) -> MapDrawer | str:
    """The drawer of a model's maps, or the reason why there is none: an ensemble, another last layer, no file."""
    try:
        if member_paths(path) != (path,):
            return "an ensemble has no activation maps of its own; its members do (googlenet explain)"
        model = open_model(path)
        return MapDrawer(open_engine(model), last_layer(model), model.preprocessing)
    except GoogLeNetError as error:
        return str(error)
