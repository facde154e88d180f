"""Crop protocols: which squares of a picture the network sees, as a pure function of the picture's size.

Every view is a square of `input_size` pixels cut from the scaled picture. "The whole square resized to the input size"
is also such a view: of the picture whose shorter side is scaled to exactly that size. So every view is one resampling
of the picture, and views of the same pixels compare equal.

Sizes are those of the paper for a network of 224 px (256, 288, 320, 352) and grow with the input size: 8, 9, 10 and 11
sevenths of it, to the nearest pixel. Offsets of centred crops are rounded down, as in `fit_square`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.images.decode import Rgb, Size
from googlenet.images.preprocessing import Preprocessing
from googlenet.images.resize import resize_image, scaled_size

PixelBox = tuple[int, int, int, int]
"""(left, top, right, bottom) in whole pixels of a scaled picture."""


@dataclass(frozen=True, slots=True)
class View:
    """One input of the network: the square `box` of the picture scaled to `scaled`, optionally mirrored.

    The box of a letterboxed picture extends beyond the picture's edge. `scale` (pixels of the shorter side before the
    crop), `square` and `place` are labels for people; views of the same pixels compare equal.
    """

    scaled: Size
    box: PixelBox
    mirrored: bool = False
    scale: int = field(default=0, compare=False)
    square: str = field(default="", compare=False)
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """The distinct squares of a picture, and the weight of each in the requested protocols.

    `squares`: (V, S, S, 3) uint8 RGB; `weights`: (protocols, V) float64, each row sums to 1.
    """

    squares: NDArray[np.uint8]
    weights: NDArray[np.float64]


def _one_crop(width: int, height: int, preprocessing: Preprocessing) -> tuple[View, ...]:
    """The model's own square, as `to_square` makes it."""
    input_size, scale = preprocessing.input_size, preprocessing.resize_size
    scaled = scaled_size(width, height, scale, preprocessing.fit)
    left, top = (_centre(length, input_size) for length in scaled)
    return (View(scaled, _square(left, top, input_size), scale=scale, square="centre", place="centre"),)


def _ten_crops(width: int, height: int, preprocessing: Preprocessing) -> tuple[View, ...]:
    """Krizhevsky's: corners and centre of the central square of 8/7 of the input size, then the same mirrored.

    The model's fit makes that square: a centre crop (`crop`), or the whole picture (`squash`, `letterbox`).
    """
    input_size, scale = preprocessing.input_size, crop_scales(preprocessing.input_size)[0]
    scaled = scaled_size(width, height, scale, preprocessing.fit)
    left, top = (_centre(length, scale) for length in scaled)
    return _with_mirrored(
        View(scaled, _square(left + x, top + y, input_size), scale=scale, square="centre", place=place)
        for place, x, y in _places(scale - input_size)
    )


def _paper_crops(width: int, height: int, preprocessing: Preprocessing) -> tuple[View, ...]:
    """Section 7 of the paper: 4 scales, 3 squares of each, 6 crops of each, then the same 72 mirrored.

    The paper scales the shorter side; the model's own fit is not used.
    """
    input_size = preprocessing.input_size
    return _with_mirrored(
        view
        for scale in crop_scales(input_size)
        for square in range(3)
        for view in _square_views(width, height, input_size, scale=scale, square=square)
    )


def _square_views(width: int, height: int, input_size: int, *, scale: int, square: int) -> Iterator[View]:
    """Four corners, the centre, and the whole of the first, middle or last square (0, 1, 2) along the longer side."""
    name = (("left", "centre", "right") if width >= height else ("top", "centre", "bottom"))[square]
    scaled = scaled_size(width, height, scale, "crop")
    left, top = ((0, (length - scale) // 2, length - scale)[square] for length in scaled)
    for place, x, y in _places(scale - input_size):
        yield View(scaled, _square(left + x, top + y, input_size), scale=scale, square=name, place=place)
    whole = scaled_size(width, height, input_size, "crop")
    left, top = ((0, (length - input_size) // 2, length - input_size)[square] for length in whole)
    yield View(whole, _square(left, top, input_size), scale=scale, square=name, place="whole")


CROPS: dict[int, Callable[[int, int, Preprocessing], tuple[View, ...]]] = {
    1: _one_crop,
    10: _ten_crops,
    144: _paper_crops,
}
"""Protocols by their number of views: (width, height, preprocessing) -> the views, in order."""

ROOM = 3.0
"""Least number of pixels of a reduced picture per pixel of the scaled one (`make bench-decode` measures the loss)."""

_SEVENTHS = (8, 9, 10, 11)  # 256, 288, 320, 352 are 8/7 ... 11/7 of 224


def crop_scales(input_size: int) -> tuple[int, ...]:
    """Pixels of the four scales for an input size of `input_size` pixels: 256, 288, 320 and 352 for 224."""
    return tuple((2 * input_size * sevenths + 7) // 14 for sevenths in _SEVENTHS)


def crop_views(width: int, height: int, preprocessing: Preprocessing, crops: int) -> tuple[View, ...]:
    """The `crops` views of a picture of that size, in order; raises InputError for an unknown protocol."""
    if crops not in CROPS:
        raise InputError(f"there is no protocol with {crops} crops; choose one of {', '.join(map(str, CROPS))}")
    return CROPS[crops](width, height, preprocessing)


def least_size(width: int, height: int, preprocessing: Preprocessing, *protocols: int) -> Size:
    """The least (width, height) to which a picture of that size may be reduced before `protocols` are applied.

    A picture reduced to no less than that gives nearly the same squares as the full-size one.
    """
    scaled = [view.scaled for crops in protocols for view in crop_views(width, height, preprocessing, crops)]
    columns, rows = (max(lengths) for lengths in zip(*scaled, strict=True))
    return math.ceil(ROOM * columns), math.ceil(ROOM * rows)


def take_crops(image: Rgb, preprocessing: Preprocessing, *protocols: int) -> Crops:
    """Cut the squares of one or several `protocols` (keys of `CROPS`) from an image (H, W, 3) uint8 RGB.

    A square that occurs several times, in one protocol or in several, is made once; squares are in order of first
    occurrence. The picture is resized once per scale, and only in the regions that squares need, so extreme aspect
    ratios take no extra memory.
    """
    height, width = image.shape[:2]
    counts = [Counter(crop_views(width, height, preprocessing, crops)) for crops in protocols]
    views = tuple(dict.fromkeys(view for count in counts for view in count))
    weights = np.array([[count[view] / count.total() for view in views] for count in counts], np.float64)
    squares = np.empty((len(views), preprocessing.input_size, preprocessing.input_size, 3), np.uint8)
    squares[:] = preprocessing.mean_rgb  # the border, where a box extends beyond the picture's edge
    for scaled in dict.fromkeys(view.scaled for view in views):
        chosen = [index for index, view in enumerate(views) if view.scaled == scaled]
        _cut(image, scaled, [views[index] for index in chosen], [squares[index] for index in chosen])
    return Crops(squares, weights)


def _cut(image: Rgb, scaled: Size, views: list[View], squares: list[NDArray[np.uint8]]) -> None:
    """Fill the squares of views of one scale from the picture, resized region by region."""
    height, width = image.shape[:2]
    inside = [_inside(view.box, scaled) for view in views]
    for region in merge_boxes(inside):
        left, top, right, bottom = region
        source = (
            *(left * width / scaled[0], top * height / scaled[1]),
            *(right * width / scaled[0], bottom * height / scaled[1]),
        )
        part = resize_image(image, right - left, bottom - top, box=source)
        for view, box, square in zip(views, inside, squares, strict=True):
            if _holds(region, box):
                x, y = box[0] - view.box[0], box[1] - view.box[1]
                pixels = part[box[1] - top : box[3] - top, box[0] - left : box[2] - left]
                upright = square[:, ::-1] if view.mirrored else square
                upright[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels


def merge_boxes(boxes: Iterable[PixelBox]) -> list[PixelBox]:
    """Bounding boxes that contain all `boxes`: overlapping boxes share one, and no two bounding boxes overlap."""
    frames: list[PixelBox] = []
    for box in dict.fromkeys(boxes):
        frame = box
        while met := [other for other in frames if _overlap(frame, other)]:
            frames = [other for other in frames if other not in met]
            lefts, tops, rights, bottoms = zip(frame, *met, strict=True)
            frame = (min(lefts), min(tops), max(rights), max(bottoms))
        frames.append(frame)
    return frames


def _overlap(one: PixelBox, other: PixelBox) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _holds(frame: PixelBox, box: PixelBox) -> bool:
    return frame[0] <= box[0] and frame[1] <= box[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _inside(box: PixelBox, scaled: Size) -> PixelBox:
    return max(0, box[0]), max(0, box[1]), min(scaled[0], box[2]), min(scaled[1], box[3])


def _places(room: int) -> tuple[tuple[str, int, int], ...]:
    """The four corners and the centre of a square that is `room` pixels wider than its crops: name, left, top."""
    return (
        ("top left", 0, 0),
        ("top right", room, 0),
        ("bottom left", 0, room),
        ("bottom right", room, room),
        ("centre", room // 2, room // 2),
    )


def _centre(length: int, input_size: int) -> int:
    """Where a centred square of `input_size` begins; negative if the square is larger, by half the difference."""
    return (length - input_size) // 2 if length >= input_size else -((input_size - length) // 2)


def _square(left: int, top: int, input_size: int) -> PixelBox:
    return left, top, left + input_size, top + input_size


def _with_mirrored(views: Iterable[View]) -> tuple[View, ...]:
    upright = tuple(views)
    return upright + tuple(View(view.scaled, view.box, True, view.scale, view.square, view.place) for view in upright)
