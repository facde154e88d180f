"""A random look at images in each step: shifted, turned and scaled a little, so that no single pixel matters.

Olah et al. 2017 ("Transformation robustness") jitter, rotate and scale one after the other. Here the three are one
resampling; as images are periodic, a shift may be of any length and nothing has to be padded with grey.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

MOST_DEGREES = 10.0
MOST_SCALING = 0.1
JITTER = 8  # px: a shift where the image has a place of its own


def random_look(images: Tensor, generator: torch.Generator, *, anywhere: bool) -> Tensor:
    """(N, C, S, S) periodic images -> the same shape, all shifted, turned and scaled alike.

    `anywhere`: shifts are of any length, which suits textures; otherwise of at most `JITTER` px each way.
    """
    size = images.shape[-1]
    reach = size if anywhere else 2 * JITTER + 1
    down, right = (torch.randint(reach, (2,), generator=generator) - reach // 2).tolist()
    turn, scaling = (2 * torch.rand(2, generator=generator) - 1).tolist()
    angle, scale = math.radians(turn * MOST_DEGREES), 1 + scaling * MOST_SCALING
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    border = max(0, math.ceil(size / 2 * (abs(cosine) + abs(sine) - 1)) + 1)
    wide = F.pad(images.roll((down, right), (2, 3)), (border, border, border, border), mode="circular")
    part = size / wide.shape[-1]
    matrix = images.new_tensor([[cosine * part, -sine * part, 0], [sine * part, cosine * part, 0]])
    grid = F.affine_grid(matrix[None], [1, 1, size, size], align_corners=False)
    return F.grid_sample(wide, grid.expand(len(images), -1, -1, -1), align_corners=False)
