"""The one road along which accuracy is measured: `googlenet evaluate`, and every validation during training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from googlenet.dataset import Samples
from googlenet.engines import Engine
from googlenet.errors import InputError
from googlenet.evaluation.counts import Counts, Evaluation
from googlenet.images import BadImage, Preprocessing, Rgb, to_square
from googlenet.parallel import DEFAULT_WORKERS, in_batches, map_in_order


@dataclass(frozen=True, slots=True)
class PreparedSquares:
    """The squares of samples in their order; the first `len(kept)` are in memory, the others are decoded each time."""

    samples: Samples
    preprocessing: Preprocessing
    kept: tuple[Rgb | BadImage, ...] = ()

    def read(self, *, workers: int = DEFAULT_WORKERS) -> Iterator[Rgb | BadImage]:
        """Yield (side, side, 3) uint8 RGB for each picture, or why it is bad."""
        yield from self.kept
        yield from map_in_order(self._decode, range(len(self.kept), len(self.samples)), workers=workers)

    def _decode(self, index: int) -> Rgb | BadImage:
        image = self.samples.decode(index)
        return image if isinstance(image, BadImage) else to_square(image, self.preprocessing)


def prepare_squares(
    samples: Samples, preprocessing: Preprocessing, *, limit_bytes: int, workers: int = DEFAULT_WORKERS
) -> PreparedSquares:
    """Decode as many of the first pictures as fit into `limit_bytes`, for samples that are evaluated repeatedly."""
    fitting = limit_bytes // (3 * preprocessing.side**2)
    first = samples.select(range(min(fitting, len(samples))))
    return PreparedSquares(samples, preprocessing, tuple(PreparedSquares(first, preprocessing).read(workers=workers)))


def evaluate(
    engine: Engine,
    preprocessing: Preprocessing,
    samples: Samples,
    *,
    split: str,
    batch_size: int = 64,
    images: PreparedSquares | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    on_row: Callable[[str, str, NDArray[np.float32]], None] | None = None,
    workers: int = DEFAULT_WORKERS,
) -> Evaluation:
    """Run every picture of `samples` once and count; bad pictures are left out and named in the result.

    `samples.classes` are the engine's, in its order (`googlenet.dataset.relabel`). `images`: the same samples prepared
    with the same preprocessing. `on_progress` gets (pictures done, all); `on_row` gets (name, class, probabilities) of
    each picture that was counted, in order. Raises DataError where no picture could be read.
    """
    counts = Counts(len(samples.classes))
    bad: list[tuple[str, str]] = []
    squares = (images or PreparedSquares(samples, preprocessing)).read(workers=workers)
    done = 0
    for batch in in_batches(zip(samples.items, squares, strict=True), batch_size):
        good = [(item, square) for item, square in batch if not isinstance(square, BadImage)]
        bad += [(item.name, square.reason) for item, square in batch if isinstance(square, BadImage)]
        if good:
            probabilities = engine.run(np.stack([square for _, square in good])).probabilities
            _check_classes(probabilities, samples)
            counts.add(np.array([item.label for item, _ in good], np.int64), probabilities)
            if on_row:
                for (item, _), row in zip(good, probabilities, strict=True):
                    on_row(item.name, samples.classes[item.label], row)
        done += len(batch)
        if on_progress:
            on_progress(done, len(samples))
    return counts.result(samples.classes, split=split, bad_pictures=tuple(bad))


def _check_classes(probabilities: NDArray[np.float32], samples: Samples) -> None:
    if probabilities.shape[1] != len(samples.classes):
        raise InputError(
            f"the network has {probabilities.shape[1]} classes, the pictures have {len(samples.classes)}: "
            "evaluate on pictures with the classes of the model"
        )
