"""OpenVINO without its telemetry: the one place that imports it.

`import openvino` brings its converter along, which reports the import to Google Analytics through the package
`openvino_telemetry` unless the user has forbidden it. Without that package the converter uses a stub of its own; so it
is out of reach while OpenVINO is imported, and the stub stays for as long as the process lives.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

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

__all__ = ["openvino"]
