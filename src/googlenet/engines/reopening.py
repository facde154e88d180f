"""An engine that can be copied, pickled and used after a fork, because it can be opened again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from threading import Lock
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import AskedLayer
from googlenet.engines.engine import Engine, Extra, LayerEngine, Outputs
from googlenet.engines.forks import keep_for_good, leave_in_child, no_fork


class ReopenableEngine:
    """An engine with `open_again`, which opens a new instance for each copy (`copy.deepcopy`, `pickle`).

    With `again_after_fork`, also in a forked child, when the engine is first run there. Thread-safe.
    `open_again(layers=...)` opens one for layers of the same model.
    """

    def __init__(self, open_again: Callable[..., Engine], again_after_fork: bool, engine: Engine | None = None) -> None:
        """`engine`: the engine, if it is already open. Raises as `open_again` does."""
        self.open_again = open_again
        self.again_after_fork = again_after_fork
        self._lock = Lock()
        self._engine = engine
        self._for_layers: tuple[tuple[AskedLayer, ...], ReopenableEngine] | None = None
        with no_fork():
            self.name = self._opened().name
        if again_after_fork:
            leave_in_child(self)

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        """Run the engine on squares (N, S, S, 3) uint8 RGB; raises as it does, and as opening it again."""
        with no_fork():
            return self._opened().run(images, also=also)

    def for_layers(self, layers: Sequence[AskedLayer]) -> ReopenableEngine:
        """The same kind of engine for layers of the same model, to be used with `run_layers`; raises as opening it.

        The last one is kept, because whoever looks at layers does so more than once.
        """
        asked, kept = tuple(layers), self._for_layers  # another thread may replace the one that is kept
        if kept is None or kept[0] != asked:
            kept = asked, ReopenableEngine(partial(self.open_again, layers=asked), self.again_after_fork)
            self._for_layers = kept
        return kept[1]

    def run_layers(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """See `LayerEngine`; only for an engine from `for_layers`."""
        with no_fork():
            return cast(LayerEngine, self._opened()).run_layers(images)

    def leave_to_parent(self) -> None:
        """In a child, drop the parent's engine."""
        self._lock = Lock()
        keep_for_good(self._engine)
        self._engine = None

    def _opened(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = self.open_again()
            return self._engine

    def __del__(self) -> None:
        with no_fork():
            self._engine = None

    def __repr__(self) -> str:
        return f"<engine {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return ReopenableEngine, (self.open_again, self.again_after_fork)

    def __deepcopy__(self, memo: dict[int, Any]) -> ReopenableEngine:
        return ReopenableEngine(self.open_again, self.again_after_fork)
