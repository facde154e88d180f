"""The processor, its features and the versions, to be stated with each figure."""

from __future__ import annotations

import platform

from googlenet.machine import read_machine


def describe_machine() -> str:
    """One line: processor, cores, vector features, Python, torch."""
    import torch

    return f"{read_machine()}; Python {platform.python_version()}, torch {torch.__version__}"
