"""The pictures that an exported file is calibrated and evaluated on: the user's, in two halves, or generated ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from googlenet.dataset import Dataset, Samples, open_dataset
from googlenet.errors import DataError
from googlenet.evaluation import PreparedSquares
from googlenet.images import BadImage, Preprocessing
from googlenet.model import known_answer_images

MOST_EVALUATED = 1000
MOST_CALIBRATION = 128
MADE = 64
"""Pictures that are generated to evaluate on, where there are no others."""

MADE_SENTENCE = "pictures made by formula, no photographs: --evaluate-on DATA gives better ones"


@dataclass(frozen=True, slots=True, eq=False)
class GatePictures:
    """Squares (N, S, S, 3) uint8 RGB: `evaluated`, what those are for people, and other ones for calibration.

    `ignored`: sentences about what the folders hold besides.
    """

    evaluated: NDArray[np.uint8]
    evaluated_on: str
    calibration: NDArray[np.uint8] | None = None
    ignored: tuple[str, ...] = ()


def gather_pictures(preprocessing: Preprocessing, *, calibrate: str | None, evaluate_on: str | None) -> GatePictures:
    """The pictures of the gate, from DATA as `open_dataset` takes it.

    Without `evaluate_on`, or where it is the same data, a picture of `calibrate` is for one or the other as the hash of
    its name says; without either, pictures are generated. Raises InputError and DataError as `open_dataset` does, and
    DataError where no picture can be read.
    """
    evaluated = None if evaluate_on is None else open_dataset(evaluate_on, split_rule=None)
    if calibrate is None:
        if evaluated is None:
            return GatePictures(generated_pictures(preprocessing.input_size), MADE_SENTENCE)
        return GatePictures(
            _squares(_pictures_of(evaluated), preprocessing, MOST_EVALUATED, evaluated.name),
            f"pictures of {evaluated.name}",
            ignored=_ignored(evaluated),
        )
    data = open_dataset(calibrate, split_rule=None)
    if evaluated is None or evaluated.fingerprint == data.fingerprint:
        for_calibration, for_evaluation = halves(_pictures_of(data))
        sentence = f"the pictures of {data.name} that calibration did not see"
    else:
        for_calibration, for_evaluation = _pictures_of(data), _pictures_of(evaluated)
        sentence = f"pictures of {evaluated.name}"
    return GatePictures(
        _squares(for_evaluation, preprocessing, MOST_EVALUATED, "the half to evaluate on"),
        sentence,
        _squares(for_calibration, preprocessing, MOST_CALIBRATION, "the half to calibrate on"),
        _ignored(data, *([] if evaluated is None else [evaluated])),
    )


def _ignored(*datasets: Dataset) -> tuple[str, ...]:
    sentences = dict.fromkeys(data.ignored.sentence() for data in datasets)
    return tuple(sentence for sentence in sentences if sentence)


def halves(samples: Samples) -> tuple[Samples, Samples]:
    """Two halves by the hash of each picture's name, the same whatever other pictures there are; both may be uneven."""
    sizes: tuple[list[int], list[int]] = ([], [])
    for index, item in enumerate(samples.items):
        sizes[_hash(item.name) % 2].append(index)
    return samples.select(sizes[0]), samples.select(sizes[1])


def generated_pictures(input_size: int, count: int = MADE) -> NDArray[np.uint8]:
    """The known answer's pictures, and (count, S, S, 3) with gradients, shapes, stripes and textures by chance.

    They are the same each time, not on every machine: nothing is stored about them.
    """
    generator = np.random.default_rng(1409_4842)
    made = [_made_picture(input_size, generator) for _ in range(count)]
    return np.concatenate([known_answer_images(input_size), np.stack(made)])


def _made_picture(input_size: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    y, x = np.indices((input_size, input_size)) / input_size
    image = _blend(np.zeros((input_size, input_size, 3)), _direction(x, y, generator), generator)
    for _ in range(generator.integers(2, 7)):
        centre, radius = generator.uniform(0.1, 0.9, 2), generator.uniform(0.05, 0.35)
        stripes = np.sin(generator.uniform(10, 120) * _direction(x, y, generator)) > 0
        disc = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2
        box = np.maximum(abs(x - centre[0]), generator.uniform(0.3, 2) * abs(y - centre[1])) < radius
        image = _blend(image, (disc, box, box & stripes, disc & stripes)[generator.integers(4)], generator)
    cells = generator.integers(0, 256, (generator.integers(3, 24),) * 2, np.uint8)
    texture = np.asarray(Image.fromarray(cells).resize((input_size, input_size), Image.Resampling.BICUBIC), np.float64)
    image += generator.uniform(0, 0.6) * (texture[:, :, np.newaxis] - 128)
    image += generator.normal(0, generator.uniform(1, 14), image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def _direction(x: NDArray[np.float64], y: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    angle = generator.uniform(0, 2 * np.pi)
    along: NDArray[np.float64] = np.cos(angle) * x + np.sin(angle) * y
    return along


def _blend(
    image: NDArray[np.float64], where: NDArray[np.float64] | NDArray[np.bool_], generator: np.random.Generator
) -> NDArray[np.float64]:
    """The image with a gradient between two colours laid over it, as much as `where` (H, W) says, -1 to 1."""
    share = np.clip(np.asarray(where, np.float64), 0, 1)[:, :, np.newaxis]
    colours = generator.uniform(0, 255, (2, 3))
    rows = np.linspace(0, 1, len(image))[:, np.newaxis, np.newaxis]
    laid: NDArray[np.float64] = (1 - share) * image + share * (rows * colours[0] + (1 - rows) * colours[1])
    return laid


def _pictures_of(data: Dataset) -> Samples:
    """All splits together, in the order of the hashes of their names: the first ones are then any of them."""
    first, *others = data.splits.values()
    items = first.items + tuple(item for samples in others for item in samples.items)
    return Samples(first.classes, tuple(sorted(items, key=lambda item: _hash(item.name))), first.source)


def _squares(samples: Samples, preprocessing: Preprocessing, most: int, name: str) -> NDArray[np.uint8]:
    first = samples.select(range(min(most, len(samples))))
    read = PreparedSquares(first, preprocessing).read()
    good = [square for square in read if not isinstance(square, BadImage)]
    if not good:
        raise DataError(f"{name} has no picture that can be read; more pictures are needed")
    return np.stack(good)


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(errors="surrogateescape"), digest_size=8).digest(), "big")
