"""What a figure must be quoted with: the processor, its features, the versions."""

from __future__ import annotations

import os
import platform
from pathlib import Path

FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")


def describe_machine() -> str:
    """One line: processor, cores, vector features, Python, torch."""
    import torch

    text = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").is_file() else ""
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    named = {key.strip(): value.strip() for key, value in fields.items()}
    features = [name for name in FEATURES if name in named.get("flags", "").split()]
    return (
        f"{named.get('model name', platform.processor() or 'unknown processor')}, {os.cpu_count()} cores, "
        f"{' '.join(features) or 'no AVX2'}; Python {platform.python_version()}, torch {torch.__version__}"
    )
