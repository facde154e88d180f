"""Imports OpenVINO without telemetry, and holds its only core; nothing else imports it.

`import openvino` also imports its converter, which reports this to Google Analytics through the package
`openvino_telemetry` unless the user has opted out. Without that package the converter uses a stub of its own; so the
package is hidden while OpenVINO is imported, and the stub is used for the lifetime of the process.
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
def _hidden(package: str) -> Iterator[None]:
    """Make importing `package` fail inside the block, as if it were not installed."""
    loaded = sys.modules.get(package)
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if loaded is None:
            del sys.modules[package]
        else:
            sys.modules[package] = loaded


with _hidden(TELEMETRY):
    import openvino

__all__ = ["openvino", "openvino_core"]


@cache
def openvino_core() -> Any:
    """The process's only `openvino.Core`, which is never destroyed.

    The CPU plugin installs an alternate signal stack, and restores the previous one when it is destroyed. If two cores
    are destroyed in the order of their creation, the second one restores the stack of the first, which is freed: the
    next Ctrl-C would be a segmentation fault. And in a forked child, destroying a core would wait for threads of the
    parent.
    """
    core = openvino.Core()
    keep_for_good(core)
    return core
