"""The pictures for calibrating and evaluating an exported file: the user's, in two halves, or generated ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from googlenet.argument_types import PathArgument
from googlenet.dataset import Dataset, Samples, open_dataset
from googlenet.errors import DataError
from googlenet.evaluation import PreparedSquares, name_hash
from googlenet.evaluation import halves as name_halves
from googlenet.images import BadImage, Preprocessing
from googlenet.model import known_answer_images

MOST_EVALUATED = 1000
MOST_CALIBRATION = 128
GENERATED = 64
"""Number of generated pictures for evaluation, if there are no others."""

GENERATED_SENTENCE = "generated pictures, not photographs: use --evaluate-on DATA for real ones"


@dataclass(frozen=True, slots=True, eq=False)
class GatePictures:
    """Squares (N, S, S, 3) uint8 RGB: `evaluated`, a description of them, and others for calibration.

    `ignored`: sentences about ignored files in the folders.
    """

    evaluated: NDArray[np.uint8]
    evaluated_on: str
    calibration: NDArray[np.uint8] | None = None
    ignored: tuple[str, ...] = ()


def gather_pictures(
    preprocessing: Preprocessing, *, calibrate: PathArgument | None, evaluate_on: PathArgument | None
) -> GatePictures:
    """Read the pictures for an export; `calibrate` and `evaluate_on` are DATA as in `open_dataset`.

    Without `evaluate_on`, or if it is the same data, the pictures of `calibrate` are split by the hashes of their
    names; without either, pictures are generated. Raises InputError and DataError as `open_dataset` does, and DataError
    if no picture can be read.
    """
    evaluated = None if evaluate_on is None else open_dataset(evaluate_on, split_rule=None)
    if calibrate is None:
        if evaluated is None:
            return GatePictures(generated_pictures(preprocessing.input_size), GENERATED_SENTENCE)
        return GatePictures(
            _squares(_pictures_of(evaluated), preprocessing, MOST_EVALUATED, evaluated.name),
            f"pictures of {evaluated.name}",
            ignored=_ignored(evaluated),
        )
    data = open_dataset(calibrate, split_rule=None)
    if evaluated is None or evaluated.fingerprint == data.fingerprint:
        for_calibration, for_evaluation = halves(_pictures_of(data))
        sentence = f"the pictures of {data.name} that were not used for calibration"
    else:
        for_calibration, for_evaluation = _pictures_of(data), _pictures_of(evaluated)
        sentence = f"pictures of {evaluated.name}"
    return GatePictures(
        _squares(for_evaluation, preprocessing, MOST_EVALUATED, "the evaluation half"),
        sentence,
        _squares(for_calibration, preprocessing, MOST_CALIBRATION, "the calibration half"),
        _ignored(data, *([] if evaluated is None else [evaluated])),
    )


def _ignored(*datasets: Dataset) -> tuple[str, ...]:
    sentences = dict.fromkeys(data.ignored.sentence() for data in datasets)
    return tuple(sentence for sentence in sentences if sentence)


def halves(samples: Samples) -> tuple[Samples, Samples]:
    """Split by the hash of each picture's name, independent of other pictures; the halves can differ in size."""
    first, second = (np.flatnonzero(half).tolist() for half in name_halves([item.name for item in samples.items]))
    return samples.select(first), samples.select(second)


def generated_pictures(input_size: int, count: int = GENERATED) -> NDArray[np.uint8]:
    """The known answer's pictures, and (count, S, S, 3) random ones with gradients, shapes, stripes and textures.

    They are the same in each run, but not on every machine: nothing about them is stored.
    """
    generator = np.random.default_rng(1409_4842)
    made = [_generated_picture(input_size, generator) for _ in range(count)]
    return np.concatenate([known_answer_images(input_size), np.stack(made)])


def _generated_picture(input_size: int, generator: np.random.Generator) -> NDArray[np.uint8]:
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
    """The image blended with a gradient between two colours; `where` (H, W), clipped to 0..1, is the opacity."""
    share = np.clip(np.asarray(where, np.float64), 0, 1)[:, :, np.newaxis]
    colours = generator.uniform(0, 255, (2, 3))
    rows = np.linspace(0, 1, len(image))[:, np.newaxis, np.newaxis]
    laid: NDArray[np.float64] = (1 - share) * image + share * (rows * colours[0] + (1 - rows) * colours[1])
    return laid


def _pictures_of(data: Dataset) -> Samples:
    """All splits together, sorted by the hashes of their names, so that the first ones are a random sample."""
    first, *others = data.splits.values()
    items = first.items + tuple(item for samples in others for item in samples.items)
    return Samples(first.classes, tuple(sorted(items, key=lambda item: name_hash(item.name))), first.source)


def _squares(samples: Samples, preprocessing: Preprocessing, most: int, name: str) -> NDArray[np.uint8]:
    first = samples.select(range(min(most, len(samples))))
    read = PreparedSquares(first, preprocessing).read()
    good = [square for square in read if not isinstance(square, BadImage)]
    if not good:
        raise DataError(f"{name} has no readable picture; more pictures are needed")
    return np.stack(good)
