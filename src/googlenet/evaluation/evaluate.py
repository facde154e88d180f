"""The one implementation of evaluation, for `googlenet evaluate` and every validation during training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from googlenet.dataset import Sample, Samples, check_readable
from googlenet.engines import CropRunner, Engine, PreparedCrops, average_members, members_of
from googlenet.errors import InputError
from googlenet.evaluation.answers import Answers
from googlenet.evaluation.counts import Counts, Evaluation
from googlenet.images import BadImage, Crops, Preprocessing, Rgb, Size, least_size, to_square
from googlenet.parallel import DEFAULT_WORKERS, in_batches, map_in_order

OnRow: TypeAlias = Callable[[str, str, NDArray[np.float32]], None]
"""Called with a picture's name, its class, and its predicted probabilities (classes,)."""


@dataclass(frozen=True, slots=True)
class PreparedSquares:
    """The network inputs of samples, in order; the first `len(kept)` are in memory, others are decoded each time."""

    samples: Samples
    preprocessing: Preprocessing
    kept: tuple[Rgb | BadImage, ...] = ()

    def read(self, *, workers: int = DEFAULT_WORKERS) -> Iterator[Rgb | BadImage]:
        """Yield (S, S, 3) uint8 RGB for each picture, or a BadImage."""
        yield from self.kept
        yield from map_in_order(self._decode, range(len(self.kept), len(self.samples)), workers=workers)

    def _decode(self, index: int) -> Rgb | BadImage:
        image = self.samples.decode(index, enough=self._enough)
        return image if isinstance(image, BadImage) else to_square(image, self.preprocessing)

    def _enough(self, width: int, height: int) -> Size:
        return least_size(width, height, self.preprocessing, 1)


def prepare_squares(
    samples: Samples, preprocessing: Preprocessing, *, limit_bytes: int, workers: int = DEFAULT_WORKERS
) -> PreparedSquares:
    """Decode as many of the first pictures as fit into `limit_bytes`, for samples that are evaluated repeatedly."""
    fitting = limit_bytes // (3 * preprocessing.input_size**2)
    first = samples.select(range(min(fitting, len(samples))))
    return PreparedSquares(samples, preprocessing, tuple(PreparedSquares(first, preprocessing).read(workers=workers)))


def evaluate(
    engine: Engine,
    preprocessing: Preprocessing,
    samples: Samples,
    *,
    split: str,
    batch_size: int = 64,
    crops: int = 1,
    images: PreparedSquares | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    on_row: OnRow | None = None,
    temperature: float = 1.0,
    keep_answers: bool = False,
    workers: int = DEFAULT_WORKERS,
) -> Evaluation:
    """Run every picture of `samples` once and count; bad pictures are skipped and listed in the result.

    `samples.classes` are the engine's, in its order (`googlenet.dataset.relabel`); the members of an `EnsembleEngine`
    have their own preprocessing. `crops` (1, 10, 144) squares of each picture are run, `batch_size` at a time.
    `images`: the same samples prepared with the same preprocessing, for one crop. `on_progress` gets (pictures done,
    all); `on_row` gets (name, class, probabilities) of each picture that was counted, in order. `temperature`: the
    model's, for its calibration error; `keep_answers`: the result has all probabilities. Raises DataError if no
    picture, or none of a class, could be read.
    """
    runner = CropRunner(members_of(engine, preprocessing), (crops,), batch_size)
    if images is not None and (crops != 1 or len(runner.preprocessings) > 1):
        raise InputError("`images` must be for one crop and one preprocessing; omit it otherwise")
    pictures = None if images is None else (_as_crops(square) for square in images.read(workers=workers))
    return count_answers(
        answer_samples(runner, samples, pictures=pictures, workers=workers),
        runner,
        samples,
        split=split,
        on_progress=on_progress,
        on_row=on_row,
        temperature=temperature,
        keep_answers=keep_answers,
    )


@dataclass(frozen=True, slots=True, eq=False)
class AnsweredBatch:
    """The networks' answers for consecutive samples.

    `items`: the N good ones; `answers`: (N, members, protocols, classes); `bad`: (name, reason) of the others.
    """

    items: tuple[Sample, ...]
    answers: NDArray[np.float64]
    bad: tuple[tuple[str, str], ...]

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,): the class of each good picture."""
        return np.array([item.label for item in self.items], np.int64)


def answer_samples(
    runner: CropRunner,
    samples: Samples,
    *,
    pictures: Iterator[PreparedCrops | BadImage] | None = None,
    workers: int = DEFAULT_WORKERS,
) -> Iterator[AnsweredBatch]:
    """Decode and crop every picture once, ahead of the networks, and yield the networks' answers in order.

    `pictures`: the samples' pictures, if they are already prepared.
    """

    def prepare(index: int) -> PreparedCrops | BadImage:
        image = samples.decode(index, enough=runner.enough)
        return image if isinstance(image, BadImage) else runner.prepare(image)

    if pictures is None:
        pictures = map_in_order(prepare, range(len(samples)), workers=workers, ahead=runner.pictures_ahead)
    for batch in in_batches(zip(samples.items, pictures, strict=True), runner.pictures_at_once):
        good = [(item, picture) for item, picture in batch if not isinstance(picture, BadImage)]
        bad = tuple((item.name, picture.reason) for item, picture in batch if isinstance(picture, BadImage))
        shape = (0, len(runner.members), len(runner.protocols), len(samples.classes))
        answers = runner.run([picture for _, picture in good]) if good else np.empty(shape)
        _check_classes(answers.shape[-1], samples)
        yield AnsweredBatch(tuple(item for item, _ in good), answers, bad)


def count_answers(
    batches: Iterable[AnsweredBatch],
    runner: CropRunner,
    samples: Samples,
    *,
    split: str,
    on_progress: Callable[[int, int], None] | None = None,
    on_row: OnRow | None = None,
    temperature: float = 1.0,
    keep_answers: bool = False,
) -> Evaluation:
    """Count the average of all members under the last protocol; arguments as for `evaluate`.

    The temperature is that of one crop of one network: averages are counted without it.
    """
    counts = Counts(len(samples.classes), temperature=1.0 if runner.averages else temperature)
    items: list[Sample] = []
    rows: list[NDArray[np.float32]] = []
    bad: list[tuple[str, str]] = []
    for batch in batches:
        bad += batch.bad
        probabilities = average_members(batch.answers)[:, -1]
        counts.add(batch.labels, probabilities)
        if keep_answers:
            items += batch.items
            rows.append(probabilities)
        if on_row:
            for item, row in zip(batch.items, probabilities, strict=True):
                on_row(item.name, samples.classes[item.label], row)
        if on_progress:
            on_progress(counts.pictures + len(bad), len(samples))
    evaluation = counts.result(
        samples.classes,
        split=split,
        bad_pictures=tuple(bad),
        models=len(runner.members),
        crops=runner.protocols[-1],
    )
    check_readable(samples, dict(bad), where=split)
    if not keep_answers:
        return evaluation
    answers = Answers(
        names=tuple(item.name for item in items),
        labels=np.array([item.label for item in items], np.int64),
        probabilities=np.concatenate(rows),
        classes=samples.classes,
        split=split,
        bad_pictures=tuple(bad),
    )
    return replace(evaluation, answers=answers)


def _as_crops(square: Rgb | BadImage) -> PreparedCrops | BadImage:
    return square if isinstance(square, BadImage) else (Crops(square[np.newaxis], np.ones((1, 1))),)


def _check_classes(classes: int, samples: Samples) -> None:
    if classes != len(samples.classes):
        raise InputError(
            f"the network has {classes} classes, the pictures have {len(samples.classes)}: "
            "evaluate on pictures with the classes of the model"
        )
