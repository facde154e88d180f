"""Runs pictures in order: the answer for each, or why it could not be read; and answers as an array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from googlenet.argument_types import wrong_type
from googlenet.classifier.prediction import Prediction, check_finite, rank_classes
from googlenet.engines import CropRunner, PreparedCrops, average_members
from googlenet.errors import DataError
from googlenet.images import BadImage, Picture, check_pictures, is_picture, picture_name, read_picture
from googlenet.model import ClassLabel, apply_temperature
from googlenet.parallel import in_batches, map_in_order

BadPictures: TypeAlias = Literal["raise", "nan"]
"""What an array has for a picture that cannot be read: nothing, because of a DataError, or a row of NaN."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The answer for one picture: `probabilities` (C,) and, if requested, `features` (F,); or `error`.

    `probabilities` are the network's own, before `temperature`. `image`, `note`: as in `Prediction`.
    """

    image: str
    probabilities: NDArray[np.float32] | None = None
    features: NDArray[np.float32] | None = None
    note: str | None = None
    error: str | None = None
    temperature: float = 1.0

    def prediction(self, classes: tuple[ClassLabel, ...], top: int) -> Prediction:
        """The answer as the `top` of the classes; raises ModelFileError as `rank_classes` does."""
        if self.probabilities is None:
            return Prediction(self.image, (), self.error)
        ranking = rank_classes(self.probabilities, classes, top=top, temperature=self.temperature)
        return Prediction(self.image, ranking, note=self.note, features=self.features)


def answer_pictures(
    runner: CropRunner, images: Picture | Iterable[Picture], *, features: bool = False, temperature: float = 1.0
) -> Iterator[Answer]:
    """Run one picture or many, decoded ahead by threads, in order; `temperature` is that of one crop of one model.

    Raises InputError now if `images` are not pictures, and later for what an iterator yields.
    """
    prepare = partial(prepare_picture, runner)
    temperature = 1.0 if runner.averages else temperature
    if is_picture(images):  # without threads, whose creation would take as long as decoding
        return _run([prepare((0, images))], runner, features, temperature)
    pictures = enumerate(check_pictures(images))
    return _run(map_in_order(prepare, pictures, ahead=runner.pictures_ahead), runner, features, temperature)


PreparedPicture: TypeAlias = tuple[str, PreparedCrops | BadImage, str | None]
"""A picture's name, its crops, its note."""


def prepare_picture(runner: CropRunner, numbered: tuple[int, Picture]) -> PreparedPicture:
    """Read a picture, given with its position, and cut its crops; safe to call from several threads."""
    index, source = numbered
    notes: list[str] = []
    image = read_picture(source, enough=runner.enough, notes=notes)
    prepared = image if isinstance(image, BadImage) else runner.prepare(image)
    return picture_name(source, index), prepared, notes[0] if notes else None


def _run(
    pictures: Iterable[PreparedPicture], runner: CropRunner, features: bool, temperature: float
) -> Iterator[Answer]:
    run = _run_with_features if features else _run_without_features
    for pairs in in_batches(pictures, runner.pictures_at_once):
        good = [picture for _, picture, _ in pairs if not isinstance(picture, BadImage)]
        outputs = iter(run(runner, good) if good else ())
        for name, picture, note in pairs:
            if isinstance(picture, BadImage):
                yield Answer(name, error=picture.reason)
            else:
                yield Answer(name, *next(outputs), note=note, temperature=temperature)


_Outputs: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32] | None]
"""The probabilities (C,) and features (F,) of one picture."""


def _run_without_features(runner: CropRunner, pictures: Sequence[PreparedCrops]) -> Iterator[_Outputs]:
    return ((row, None) for row in average_members(runner.run(pictures))[:, 0])


def _run_with_features(runner: CropRunner, pictures: Sequence[PreparedCrops]) -> Iterator[_Outputs]:
    probabilities, features = runner.run_with_features(pictures)
    return zip(average_members(probabilities)[:, 0], features[:, 0].astype(np.float32), strict=True)


def answer_rows(
    answers: Iterable[Answer], key: Literal["probabilities", "features"], bad_pictures: BadPictures
) -> list[NDArray[np.float32] | None]:
    """The probabilities or features of each picture, None for a bad one with "nan"; with "raise", DataError."""
    check_bad_pictures(bad_pictures)
    rows = []
    for one in answers:
        refuse_bad_picture(one.image, one.error, bad_pictures)
        row = one.probabilities if key == "probabilities" else one.features
        if row is not None:
            check_finite(row)
            row = apply_temperature(row, one.temperature) if key == "probabilities" else row
        rows.append(row)
    return rows


def check_bad_pictures(bad_pictures: BadPictures) -> None:
    """Raise InputError for anything but "raise" and "nan"."""
    if bad_pictures not in get_args(BadPictures):
        raise wrong_type("bad_pictures", "'raise' or 'nan'", bad_pictures)


def refuse_bad_picture(image: str, error: str | None, bad_pictures: BadPictures) -> None:
    """With "raise", raise DataError for a picture that could not be read."""
    if error is not None and bad_pictures == "raise":
        raise DataError(f"{image}: {error}; leave this picture out, or give bad_pictures='nan' for a row of NaN")


def stack_rows(rows: Sequence[NDArray[np.float32] | None], shape: tuple[int, ...], *, one: bool) -> NDArray[np.float32]:
    """(N, *shape) float32, NaN where a row is None; (*shape,) for `one` picture."""
    table = np.full((len(rows), *shape), np.nan, np.float32)
    for place, row in enumerate(rows):
        if row is not None:
            table[place] = row
    return table[0] if one else table
