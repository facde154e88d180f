"""Runs squares through an engine and computes the class-activation maps of chosen classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from googlenet.architecture import ReceptiveField
from googlenet.artifacts import LastLayer
from googlenet.engines import Engine, Extra
from googlenet.errors import InputError, ModelFileError
from googlenet.explanation.class_activation import class_activation_maps

BATCH = 16  # squares at once; their feature maps are 200 KB each

FEATURE_MAPS: tuple[Extra, ...] = ("feature_maps",)

Calibrate: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Probabilities (N, C) as an engine gives them -> as they are shown."""


@dataclass(frozen=True, slots=True, eq=False)
class ExplainedSquares:
    """The evidence for K classes in each of N squares.

    `classes`: indices (N, K); `probabilities`: (N, K) float32; `biases`: (N, K) float32; `maps`: (N, K, h, w) float32,
    whose means are the logits less the biases; `field`: what one value of a map sees of its square.
    """

    classes: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    biases: NDArray[np.float32]
    maps: NDArray[np.float32]
    field: ReceptiveField

    @property
    def logits(self) -> NDArray[np.float32]:
        """(N, K): what the softmax reads, before any temperature."""
        logits: NDArray[np.float32] = self.biases + self.maps.mean(axis=(2, 3))
        return logits


def explain_squares(
    engine: Engine,
    layer: LastLayer,
    squares: NDArray[np.uint8],
    classes: ArrayLike | None = None,
    *,
    top: int = 2,
    calibrate: Calibrate | None = None,
) -> ExplainedSquares:
    """Explain squares (N, S, S, 3) uint8 RGB, N >= 1, with an engine and the `last_layer` of the same model.

    `classes`: indices of the classes to explain, (K,) or (N, K); default: the `top` most probable ones of each square,
    best first. `calibrate`: applied to the probabilities; maps and logits are always those of the network itself.
    Raises InputError for an engine without feature maps, ModelFileError for values that are not finite.
    """
    parts = [
        _explain(engine, layer, squares[start : start + BATCH], _part(classes, start), top, calibrate)
        for start in range(0, len(squares), BATCH)
    ]
    chosen, probabilities, biases, maps = (np.concatenate(column) for column in zip(*parts, strict=True))
    return ExplainedSquares(chosen, probabilities, biases, maps, layer.field)


def _part(classes: ArrayLike | None, start: int) -> NDArray[np.int64] | None:
    """The classes of the batch from `start`."""
    if classes is None:
        return None
    indices = np.asarray(classes, np.int64)
    return indices if indices.ndim == 1 else indices[start : start + BATCH]


def _explain(
    engine: Engine,
    layer: LastLayer,
    squares: NDArray[np.uint8],
    classes: NDArray[np.int64] | None,
    top: int,
    calibrate: Calibrate | None,
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    outputs = engine.run(squares, also=FEATURE_MAPS)
    if outputs.feature_maps is None:
        raise InputError(f"the engine {engine.name} has no feature maps, which an explanation needs")
    if not (np.isfinite(outputs.probabilities).all() and np.isfinite(outputs.feature_maps).all()):
        raise ModelFileError("the network's answer is not a finite number; its weights cannot be used")
    probabilities = calibrate(outputs.probabilities) if calibrate is not None else outputs.probabilities
    if classes is None:
        classes = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    chosen = np.broadcast_to(classes, (len(squares), classes.shape[-1]))
    return (
        chosen,
        np.take_along_axis(probabilities, chosen, axis=1),
        layer.bias[chosen],
        class_activation_maps(outputs.feature_maps, layer.weight, chosen),
    )
