"""The temperature of a model: one number that its logits are divided by, so that probabilities can be believed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import ModelFileError

TEMPERATURES = (0.05, 20.0)
"""Allowed range of the number that the logits are divided by; networks need about 0.5 to 3."""


def check_temperature(temperature: float, *, where: str) -> None:
    """Raise ModelFileError for a temperature that is not finite or outside `TEMPERATURES`; `where` names the file."""
    low, high = TEMPERATURES
    if not low <= temperature <= high:  # also not NaN
        raise ModelFileError(f"{where}: the temperature is {temperature:g}; it must lie between {low:g} and {high:g}")


def apply_temperature(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """The probabilities (N, C) that the same logits, divided by `temperature`, would have given.

    Ranked as before, except that what becomes equal in float32 is now a tie. 1 returns the argument.
    """
    if temperature == 1:
        return probabilities
    most = probabilities.max(axis=-1, keepdims=True).astype(np.float64)
    powers = (probabilities / np.where(most > 0, most, 1)) ** (1 / temperature)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
