"""Images made to excite aims in a layer, by gradient ascent with the layers behind it left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from googlenet.architecture.layer_names import LayerInfo
from googlenet.images import Preprocessing
from googlenet.network import GoogLeNet, to_network_input
from googlenet.network.tapping import tap
from googlenet.visualization.aims import Aim
from googlenet.visualization.draws import generator_for
from googlenet.visualization.objectives import OBJECTIVES, likeness
from googlenet.visualization.parametrisation import FourierImages
from googlenet.visualization.transforms import random_look

LEARNING_RATE = 0.07
BATCH = 16
"""Images that are made together: enough to keep all cores busy, few enough for their maps to stay in the caches."""

SIZES = {1: 64, 2: 64, 4: 64, 8: 96, 16: 128}
"""Stride of a layer -> width of its images in px; what is not here sees the whole picture, and gets the input size."""

DIVERSITY_WEIGHT = 1.0

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Making:
    """How images are made: a row of `OBJECTIVES`, Adam steps, width in px, and the seed of all that is drawn.

    `negative`: what excites least. `diversity`: images for each aim, pushed apart from each other.
    """

    objective: str = "channel"
    steps: int = 128
    size: int = 128
    seed: int = 0
    negative: bool = False
    diversity: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class MadeImage:
    """An image (S, S, 3) uint8 RGB, its number among those of its aim, and its activation along the aim's direction.

    `highest` and `mean` over all places of the layer's output, with the image as a plain picture of the input size.
    """

    aim: Aim
    number: int
    pixels: NDArray[np.uint8]
    highest: float
    mean: float


def default_size(layer: LayerInfo, preprocessing: Preprocessing) -> int:
    """The width of images for a layer, in px: a few receptive fields, but at most the model's input size."""
    return min(SIZES.get(layer.receptive_field.stride, preprocessing.input_size), preprocessing.input_size)


def make_images(
    network: GoogLeNet,
    preprocessing: Preprocessing,
    layer: LayerInfo,
    aims: Sequence[Aim],
    making: Making,
    *,
    wanted: NDArray[np.uint8] | None = None,
    on_progress: OnProgress = lambda done, total: None,
) -> Iterator[MadeImage]:
    """The images of each aim in turn; the same for a seed, whichever other aims are asked for (up to rounding).

    `wanted` is the picture (S, S, 3) of a caricature, of `making.size`. `on_progress` is told steps done and in all.
    The network is put in evaluation mode, and its weights need no gradients afterwards.
    Raises InputError for a size that the network does not take.
    """
    together = max(1, BATCH // making.diversity)
    batches = [aims[start : start + together] for start in range(0, len(aims), together)]
    for number, batch in enumerate(batches):
        rows = [(aim, index) for aim in batch for index in range(making.diversity)]

        def tell(step: int, before: int = number * making.steps) -> None:
            on_progress(before + step, len(batches) * making.steps)

        with only_looked_at(network):
            pixels = _ascend(network, preprocessing, layer, rows, making, wanted, tell)
            plain = continued(pixels, preprocessing.input_size)
            highest, mean = excitation(network, preprocessing, layer, plain, [aim for aim, _ in rows])
        for (aim, index), image, high, low in zip(rows, pixels, highest, mean, strict=True):
            yield MadeImage(aim, index, image, float(high), float(low))


def _ascend(
    network: GoogLeNet,
    preprocessing: Preprocessing,
    layer: LayerInfo,
    rows: Sequence[tuple[Aim, int]],
    making: Making,
    wanted: NDArray[np.uint8] | None,
    tell: Callable[[int], None],
) -> NDArray[np.uint8]:
    """Images (N, S, S, 3) uint8, one a row."""
    device = next(network.parameters()).device
    images = FourierImages(making.size, [generator_for(making.seed, *_place(aim), index) for aim, index in rows])
    images.to(device)
    directions = torch.from_numpy(np.stack([aim.direction for aim, _ in rows])).to(device)
    if wanted is not None:
        picture = torch.from_numpy(wanted[None]).to(device)
        directions = layer_values(network, preprocessing, layer, picture, before_relu=False)
    objective, draws = OBJECTIVES[making.objective], generator_for(making.seed)
    optimizer = torch.optim.Adam(images.parameters(), lr=LEARNING_RATE)
    for step in range(making.steps):
        seen = random_look(images(), draws, anywhere=objective.anywhere)
        values = layer_values(network, preprocessing, layer, seen.permute(0, 2, 3, 1) * 255, before_relu=True)
        score = objective.score(values, -directions if making.negative else directions)
        if making.diversity > 1:
            alike = torch.cat([likeness(group) for group in torch.split(values, making.diversity)])
            score = score - DIVERSITY_WEIGHT * score.detach().abs() * alike
        optimizer.zero_grad(set_to_none=True)
        score.sum().neg().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        tell(step + 1)
    with torch.no_grad():
        made: NDArray[np.uint8] = (images().permute(0, 2, 3, 1) * 255).round().byte().cpu().numpy()
    return made


@contextmanager
def only_looked_at(network: GoogLeNet) -> Iterator[None]:
    """In the block the network is in evaluation mode and its weights get no gradients; afterwards all is as before."""
    modes = {module: module.training for module in network.modules()}
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    network.eval().requires_grad_(False)
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
        for parameter in trained:
            parameter.requires_grad_(True)


def layer_values(
    network: GoogLeNet, preprocessing: Preprocessing, layer: LayerInfo, pictures: Tensor, *, before_relu: bool
) -> Tensor:
    """Pictures (N, H, W, 3) in 0 to 255 -> the layer's values (N, C, h, w), before its ReLU if it has one."""
    x = to_network_input(pictures, preprocessing)
    values = tap(network, x, [layer.name], before_relu=before_relu and layer.has_relu)[layer.name]
    return values[:, :, None, None] if values.dim() == 2 else values


@torch.inference_mode()
def excitation(
    network: GoogLeNet,
    preprocessing: Preprocessing,
    layer: LayerInfo,
    pictures: NDArray[np.uint8],
    aims: Sequence[Aim],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of pictures (N, H, W, 3) uint8, the largest value and the mean (N,) along each one's aim, after the ReLU."""
    device = next(network.parameters()).device
    values = layer_values(network, preprocessing, layer, torch.from_numpy(pictures).to(device), before_relu=False)
    directions = torch.from_numpy(np.stack([aim.direction for aim in aims])).to(device)
    here = torch.einsum("nchw,nc->nhw", values, directions)
    return here.amax((1, 2)).cpu().numpy(), here.mean((1, 2)).cpu().numpy()


def continued(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Periodic images (N, S, S, 3) as `size` px: continued on all sides, or their middle."""
    own = pixels.shape[1]
    places = (np.arange(size) - (size - own) // 2) % own
    return np.ascontiguousarray(pixels[:, places][:, :, places])


def _place(aim: Aim) -> tuple[int, ...]:
    """What tells the noise of an aim from another's: its unit, or for a direction its values."""
    if aim.unit is not None:
        return (aim.unit,)
    return tuple(int(part) for part in np.frombuffer(aim.direction.tobytes(), np.uint32))
