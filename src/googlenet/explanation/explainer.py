"""Explains pictures with a model: from a picture to its `Explanation`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import ReceptiveField
from googlenet.artifacts import LastLayer
from googlenet.engines import Engine
from googlenet.explanation.boxes import find_box, find_peak
from googlenet.explanation.chosen_classes import find_classes
from googlenet.explanation.explained import ExplainedClass, SeenPicture
from googlenet.explanation.explanation import Explanation
from googlenet.explanation.methods import Method
from googlenet.explanation.placement import place_square
from googlenet.explanation.squares import Calibrate, explain_squares
from googlenet.images import (
    BadImage,
    Picture,
    Preprocessing,
    Rgb,
    Size,
    check_pictures,
    is_picture,
    least_size,
    picture_name,
    read_picture,
    resize_image,
    take_crops,
)
from googlenet.model import ClassLabel
from googlenet.parallel import in_batches, map_in_order

BATCH = 8  # pictures that are run together

LARGEST_SHOWN = 1024  # px: longer side of the picture in an explanation


@dataclass(frozen=True, slots=True)
class Explainer:
    """What explaining needs of one model, and the pictures that it is given; `Classifier.explain` makes one.

    `layer`: the `last_layer` of the model that `engine` runs; `calibrate`: makes the probabilities of the engine those
    that `predict` gives; `attribute`: computes the maps of another `method` than class-activation maps.
    """

    engine: Engine
    preprocessing: Preprocessing
    classes: tuple[ClassLabel, ...]
    layer: LastLayer
    calibrate: Calibrate | None = None
    method: Method = "cam"
    attribute: Attribute | None = None

    @overload
    def explain(  # type: ignore[overload-overlap]
        self, images: Picture, classes: Sequence[str] | None = ..., *, top: int = ...
    ) -> Explanation: ...
    @overload
    def explain(
        self, images: Iterable[Picture], classes: Sequence[str] | None = ..., *, top: int = ...
    ) -> Iterator[Explanation]: ...
    def explain(
        self, images: Picture | Iterable[Picture], classes: Sequence[str] | None = None, *, top: int = 2
    ) -> Explanation | Iterator[Explanation]:
        """Explain one picture, or iterate over the explanations of many, in order.

        `classes`: names or ids; default: the `top` most probable ones of each picture. A missing or bad picture gives
        an Explanation with `error`. Raises InputError immediately for an unknown class, and as `Classifier.predict`.
        """
        chosen = None if classes is None else find_classes(self.classes, classes)
        if is_picture(images):
            return next(self._explain([self._read((0, images))], chosen, top))
        read = map_in_order(self._read, enumerate(check_pictures(images)), ahead=2 * BATCH)
        return self._explain(read, chosen, top)

    def _explain(self, pictures: Iterable[_Read], chosen: NDArray[np.int64] | None, top: int) -> Iterator[Explanation]:
        for batch in in_batches(pictures, BATCH if self.attribute is None else 1):  # others take seconds a picture
            good = [seen for _, seen, _ in batch if isinstance(seen, SeenPicture)]
            answers = iter(self._explain_seen(good, chosen, top) if good else ())
            for image, seen, note in batch:
                if isinstance(seen, BadImage):
                    yield Explanation(image, (), None, error=seen.reason, method=self.method)
                else:
                    yield Explanation(image, next(answers), seen, note=note, method=self.method)

    def _explain_seen(
        self, pictures: Sequence[SeenPicture], chosen: NDArray[np.int64] | None, top: int
    ) -> Iterator[tuple[ExplainedClass, ...]]:
        squares = np.stack([seen.square for seen in pictures])
        explained = explain_squares(self.engine, self.layer, squares, chosen, top=top, calibrate=self.calibrate)
        maps = explained.maps if self.attribute is None else self.attribute(squares, explained.classes)
        for row, seen in enumerate(pictures):
            placement = place_square(*seen.size, self.preprocessing)
            yield tuple(
                ExplainedClass(
                    label=self.classes[index].id,
                    name=self.classes[index].name,
                    probability=float(explained.probabilities[row, place]),
                    logit=float(explained.logits[row, place]),
                    bias=float(explained.biases[row, place]),
                    map=maps[row, place],
                    peak=find_peak(maps[row, place], placement=placement, field=self._field),
                    box=find_box(maps[row, place], placement=placement, field=self._field),
                )
                for place, index in enumerate(explained.classes[row])
            )

    def _read(self, numbered: tuple[int, Picture]) -> _Read:
        """Read a picture exactly as `Classifier.predict` does, so that both see the same square."""
        index, source = numbered
        notes: list[str] = []
        sizes: list[Size] = []

        def enough(width: int, height: int) -> Size:
            sizes.append((width, height))
            return least_size(width, height, self.preprocessing, 1)

        image = read_picture(source, enough=enough, notes=notes)
        name, note = picture_name(source, index), notes[0] if notes else None
        if isinstance(image, BadImage):
            return name, image, note
        (square,) = take_crops(image, self.preprocessing, 1).squares
        size = sizes[0] if sizes else (image.shape[1], image.shape[0])  # before a JPEG was reduced
        return name, SeenPicture(size, _reduced(image), square, self.preprocessing, self._field), note

    @property
    def _field(self) -> ReceptiveField | None:
        """What a value of a map sees; the values of attributions are spread evenly over the square."""
        return self.layer.field if self.attribute is None else None


def _reduced(image: Rgb) -> Rgb:
    """The picture with a longer side of at most `LARGEST_SHOWN`: an explanation keeps it."""
    height, width = image.shape[:2]
    scale = LARGEST_SHOWN / max(width, height)
    if scale >= 1:
        return image
    return resize_image(image, max(1, round(width * scale)), max(1, round(height * scale)))


Attribute: TypeAlias = Callable[[NDArray[np.uint8], NDArray[np.int64]], NDArray[np.float32]]
"""(squares (N, S, S, 3) uint8 RGB, classes (N, K)) -> maps (N, K, n, n), whose values are spread evenly over the
square."""

_Read: TypeAlias = tuple[str, SeenPicture | BadImage, str | None]
"""A picture's name, how the network sees it, and its note."""
