"""What a command says: every verb prints through here.

Names from outside cannot steer the terminal, and standard streams may be missing, closed or full. Results go to
standard output; where nobody reads them any more, `say` raises BrokenPipeError, which ends the command (`googlenet
table1 | head -3`). `report` is for work whose result is a file, which goes on. What is said on standard error never
stops anything.
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

from googlenet.printable import printable, printable_json

CLEAR_LINE = "\r\x1b[K"


def say(*lines: str) -> None:
    """Print lines of a result."""
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))


def say_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a value as JSON; without `indent`, as one line."""
    ascii_only = (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8")  # another encoding lacks characters
    sys.stdout.write(f"{printable_json(json.dumps(value, indent=indent, ensure_ascii=ascii_only))}\n")


def report(*lines: str) -> None:
    """Print lines about work whose result is a file, at once; whether anybody can read them makes no difference."""
    try:
        say(*lines)
        sys.stdout.flush()
    except OSError:
        silence(sys.stdout)


def warn(*lines: str) -> None:
    """Print lines on standard error."""
    error_stream().write("".join(f"{printable(line)}\n" for line in lines))


def show_live(line: str) -> None:
    """Put a line in the place of the last one that was shown so, where standard error is a terminal; "" removes it."""
    if has_terminal():
        error_stream().write(f"{CLEAR_LINE}{printable(line)}")


def has_terminal() -> bool:
    """Whether a person may be watching standard error."""
    return sys.stderr.isatty()


def error_stream() -> TextIO:
    """Standard error as a stream that never fails: a terminal or a reader that has gone must not stop a training."""
    return cast(TextIO, _Unfailing(sys.stderr))


class _Unfailing(io.TextIOBase):
    """Passes text on to a stream at once, and falls silent where that fails."""

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
    """Let vanish what a stream still holds and is still to get, so that Python's end does not fail at it again."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def open_missing_streams() -> None:
    """Put an empty stream in the place of each standard stream that is closed or missing (`>&-`, cron, pythonw).

    Their numbers are taken, too: the next file to be opened, such as a model, would get what a library prints.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            with suppress(OSError):
                _take_number(number)
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # until the process ends


def _take_number(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
