"""Runs a .pt2 file with torch.

torch's own reader unpickles and evaluates parts of such files. So only the weights are read, as raw bytes, and loaded
into the network that the file's description names.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from googlenet.architecture import build_architecture
from googlenet.artifacts import ExportedModel
from googlenet.artifacts.torch_export import member_weights
from googlenet.engines.engine import Extra, Outputs
from googlenet.engines.torch_engine import choose_device, in_live_thread, set_threads
from googlenet.network import network_with_weights
from googlenet.network.exportable import ExportableNetwork


class Pt2Engine:
    """An `ExportableNetwork` on a device."""

    def __init__(self, network: ExportableNetwork, device: str = "cpu") -> None:
        """Moves the network to the device and puts it in evaluation mode."""
        self.network = network.to(device).eval()
        self.device = device

    @classmethod
    def from_exported(cls, model: ExportedModel, *, device: str | None = None, threads: int | None = None) -> Pt2Engine:
        """An engine with the weights of an exported file; `device`: default: a GPU if available.

        Raises ModelFileError if they are not those of the networks in the file's description.
        """
        set_threads(threads)
        return in_live_thread(lambda: cls(_network_of(model), choose_device(device)))

    @property
    def name(self) -> str:
        """`torch` and the device."""
        return f"torch ({self.device})"

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        """(N, S, S, 3) uint8 RGB -> probabilities, and what `also` names."""
        return in_live_thread(partial(self._run, images, also))

    @torch.inference_mode()
    def _run(self, images: NDArray[np.uint8], also: Collection[Extra]) -> Outputs:
        outputs = self.network(torch.from_numpy(np.ascontiguousarray(images)).to(self.device))
        return Outputs(**{name: outputs[name].cpu().numpy() for name in ("probabilities", *also)})


def _network_of(model: ExportedModel) -> ExportableNetwork:
    weights = member_weights(model.content, model.specs, where=str(model.path))
    members = [
        network_with_weights(build_architecture(spec), own) for spec, own in zip(model.specs, weights, strict=True)
    ]
    return ExportableNetwork(members, model.preprocessing)
