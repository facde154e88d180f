"""OpenVINO without its telemetry, and its one core: the one place that imports it.

`import openvino` brings its converter along, which reports the import to Google Analytics through the package
`openvino_telemetry` unless the user has forbidden it. Without that package the converter uses a stub of its own; so it
is out of reach while OpenVINO is imported, and the stub stays for as long as the process lives.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from googlenet.engines.forks import keep_for_good

TELEMETRY = "openvino_telemetry"


@contextmanager
def _out_of_reach(package: str) -> Iterator[None]:
    """Importing `package` fails inside the block, as if it were not installed."""
    hidden = sys.modules.get(package)
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden is None:
            del sys.modules[package]
        else:
            sys.modules[package] = hidden


with _out_of_reach(TELEMETRY):
    import openvino

__all__ = ["openvino", "openvino_core"]


@cache
def openvino_core() -> Any:
    """The process's `openvino.Core`, which stays for good.

    Its plugin for the CPU gives the thread another stack for signals, and gives the former one back when it goes. Of
    two cores that go in the order in which they came, the second gives back the first one's, which is gone: the next
    Ctrl-C would end the process by a segmentation fault. And in a forked child the end of a core would wait for
    threads that are the parent's.
    """
    core = openvino.Core()
    keep_for_good(core)
    return core
