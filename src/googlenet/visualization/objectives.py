"""What is maximised, as small functions of a layer's values (Olah et al. 2017, "Optimization objectives")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

LEAK = 0.1
"""Slope below zero of what is maximised: a unit that is silent everywhere would have no gradient to begin with."""

QUIET = 0.1
"""Weight of the plain mean beside the root mean square, which has no gradient where a unit is silent everywhere."""

COSINE_POWER = 2
TINY = 1e-6  # so that the root has a gradient at zero


@dataclass(frozen=True, slots=True)
class Objective:
    """`score`: (values (N, C, h, w), directions (N, C) or (N, C, h, w)) -> (N,), each to be as large as possible.

    `anywhere`: whether the image has no place of its own, so that it may be shifted by any length.
    """

    score: Callable[[Tensor, Tensor], Tensor]
    anywhere: bool


def along(values: Tensor, directions: Tensor) -> Tensor:
    """(N, C, h, w) and (N, C) -> (N, h, w): the values along one direction an image, with a slope below zero."""
    return torch.einsum("nchw,nc->nhw", F.leaky_relu(values, LEAK), directions)


def channel(values: Tensor, directions: Tensor) -> Tensor:
    """The root mean square, over all places, of what is above zero.

    The mean alone gives textures that are nowhere as exciting as the best photograph; a weight on the largest value
    gives one odd spot. Squares favour the places that do best, without naming one.
    """
    here = along(values, directions)
    return (F.relu(here).square().mean((1, 2)) + TINY).sqrt() + QUIET * here.mean((1, 2))


def neuron(values: Tensor, directions: Tensor) -> Tensor:
    """The value at the centre alone."""
    here = along(values, directions)
    return here[:, here.shape[1] // 2, here.shape[2] // 2]


def caricature(values: Tensor, wanted: Tensor) -> Tensor:
    """How far the values reach along those of a picture (N, C, h, w), times how alike the directions are.

    After lucid's caricatures: the dot product alone would let the few strongest channels win.
    """
    dot = (values * wanted).mean((1, 2, 3))
    cosine = F.cosine_similarity(values, wanted, dim=1).mean((1, 2))
    return dot * cosine.clamp_min(0.1) ** COSINE_POWER


def strength(values: Tensor) -> Tensor:
    """The mean of squares over everything that the layer sees: what the dreams of 2015 maximise."""
    return values.square().mean((1, 2, 3))


def likeness(values: Tensor) -> Tensor:
    """How alike N images of one aim are: for each, the mean cosine of its Gram matrix with those of the others.

    Gram matrices say which channels are active together, wherever that is (Olah et al. 2017, "Diversity").
    """
    flat = F.relu(values).flatten(2)
    grams = F.normalize((flat @ flat.transpose(1, 2)).flatten(1), dim=1)
    together = grams @ grams.T
    return (together.sum(1) - together.diagonal()) / max(1, len(values) - 1)


OBJECTIVES = {
    "channel": Objective(channel, anywhere=True),
    "neuron": Objective(neuron, anywhere=False),
    "caricature": Objective(caricature, anywhere=False),
}
"""What `googlenet visualize` can maximise in a layer."""
