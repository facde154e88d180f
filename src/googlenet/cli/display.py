"""Shows training events: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from googlenet.cli.terminal import error_stream, has_terminal, is_quiet, show_live

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console
    from rich.live import Live

    from googlenet.runs import Event, StepDone

REFRESH_PER_SECOND = 4


class TrainingDisplay:
    """Shows events on standard error; a context manager that restores the terminal. Rich is imported with the first."""

    def __init__(self) -> None:
        """The live line is only shown if standard error is a terminal, while a network is being trained."""
        self.live: Live | None = None
        self.refreshed = 0.0
        self.evaluated: CountDisplay | None = None

    def __enter__(self) -> TrainingDisplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        from googlenet.runs import MembersEvaluated, StepDone, TrainingStarted, TrainingStopped, describe

        if isinstance(event, StepDone):
            self._refresh(event)
            return
        if isinstance(event, MembersEvaluated):
            self.evaluated = self.evaluated or CountDisplay("evaluated")
            self.evaluated(event.done, event.total)
            return
        if isinstance(event, TrainingStarted) and has_terminal():
            self._start()
        if isinstance(event, TrainingStopped) and self.live:
            self.live.update("", refresh=True)
        sentence = describe(event)
        if sentence and not is_quiet():
            self.console.print(sentence, markup=False)

    def close(self) -> None:
        """Remove live lines."""
        if self.live:
            self.live.stop()
            self.live = None
        if self.evaluated:
            self.evaluated.close()

    @cached_property
    def console(self) -> Console:
        """Standard error, as rich writes to it."""
        from rich.console import Console

        return Console(file=error_stream(), highlight=False, emoji=False, soft_wrap=True)

    def _start(self) -> None:
        from rich.live import Live

        self.close()  # that of the member before
        self.live = Live("", console=self.console, auto_refresh=False, transient=True)
        self.live.start()

    def _refresh(self, event: StepDone) -> None:
        import time

        now = time.monotonic()
        if self.live and now - self.refreshed >= 1 / REFRESH_PER_SECOND:
            self.refreshed = now
            self.live.update(live_line(event), refresh=True)


def live_line(event: StepDone) -> str:
    """One step as a line: epoch, speed, time left, each head's loss and their weighted sum (all smoothed), rate."""
    from googlenet.runs import duration

    heads = " ".join(
        f"{head.replace('auxiliary_', '')} {loss:.3f}" for head, loss in event.smoothed_head_losses.items()
    )
    left = "" if event.seconds_left is None else f"  {duration(event.seconds_left)} left"
    return (
        f"{event.progress:4.0%}  epoch {event.epoch}  {event.input_size} px  "
        f"{event.images_per_second:.0f} images/s{left}  "
        f"loss {event.smoothed_loss:.3f} = {heads}  accuracy {event.smoothed_head_accuracies['main']:.1%}  "
        f"rate {event.learning_rate:.4g}"
    )


class CountDisplay:
    """Shows how many pictures are done, with rate and time left, on standard error if it is a terminal."""

    def __init__(self, what: str, *, already: int = 0) -> None:
        """`what` is done to the pictures: "evaluated", "predicted"; `already` were done by an earlier run."""
        import time

        self.what = what
        self.already = already
        self.clock = time.monotonic
        self.started = self.shown = time.monotonic()
        self.on = has_terminal()

    def __call__(self, done: int, total: int | None) -> None:
        """Update the line, a few times per second; it is cleared when all pictures are done."""
        now = self.clock()
        if not self.on:
            return
        if done == total:
            show_live("")
        elif now - self.shown >= 1 / REFRESH_PER_SECOND:
            self.shown = now
            from googlenet.runs import duration

            rate = (done - self.already) / max(now - self.started, 1e-9)
            left = f" of {total:,}, {duration((total - done) / rate)} left" if total and rate else ""
            show_live(f"{done:,}{left} {self.what}, {rate:.0f} images/s")

    def close(self) -> None:
        """Clear the line."""
        if self.on:
            show_live("")
