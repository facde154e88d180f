"""The known answer: fixed pictures, and whether a model still gives the same probabilities for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from googlenet.model.model import TOLERANCE

_NOISE_KEY = 1409_4842


@dataclass(frozen=True, slots=True)
class AnswerCheck:
    """The comparison of two answers.

    `worst`: largest difference of a probability, infinite if they cannot be compared; `same_top1`: whether the best
    class of every picture is the same; `agrees`: whether `worst` is within the tolerance.
    """

    worst: float
    same_top1: bool
    agrees: bool


def known_answer_images(input_size: int, *, count: int = 3) -> NDArray[np.uint8]:
    """Make `count` pictures (count, S, S, 3) uint8 RGB by formula: gradients, a disc, a bar and noise.

    Uses only integer arithmetic and raw Philox bits, so that every machine and version makes the same ones. Channels
    differ and shapes are asymmetric: swapped channels or a flip change the answer.
    """
    y, x = np.indices((input_size, input_size))
    bits = np.random.Philox(key=_NOISE_KEY).random_raw(count * input_size * input_size * 3)
    noise = (bits & 31).astype(np.int64).reshape(count, input_size, input_size, 3)
    images = np.empty((count, input_size, input_size, 3), np.uint8)
    for k in range(count):
        gradients = np.stack([x * (200 - 40 * k), y * 200, (x + y) * (60 + 20 * k)], axis=-1) // input_size
        disc = (3 * x - (k + 1) * input_size // 2) ** 2 + (3 * y - input_size) ** 2 < (input_size * (k + 2) // 4) ** 2
        bar = (4 * x > 3 * input_size) & (4 * y > (k + 1) * input_size // 2)
        gradients[disc] = (220, 60 * k, 40)
        gradients[bar] = (20, 90, 210 - 50 * k)
        images[k] = np.clip(gradients + noise[k], 0, 255)
    return images


def compare_answer(
    expected: NDArray[np.float32], got: NDArray[np.float32], *, tolerance: float = TOLERANCE
) -> AnswerCheck:
    """Compare two answers (K, classes) float32; different shapes and non-finite values do not agree."""
    if expected.shape != got.shape or not (np.isfinite(expected).all() and np.isfinite(got).all()):
        return AnswerCheck(worst=float("inf"), same_top1=False, agrees=False)
    worst = float(np.abs(expected.astype(np.float64) - got).max(initial=0.0))
    same_top1 = bool((expected.argmax(axis=1) == got.argmax(axis=1)).all())
    return AnswerCheck(worst=worst, same_top1=same_top1, agrees=worst <= tolerance)
