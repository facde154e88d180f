"""What a user asks to see of a model, and the images that answer it: the road of the command and of Python."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from googlenet.architecture import build_architecture
from googlenet.architecture.layer_names import LayerInfo
from googlenet.errors import InputError
from googlenet.images import BadImage, Preprocessing, Rgb, fit_square, read_picture, resize_image
from googlenet.model import Model
from googlenet.network import GoogLeNet, network_with_weights
from googlenet.visualization.aims import Aim, aims_of_directions, aims_of_units
from googlenet.visualization.dreaming import dream
from googlenet.visualization.making import (
    MadeImage,
    Making,
    OnProgress,
    default_size,
    excitation,
    layer_values,
    make_images,
)

STEPS, DREAM_STEPS = 128, 40
DREAM_SIDE = 512  # px: longer side of a dream


@dataclass(frozen=True, slots=True)
class Request:
    """`layer` is LAYER[:UNITS]; at most one of `neuron`, `caricature` and `dream` (pictures) is given.

    `size` in px and `steps` are by default those of the layer and of what is made.
    """

    layer: str
    neuron: bool = False
    negative: bool = False
    diversity: int = 1
    direction: Path | None = None
    caricature: Path | None = None
    dream: Path | None = None
    size: int | None = None
    steps: int | None = None
    seed: int = 0

    def check(self) -> None:
        """Raise InputError for what cannot be asked for together, before anything is opened."""
        given = {
            "--neuron": self.neuron,
            "--negative": self.negative,
            "--diversity": self.diversity > 1,
            "--direction": self.direction is not None,
            "--caricature": self.caricature is not None,
            "--from": self.dream is not None,
        }
        for one, others in CONTRADICTIONS.items():
            both = [other for other in others if given[one] and given[other]]
            if both:
                raise InputError(f"{one} and {both[0]} contradict each other; give one of them")
        for one in ("--direction", "--caricature"):
            if given[one] and ":" in self.layer:
                raise InputError(f"{one} is about a whole layer: give the layer without units, not {self.layer!r}")
        if self.size is not None and self.size > LARGEST_SIZE:
            raise InputError(f"--size can be at most {LARGEST_SIZE:,} px, not {self.size:,}")
        if self.diversity > MOST_ALIKE:
            raise InputError(f"--diversity can be at most {MOST_ALIKE}, not {self.diversity:,}: they are made together")


LARGEST_SIZE = 2048  # px: a dream of that width takes several GB

MOST_ALIKE = 64

CONTRADICTIONS = {
    "--from": ("--neuron", "--negative", "--diversity", "--direction", "--caricature"),
    "--caricature": ("--neuron", "--negative", "--diversity", "--direction"),
}
"""Options that cannot be given together."""


def visualize(
    model: Model, request: Request, *, device: str = "cpu", on_progress: OnProgress = lambda done, total: None
) -> tuple[LayerInfo, Iterator[MadeImage]]:
    """The layer that is meant, and the images, each made when it is its turn.

    `on_progress` is told steps done and in all. Raises InputError for a request that contradicts itself, a layer, unit
    or class that the model does not have, a picture or direction that cannot be used, and a size that is too small for
    the layer.
    """
    request.check()
    architecture, preprocessing = build_architecture(model.spec), model.preprocessing
    layer, aims = aims_of_units(architecture, model.classes, request.layer)
    if request.direction is not None:
        aims = aims_of_directions(layer, request.direction)
    picture = _read(request, preprocessing)
    network = network_with_weights(architecture, model.weights).to(device).eval()
    if picture is None:
        making = _making(request, "neuron" if request.neuron else "channel", default_size(layer, preprocessing))
        return layer, make_images(network, preprocessing, layer, aims, making, on_progress=on_progress)
    seen = Aim(request.layer, _mean_direction(network, preprocessing, layer, picture))
    if request.caricature is not None:
        making = _making(request, "caricature", len(picture))
        return layer, make_images(
            network, preprocessing, layer, [seen], making, wanted=picture, on_progress=on_progress
        )
    named = aims if ":" in request.layer else []
    return layer, _dreamt(network, preprocessing, layer, picture, named, seen, request, on_progress)


def _making(request: Request, objective: str, size: int) -> Making:
    return Making(
        objective,
        steps=request.steps or STEPS,
        size=request.size or size,
        seed=request.seed,
        negative=request.negative,
        diversity=request.diversity,
    )


def _dreamt(
    network: GoogLeNet,
    preprocessing: Preprocessing,
    layer: LayerInfo,
    picture: Rgb,
    named: list[Aim],
    seen: Aim,
    request: Request,
    on_progress: OnProgress,
) -> Iterator[MadeImage]:
    steps = request.steps or DREAM_STEPS
    pixels = dream(
        network, preprocessing, layer, picture, named, steps=steps, seed=request.seed, on_progress=on_progress
    )
    aim = named[0] if len(named) == 1 else seen
    highest, mean = excitation(network, preprocessing, layer, pixels[None], [aim])
    yield MadeImage(aim, 0, pixels, float(highest[0]), float(mean[0]))


def _mean_direction(
    network: GoogLeNet, preprocessing: Preprocessing, layer: LayerInfo, picture: Rgb
) -> NDArray[np.float32]:
    """The mean of the layer's values over all places of a picture, as a direction (C,) of length 1."""
    with torch.inference_mode():
        pictures = torch.from_numpy(picture[None]).to(next(network.parameters()).device)
        values = layer_values(network, preprocessing, layer, pictures, before_relu=False).mean((0, 2, 3))
    direction: NDArray[np.float32] = torch.nn.functional.normalize(values, dim=0).cpu().numpy()
    return direction


def _read(request: Request, preprocessing: Preprocessing) -> Rgb | None:
    """The picture of a caricature, as a square, or of a dream, whole and reduced; None for others."""
    path = request.caricature or request.dream
    if path is None:
        return None
    picture = read_picture(path)
    if isinstance(picture, BadImage):
        raise InputError(f"{path}: {picture.reason}")
    if request.caricature is not None:
        size = request.size or preprocessing.input_size
        return fit_square(picture, size, fit="crop")
    height, width = picture.shape[:2]
    scale = min(1.0, (request.size or DREAM_SIDE) / max(height, width))
    return resize_image(picture, max(1, round(width * scale)), max(1, round(height * scale)))
