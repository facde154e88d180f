"""An engine made from a function: a public test double, and a way to use other models in a classifier."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from googlenet.engines.engine import Extra, Outputs


@dataclass(frozen=True, slots=True)
class FunctionEngine:
    """Run `function`: squares (N, S, S, 3) uint8 RGB -> probabilities (N, classes)."""

    function: Callable[[NDArray[np.uint8]], ArrayLike]
    name: str = "function"

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        """The function's result as float32; `also` is ignored."""
        return Outputs(np.asarray(self.function(images), dtype=np.float32))
