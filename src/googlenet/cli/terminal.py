"""Terminal output of the command: every verb prints through here.

Names from outside cannot control the terminal, and standard streams may be missing, closed or full. Results go to
standard output; if the reader has gone, `say` raises BrokenPipeError, which ends the command (`googlenet table1 |
head -3`). `report` is for work whose result is a file, and which continues. Output on standard error never fails.

| function | for | --quiet | --verbose |
|---|---|---|---|
| `say`, `say_json`, `report_result` | results | shown | shown |
| `report` | what is being done, what was written | hidden | shown |
| `warn` | remarks on the input | hidden | shown |
| `show_live` | progress | hidden | shown |
| `complain` | errors | shown | shown |
| `detail`, the loggers below "googlenet" | what was decided | hidden | shown, otherwise hidden |
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Any, TextIO, cast

from googlenet.json_text import without_infinities
from googlenet.printable import printable, printable_json

if TYPE_CHECKING:
    import logging

CLEAR_LINE = "\r\x1b[K"


class Verbosity(Enum):
    """How much is printed: only results and errors; also what is done; also what was decided."""

    quiet = "quiet"
    normal = "normal"
    verbose = "verbose"


class _Shown:
    """What this process prints, and the log handler that prints details."""

    verbosity = Verbosity.normal
    handler: logging.Handler | None = None


def set_verbosity(verbosity: Verbosity) -> None:
    """Choose how much is printed from now on; `verbose` also shows what the rooms below log."""
    _Shown.verbosity = verbosity
    if _Shown.handler is None and verbosity is not Verbosity.verbose:
        return
    import logging

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            detail(record.getMessage())

    logger = logging.getLogger("googlenet")
    if _Shown.handler is not None:
        logger.removeHandler(_Shown.handler)
    _Shown.handler = Handler() if verbosity is Verbosity.verbose else None
    logger.setLevel(logging.INFO if _Shown.handler else logging.NOTSET)
    if _Shown.handler is not None:
        logger.addHandler(_Shown.handler)


def is_quiet() -> bool:
    """Whether only results and errors are printed."""
    return _Shown.verbosity is Verbosity.quiet


def is_verbose() -> bool:
    """Whether details are printed."""
    return _Shown.verbosity is Verbosity.verbose


def say(*lines: str) -> None:
    """Print lines of a result on standard output."""
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))


def say_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a value as JSON, null for numbers that are not finite; without `indent`, as one line."""
    ascii_only = (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8")  # other encodings lack characters
    sys.stdout.write(
        f"{printable_json(json.dumps(without_infinities(value), indent=indent, ensure_ascii=ascii_only))}\n"
    )


def report(*lines: str) -> None:
    """Print and flush what is being done, unless quiet; a closed or full standard output is ignored."""
    if not is_quiet():
        report_result(*lines)


def report_result(*lines: str) -> None:
    """Print and flush the result of work that also wrote a file; a closed or full standard output is ignored."""
    try:
        say(*lines)
        sys.stdout.flush()
    except OSError:
        silence(sys.stdout)


def warn(*lines: str) -> None:
    """Print remarks on standard error, unless quiet."""
    if not is_quiet():
        complain(*lines)


def detail(*lines: str) -> None:
    """Print what was decided on standard error, if verbose."""
    if is_verbose():
        complain(*lines)


def complain(*lines: str) -> None:
    """Print an error on standard error."""
    error_stream().write("".join(f"{printable(line)}\n" for line in lines))


def show_live(line: str) -> None:
    """Replace the live line, if there can be one; "" clears it."""
    if has_terminal():
        error_stream().write(f"{CLEAR_LINE}{printable(line)}")


def has_terminal() -> bool:
    """Whether standard error is a terminal that shows progress: one that can replace a line, and is not to be quiet."""
    return not is_quiet() and sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def error_stream() -> TextIO:
    """Standard error as a stream that never fails: losing the terminal or reader must not stop a training."""
    return cast(TextIO, _Unfailing(sys.stderr))


class _Unfailing(io.TextIOBase):
    """Passes text to a stream and flushes it; after an error, discards it."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's."""
        return self.stream.encoding

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self.stream.isatty()

    def fileno(self) -> int:
        """The stream's number."""
        return self.stream.fileno()

    def write(self, text: str) -> int:
        """Write and flush."""
        try:
            self.stream.write(text)
            self.stream.flush()
        except OSError:
            silence(self.stream)
        return len(text)


def silence(stream: TextIO) -> None:
    """Discard a stream's buffered and future output, so that Python does not fail on it again at exit."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def open_missing_streams() -> None:
    """Replace each standard stream that is closed or missing (`>&-`, cron, pythonw) by an empty one.

    Their file descriptors are taken, too: otherwise the next file to be opened, such as a model, would get one of them
    and with it whatever a library prints.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            with suppress(OSError):
                _take_descriptor(number)
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # until the process ends


def _take_descriptor(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
