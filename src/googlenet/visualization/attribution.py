"""Gradient x input, smoothed over noise: how much a class's logit depends on each place of a picture.

SmoothGrad (Smilkov et al. 2017) of gradient x input (Shrikumar et al. 2016), computed by Captum.
"""

from __future__ import annotations

from importlib import import_module
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from googlenet.errors import MissingExtraError
from googlenet.images import Preprocessing
from googlenet.network import GoogLeNet, to_network_input

SAMPLES, BATCH = 16, 8  # noisy copies of a picture, and how many of them are run together

NOISE = 0.15
"""Standard deviation of the noise as a share of a pixel's range; the paper advises 10 to 20 %."""

CELLS = 28
"""Values along a side of a map: single pixels are noise to the eye."""


_DRAWING = Lock()
"""Held while noise is drawn, which Captum does with torch's own generator, one for all threads."""


def check_installed() -> None:
    """Raise MissingExtraError, which names the command that installs it, without Captum."""
    try:
        import_module("captum")
    except ModuleNotFoundError as error:
        raise MissingExtraError("captum", extra="captum", purpose="an explanation by gradients") from error


def gradient_maps(
    network: GoogLeNet,
    preprocessing: Preprocessing,
    squares: NDArray[np.uint8],
    classes: NDArray[np.int64],
    *,
    seed: int = 0,
) -> NDArray[np.float32]:
    """The maps (N, K, n, n) of K classes (N, K) for squares (N, S, S, 3) uint8 RGB.

    A pixel's attribution is input times gradient of the class's logit, averaged over noisy copies of the picture and
    summed over the colours. A value of the map is the sum of its pixels' magnitudes: signs alternate at edges, and
    would cancel. `network`: in evaluation mode. The noise depends on `seed` alone. Raises MissingExtraError without
    Captum.
    """
    check_installed()
    from captum.attr import InputXGradient, NoiseTunnel

    smoothed = NoiseTunnel(InputXGradient(lambda x: network(x).main))
    device = next(network.parameters()).device
    noise = NOISE * 255 * float(np.mean(preprocessing.scale))
    maps = torch.zeros(*classes.shape, *_grid(squares.shape[1]))
    with _DRAWING, torch.random.fork_rng(), torch.inference_mode(False), torch.enable_grad():
        x = to_network_input(torch.from_numpy(np.ascontiguousarray(squares)).to(device), preprocessing)
        for picture, row in enumerate(classes.tolist()):
            for place, label in enumerate(row):
                torch.manual_seed(seed)  # the same noise for each, so that a map does not depend on its neighbours
                found = smoothed.attribute(
                    x[picture : picture + 1],
                    nt_type="smoothgrad",
                    nt_samples=SAMPLES,
                    nt_samples_batch_size=BATCH,
                    stdevs=noise,
                    target=label,
                )
                maps[picture, place] = _sums(found[0].sum(0).abs().detach())
    return maps.numpy()


def _grid(input_size: int) -> tuple[int, int]:
    return (min(CELLS, input_size),) * 2


def _sums(values: Tensor) -> Tensor:
    """Pixels (S, S) -> the sums over n x n cells."""
    cells = _grid(len(values))
    means = torch.nn.functional.adaptive_avg_pool2d(values[None, None], cells)[0, 0]
    return means.cpu() * (values.numel() / means.numel())
