"""Dreams: a picture changed so that a layer sees more of what it sees, from coarse to fine.

After Mordvintsev, Olah and Tyka, "Inceptionism: Going Deeper into Neural Networks" (2015): octaves of growing size,
steps of equal mean change along the gradient, a random shift before each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from googlenet.architecture.layer_names import LayerInfo
from googlenet.images import Preprocessing
from googlenet.network import GoogLeNet
from googlenet.visualization.aims import Aim
from googlenet.visualization.draws import generator_for
from googlenet.visualization.making import OnProgress, layer_values, only_looked_at
from googlenet.visualization.objectives import channel, strength

OCTAVES = 4
OCTAVE_SCALE = 1.4
LEAST = 64  # px: shorter side of the smallest octave
STEP = 1.5  # of 255: mean change of a value in a step
SHIFT = 32  # px


def dream(
    network: GoogLeNet,
    preprocessing: Preprocessing,
    layer: LayerInfo,
    picture: NDArray[np.uint8],
    aims: Sequence[Aim] = (),
    *,
    steps: int,
    seed: int = 0,
    on_progress: OnProgress = lambda done, total: None,
) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 -> the same picture, in which the layer sees more; `steps` are shared among the octaves.

    Without aims all of the layer's values are raised, each the more, the larger it is; otherwise the sum of the aims.
    Raises InputError for a picture that is too small for the network.
    """
    device = next(network.parameters()).device
    whole = torch.from_numpy(np.array(picture)).to(device).permute(2, 0, 1)[None].float()
    sizes, draws = _octaves(*picture.shape[:2]), generator_for(seed)
    direction = torch.from_numpy(sum((aim.direction for aim in aims), np.zeros(layer.shape[2], np.float32))).to(device)

    def gradient(seen: Tensor) -> Tensor:
        seen = seen.detach().requires_grad_(True)
        values = layer_values(network, preprocessing, layer, seen.permute(0, 2, 3, 1), before_relu=bool(aims))
        score = channel(values, direction[None]) if aims else strength(values)
        return torch.autograd.grad(score.sum(), seen)[0]

    detail, done = torch.zeros_like(whole), 0
    with only_looked_at(network):
        for number, size in enumerate(sizes):
            base = F.interpolate(whole, size, mode="bilinear", antialias=True)
            x = base + F.interpolate(detail, size, mode="bilinear", antialias=True)
            for _ in range(steps * (number + 1) // len(sizes) - steps * number // len(sizes)):
                shift = (torch.randint(2 * SHIFT + 1, (2,), generator=draws) - SHIFT).tolist()
                step = gradient(x.roll(shift, (2, 3))).roll([-one for one in shift], (2, 3))
                x = (x + STEP * step / step.abs().mean().clamp_min(1e-12)).clamp(0, 255)
                done += 1
                on_progress(done, steps)
            detail = x - base
    made: NDArray[np.uint8] = (whole + detail)[0].permute(1, 2, 0).round().clamp(0, 255).byte().cpu().numpy()
    return made


def _octaves(height: int, width: int) -> list[tuple[int, int]]:
    """The sizes (height, width) of the octaves, from the smallest that is not below `LEAST` to the picture's own."""
    scales = [OCTAVE_SCALE**-power for power in range(OCTAVES)]
    kept = [scale for scale in scales if min(height, width) * scale >= LEAST] or [1.0]
    return [(round(height * scale), round(width * scale)) for scale in reversed(kept)]
