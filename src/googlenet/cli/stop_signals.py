"""Ctrl-C and SIGTERM during work that can be saved."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any


class StopSignals:
    """True after the first Ctrl-C or SIGTERM from `watch` to the end of its block; a second one ends the program."""

    def __init__(self) -> None:
        """Signals are not handled before `watch`, when there is nothing to save yet."""
        self.number = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        return self

    def watch(self) -> None:
        """Handle signals from now on."""
        if not self._before:
            self._before = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        signal.signal(number, signal.SIG_DFL)

    def __call__(self) -> bool:
        """Whether a signal was received."""
        return bool(self.number)

    @property
    def exit_code(self) -> int:
        """The exit code that a shell reports for a program ended by the signal."""
        return 128 + self.number
