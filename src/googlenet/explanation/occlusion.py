"""Occlusion (Zeiler and Fergus 2014, Section 4.2): how far a class's logit falls when a part of the picture is covered.

It needs answers alone, no gradients, so that every engine can do it; it takes a run for each place.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from googlenet.artifacts import LastLayer
from googlenet.engines import Engine, Extra
from googlenet.errors import InputError
from googlenet.images import Rgb
from googlenet.parallel import in_batches

CELLS = 14
"""Places along a side: a cell of 16 px at 224 px."""

SMALLEST_CELL = 4  # px

BATCH = 16

FEATURES: tuple[Extra, ...] = ("features",)


def occlusion_maps(
    engine: Engine, layer: LastLayer, squares: NDArray[np.uint8], classes: NDArray[np.int64], fill: tuple[int, int, int]
) -> NDArray[np.float32]:
    """The maps (N, K, n, n) of K classes (N, K) for squares (N, S, S, 3) uint8 RGB: what each logit loses by a cover.

    The cover of a cell is three cells wide and high, centred on it, in the colour `fill`: the model's mean, which is 0
    to the network. Raises InputError for an engine without features.
    """
    return np.stack([_maps(engine, layer, square, row, fill) for square, row in zip(squares, classes, strict=True)])


def _maps(
    engine: Engine, layer: LastLayer, square: Rgb, classes: NDArray[np.int64], fill: tuple[int, int, int]
) -> NDArray[np.float32]:
    cells = max(1, min(CELLS, len(square) // SMALLEST_CELL))
    whole = _logits(engine, layer, square[np.newaxis], classes)
    covered = np.concatenate(
        [_logits(engine, layer, np.stack(batch), classes) for batch in in_batches(_covered(square, cells, fill), BATCH)]
    )
    maps: NDArray[np.float32] = (whole - covered).T.reshape(len(classes), cells, cells)
    return maps


def _covered(square: Rgb, cells: int, fill: tuple[int, int, int]) -> Iterator[Rgb]:
    """The square with a cover on each cell, in reading order."""
    edges = np.rint(np.linspace(0, len(square), cells + 1)).astype(int)
    starts, ends = edges[np.maximum(np.arange(cells) - 1, 0)], edges[np.minimum(np.arange(cells) + 2, cells)]
    for top, bottom in zip(starts, ends, strict=True):
        for left, right in zip(starts, ends, strict=True):
            picture = square.copy()
            picture[top:bottom, left:right] = fill
            yield picture


def _logits(
    engine: Engine, layer: LastLayer, squares: NDArray[np.uint8], classes: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The logits (N, K), which say more than probabilities close to 1."""
    features = engine.run(squares, also=FEATURES).features
    if features is None:
        raise InputError(f"the engine {engine.name} has no features, which occlusion needs")
    logits: NDArray[np.float32] = features @ layer.weight[classes].T + layer.bias[classes]
    return logits
