"""What a figure must be quoted with: the processor, its features, the versions."""

from __future__ import annotations

import platform

from googlenet.machine import read_machine


def describe_machine() -> str:
    """One line: processor, cores, vector features, Python, torch."""
    import torch

    return f"{read_machine()}; Python {platform.python_version()}, torch {torch.__version__}"
