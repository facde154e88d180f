"""From squares to the network's input; the only place where mean, scale and channel order are applied in torch."""

from __future__ import annotations

import torch
from torch import Tensor

from googlenet.images import GREY_WEIGHTS, Preprocessing


def to_network_input(images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """(N, H, W, 3) uint8 RGB -> (N, channels, H, W) float32, (pixel - mean) * scale, channels last in memory."""
    x = images.permute(0, 3, 1, 2).float()
    if preprocessing.channel_order == "BGR":
        x = x.flip(1)
    elif preprocessing.channel_order == "GREY":
        x = (x * x.new_tensor(GREY_WEIGHTS).view(1, 3, 1, 1)).sum(1, keepdim=True)
    mean = x.new_tensor(preprocessing.mean).view(1, -1, 1, 1)
    scale = x.new_tensor(preprocessing.scale).view(1, -1, 1, 1)
    return ((x - mean) * scale).contiguous(memory_format=torch.channels_last)
