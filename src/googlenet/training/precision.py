"""The precision of a training: float32, or bfloat16 if the machine multiplies it faster.

Bfloat16 has float32's range with 8 bits of precision. It is used for the feature maps and their gradients; weights,
statistics, losses, averages and optimiser state stay in float32, as does every evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch

from googlenet.recipes import PrecisionSetting

Precision = Literal["float32", "bfloat16"]

CPU_FEATURES = ("avx512_bf16", "amx_bf16")  # instructions that multiply bfloat16 and accumulate in float32


def settle_precision(setting: PrecisionSetting, device: str) -> Precision:
    """Resolve `auto` for a torch device, always to the same on the same machine; other settings are returned as is."""
    if setting != "auto":
        return setting
    return "bfloat16" if multiplies_bfloat16(device) else "float32"


def multiplies_bfloat16(device: str) -> bool:
    """Whether a torch device has instructions for bfloat16; False if torch (an older version) cannot tell."""
    kind = torch.device(device).type
    if kind == "cpu":
        capabilities: Callable[[], Mapping[str, Any]] = getattr(torch.cpu, "get_capabilities", dict)
        return any(capabilities().get(name, False) for name in CPU_FEATURES)
    return kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
