"""The pictures of a data set that excite each unit of a layer most, and the patch of each that the unit sees.

One pass over the pictures keeps the best `most` of each unit, with the place of their largest value; a second reads
those pictures again and cuts the patches, so that memory does not grow with the number of pictures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import ReceptiveField
from googlenet.dataset import Samples
from googlenet.errors import DataError
from googlenet.explanation import Placement, place_square
from googlenet.images import BadImage, Preprocessing, Rgb, Size, least_size, resize_image, take_crops
from googlenet.parallel import in_batches, map_in_order

BATCH = 16

Activate: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Squares (N, S, S, 3) uint8 RGB -> a layer's activations (N, units, h, w), or (N, units)."""

Box: TypeAlias = tuple[int, int, int, int]
"""(left, top, right, bottom) in whole px of a picture."""


@dataclass(frozen=True, slots=True)
class ExcitingPicture:
    """A picture that excites a unit.

    `index`: its position in the data; `label`: its class there; `value`: the unit's largest activation in it; `place`:
    (row, column) of that value in the unit's map; `box`: what that value sees, clipped to the picture.
    """

    index: int
    name: str
    label: str
    value: float
    place: tuple[int, int]
    box: Box

    def to_dict(self) -> dict[str, Any]:
        """All but the index as plain values, for JSON."""
        return {
            **{"image": self.name, "label": self.label, "value": round(self.value, 4)},
            **{"place": list(self.place), "box": list(self.box)},
        }


@dataclass(frozen=True, slots=True, eq=False)
class ExcitingPictures:
    """The pictures that excite each of `units` most, the most exciting one first; () for a unit that none excites.

    `seen`: how many pictures were run; `bad_pictures`: (name, reason) of those that could not be read.
    """

    units: tuple[int, ...]
    pictures: tuple[tuple[ExcitingPicture, ...], ...]
    seen: int
    bad_pictures: tuple[tuple[str, str], ...] = ()

    def __getitem__(self, unit: int) -> tuple[ExcitingPicture, ...]:
        """Those of a unit by its number in the layer."""
        return self.pictures[self.units.index(unit)]


def find_exciting(
    activate: Activate,
    samples: Samples,
    preprocessing: Preprocessing,
    fields: Sequence[ReceptiveField],
    *,
    units: Sequence[int] | None = None,
    most: int = 6,
    on_progress: Callable[[int, int], None] | None = None,
) -> ExcitingPictures:
    """Run all pictures and keep the `most` for each of `units` (default: all of the layer) with the largest values.

    A picture counts once for a unit, with its largest value, and only if that is positive. Of equal values the earlier
    picture comes first, so that the result does not depend on the size of batches. `fields`: for each unit of the layer
    what its values see of the square. `on_progress`: called with the pictures that are done and all. Raises DataError
    if no picture can be read.
    """
    best: _Best | None = None
    bad: list[tuple[str, str]] = []
    done = 0
    read = map_in_order(lambda index: _read(samples, index, preprocessing), range(len(samples)), ahead=2 * BATCH)
    for batch in in_batches(enumerate(read), BATCH):
        good = [(index, *one) for index, one in batch if not isinstance(one, BadImage)]
        bad += [(samples.items[index].name, one.reason) for index, one in batch if isinstance(one, BadImage)]
        if good:
            indices, sizes, squares = zip(*good, strict=True)
            peaks = _peaks(activate(np.stack(squares)), indices, units)
            best = best or _Best(np.full((most, peaks.shape[1]), NOTHING), {})
            best.add(peaks, dict(zip(indices, sizes, strict=True)))
        done += len(batch)
        if on_progress is not None:
            on_progress(done, len(samples))
    if best is None:
        reason = f" ({bad[0][0]}: {bad[0][1]})" if bad else ""
        raise DataError(f"the data have no picture that can be read{reason}")
    chosen = tuple(units) if units is not None else tuple(range(len(fields)))
    rows = tuple(tuple(best.of(column, samples, preprocessing, fields[unit])) for column, unit in enumerate(chosen))
    return ExcitingPictures(chosen, rows, done - len(bad), tuple(bad))


def cut_patches(
    found: ExcitingPictures, samples: Samples, side: int, *, most: int | None = None
) -> Iterator[tuple[int, int, Rgb | BadImage]]:
    """(unit, rank, patch) for the first `most` pictures of each unit, picture by picture, each of which is read once.

    A patch is (h, w, 3) uint8 RGB with a longer side of `side` px; smaller ones are enlarged, so that all can be
    compared. A picture that cannot be read any more gives a BadImage.
    """
    wanted: defaultdict[int, list[tuple[int, int, Box]]] = defaultdict(list)
    for unit, row in zip(found.units, found.pictures, strict=True):
        for rank, one in enumerate(row[:most]):
            wanted[one.index].append((unit, rank, one.box))

    def cut(index: int) -> list[tuple[int, int, Rgb | BadImage]]:
        boxes = [box for _, _, box in wanted[index]]
        patches = _cut(samples, index, boxes, side)
        return [(unit, rank, patch) for (unit, rank, _), patch in zip(wanted[index], patches, strict=True)]

    for patches in map_in_order(cut, sorted(wanted)):
        yield from patches


def patch_box(field: ReceptiveField, place: tuple[int, int], size: Size, placement: Placement) -> Box:
    """What the value at `place` (row, column) sees, in px of a picture of that `size` (width, height), clipped to it.

    At least one px wide and high, also where all that the value sees is the border of a letterbox.
    """
    row, column = place
    box = []
    for axis, position in enumerate((column, row)):
        centre = field.centre + position * field.stride
        filled_from, filled_to = placement.filled[axis], placement.filled[axis + 2]
        seen_from, seen_to = placement.seen[axis], placement.seen[axis + 2]
        scale = (seen_to - seen_from) / (filled_to - filled_from)
        edges = (
            seen_from + (min(max(edge, filled_from), filled_to) - filled_from) * scale
            for edge in (centre - field.size / 2, centre + field.size / 2)
        )
        start, end = (round(edge) for edge in edges)
        start = min(max(start, 0), size[axis] - 1)
        box.append((start, min(max(end, start + 1), size[axis])))
    (left, right), (top, bottom) = box
    return left, top, right, bottom


PEAK = np.dtype([("value", np.float32), ("row", np.int64), ("column", np.int64), ("index", np.int64)])
"""The largest value of a unit in a picture, its place in the unit's map, and the picture's position in the data."""

NOTHING = np.array((0, 0, 0, -1), PEAK)
"""Stands where no picture excites a unit: only positive values take its place."""


def _peaks(activations: NDArray[np.float32], indices: Sequence[int], units: Sequence[int] | None) -> NDArray[Any]:
    """The peaks (N, units) of `PEAK` of N pictures, whose positions in the data are `indices`."""
    maps = activations if activations.ndim == 4 else activations[:, :, np.newaxis, np.newaxis]
    if units is not None:
        maps = maps[:, list(units)]
    flat = maps.reshape(*maps.shape[:2], -1)
    places = flat.argmax(axis=2)
    peaks = np.empty(places.shape, PEAK)
    peaks["value"] = np.take_along_axis(flat, places[..., np.newaxis], axis=2)[..., 0]
    peaks["row"], peaks["column"] = np.divmod(places, maps.shape[3])
    peaks["index"] = np.array(indices)[:, np.newaxis]
    return peaks


@dataclass(slots=True, eq=False)
class _Best:
    """The best peaks (most, units) of `PEAK` so far, the largest first, and the (width, height) of their pictures."""

    peaks: NDArray[Any]
    sizes: dict[int, Size]

    def add(self, peaks: NDArray[Any], sizes: dict[int, Size]) -> None:
        """Take in the peaks (N, units) of N more pictures."""
        both = np.concatenate([self.peaks, peaks])
        order = np.argsort(-both["value"], axis=0, kind="stable")[: len(self.peaks)]
        self.peaks = np.take_along_axis(both, order, axis=0)
        known = self.sizes | sizes
        self.sizes = {index: known[index] for index in np.unique(self.peaks["index"]).tolist() if index >= 0}

    def of(
        self, column: int, samples: Samples, preprocessing: Preprocessing, field: ReceptiveField
    ) -> Iterator[ExcitingPicture]:
        """The pictures of the unit in this column."""
        for value, *place, index in self.peaks[:, column].tolist():
            if index >= 0:
                item, size = samples.items[index], self.sizes[index]
                box = patch_box(field, (place[0], place[1]), size, place_square(*size, preprocessing))
                label = samples.classes[item.label]
                yield ExcitingPicture(index, item.name, label, value, (place[0], place[1]), box)


def _read(samples: Samples, index: int, preprocessing: Preprocessing) -> tuple[Size, Rgb] | BadImage:
    """A picture's (width, height) before it was reduced, and its square."""
    sizes: list[Size] = []

    def enough(width: int, height: int) -> Size:
        sizes.append((width, height))
        return least_size(width, height, preprocessing, 1)

    image = samples.decode(index, enough=enough)
    if isinstance(image, BadImage):
        return image
    (square,) = take_crops(image, preprocessing, 1).squares
    return sizes[0] if sizes else (image.shape[1], image.shape[0]), square


def _cut(samples: Samples, index: int, boxes: Sequence[Box], side: int) -> list[Rgb | BadImage]:
    """The patches at `boxes` of one picture, which is read at a fraction of its size where that is enough for all."""
    sizes: list[Size] = []

    def enough(width: int, height: int) -> Size:
        sizes.append((width, height))
        smallest = min(max(right - left, bottom - top) for left, top, right, bottom in boxes)
        scale = min(1.0, 2 * side / smallest)
        return max(1, round(width * scale)), max(1, round(height * scale))

    image = samples.decode(index, enough=enough)
    if isinstance(image, BadImage):
        return [image] * len(boxes)
    width, height = sizes[0] if sizes else (image.shape[1], image.shape[0])
    across, down = image.shape[1] / width, image.shape[0] / height
    patches: list[Rgb | BadImage] = []
    for left, top, right, bottom in boxes:
        scale = side / max(right - left, bottom - top)
        size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
        part = (left * across, top * down, min(right * across, image.shape[1]), min(bottom * down, image.shape[0]))
        patches.append(resize_image(image, *size, box=part))
    return patches
