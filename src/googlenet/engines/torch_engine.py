"""Runs a model with torch; the only door from engines to the torch network."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import torch
from numpy.typing import NDArray

from googlenet.architecture import build_architecture
from googlenet.engines.engine import Extra, Outputs
from googlenet.errors import InputError
from googlenet.images import Preprocessing
from googlenet.model import Model
from googlenet.network import GoogLeNet, network_with_weights, to_network_input


class TorchEngine:
    """A torch network in evaluation mode with its preprocessing."""

    def __init__(self, network: GoogLeNet, preprocessing: Preprocessing, device: str = "cpu") -> None:
        """Takes the network as it is and switches it to evaluation."""
        self.network = network.to(device).eval()
        self.preprocessing = preprocessing
        self.device = device

    @classmethod
    def from_model(cls, model: Model, *, device: str | None = None, threads: int | None = None) -> TorchEngine:
        """An engine that holds a model's weights; `device` left out: the best there is.

        `threads` on the CPU are those of the whole process.
        """
        if threads is not None:
            torch.set_num_threads(threads)
        network = network_with_weights(build_architecture(model.spec), model.weights)
        return cls(network, model.preprocessing, choose_device(device))

    @property
    def name(self) -> str:
        """`torch` and the device."""
        return f"torch ({self.device})"

    @torch.inference_mode()
    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        """(N, S, S, 3) uint8 RGB -> probabilities (N, classes) float32, and what `also` names."""
        x = to_network_input(torch.from_numpy(np.ascontiguousarray(images)).to(self.device), self.preprocessing)
        if not also:
            return Outputs(torch.softmax(self.network(x).main, 1).cpu().numpy())
        seen = self.network.forward_features(x)
        return Outputs(
            torch.softmax(seen.logits, 1).cpu().numpy(),
            seen.features.cpu().numpy() if "features" in also else None,
            seen.feature_maps.cpu().numpy() if "feature_maps" in also else None,
        )


def choose_device(name: str | None) -> str:
    """The torch device to use: the one named, else a GPU where there is one, else the CPU. Raises InputError."""
    if name is None:
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.zeros(1, device=name).cpu()  # a value must come back, which `meta` has none to give
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"the device {name!r} cannot be used ({reason}); leave --device out to have one chosen"
        ) from None
    return name
