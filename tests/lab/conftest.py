"""The experiments of `examples/lab` as modules, as they import each other."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

LABORATORY = Path(__file__).resolve().parents[2] / "examples" / "lab"


@pytest.fixture(scope="session")
def load() -> Any:
    """Import an experiment by the name of its file."""
    sys.path.insert(0, str(LABORATORY))
    yield import_module
    sys.path.remove(str(LABORATORY))
