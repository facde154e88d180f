"""Runs a model with torch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import current_thread, main_thread
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from googlenet.architecture import AskedLayer, build_architecture
from googlenet.engines.engine import Extra, Outputs
from googlenet.engines.forks import is_forked
from googlenet.errors import InputError
from googlenet.images import Preprocessing
from googlenet.model import Model
from googlenet.network import GoogLeNet, network_with_weights, to_network_input
from googlenet.network.tapping import tap
from googlenet.parallel import thread_count


class TorchEngine:
    """A torch network in evaluation mode, with its preprocessing."""

    def __init__(
        self,
        network: GoogLeNet,
        preprocessing: Preprocessing,
        device: str = "cpu",
        layers: Sequence[AskedLayer] = (),
    ) -> None:
        """Moves the network to the device and puts it in evaluation mode; `layers` are those of `run_layers`."""
        self.network = network.to(device).eval()
        self.preprocessing = preprocessing
        self.device = device
        self.layers = tuple(layers)

    @classmethod
    def from_model(
        cls,
        model: Model,
        *,
        device: str | None = None,
        threads: int | None = None,
        layers: Sequence[AskedLayer] = (),
    ) -> TorchEngine:
        """An engine for a model, or only for `layers` of it; `device`: default: a GPU if available.

        `threads` applies to torch in the whole process.
        """
        set_threads(threads)

        def make() -> TorchEngine:
            network = network_with_weights(build_architecture(model.spec), model.weights)
            return cls(network, model.preprocessing, choose_device(device), layers)

        return in_live_thread(make)

    @property
    def name(self) -> str:
        """`torch` and the device."""
        return f"torch ({self.device})"

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        """(N, S, S, 3) uint8 RGB -> probabilities (N, classes) float32, and what `also` names."""
        return in_live_thread(partial(self._run, images, also))

    @torch.inference_mode()
    def _run(self, images: NDArray[np.uint8], also: Collection[Extra]) -> Outputs:
        x = self._input(images)
        if not also:
            return Outputs(torch.softmax(self.network(x).main, 1).cpu().numpy())
        outputs = self.network.forward_features(x)
        return Outputs(
            torch.softmax(outputs.logits, 1).cpu().numpy(),
            outputs.features.cpu().numpy() if "features" in also else None,
            outputs.feature_maps.cpu().numpy() if "feature_maps" in also else None,
        )

    def run_layers(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """See `LayerEngine`."""
        return in_live_thread(partial(self._run_layers, images))

    @torch.inference_mode()
    def _run_layers(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        names = [f"{layer.name}_pre_relu" if layer.before_relu else layer.name for layer in self.layers]
        found = tap(self.network, self._input(images), names)
        return tuple(found[name].cpu().numpy() for name in names)

    def _input(self, images: NDArray[np.uint8]) -> torch.Tensor:
        return to_network_input(torch.from_numpy(np.ascontiguousarray(images)).to(self.device), self.preprocessing)


Result = TypeVar("Result")


def in_live_thread(work: Callable[[], Result]) -> Result:
    """Run `work`; in a forked child, in a new thread, because OpenMP would wait for the parent's threads.

    A thread that was started in the child gets its own OpenMP threads. Raises InputError for a GPU that the parent has
    used.
    """
    if not is_forked():
        return work()
    try:
        if current_thread() is not main_thread():
            return work()
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()
    except RuntimeError as error:
        if "fork" not in str(error):
            raise
        raise InputError(
            "this process was forked from one that had used the GPU, which cannot be shared: open the model only in "
            "the children, or start them with multiprocessing's 'spawn'"
        ) from error


def set_threads(threads: int | None) -> None:
    """Set torch's number of threads for the whole process; None: unchanged."""
    if threads is not None:
        torch.set_num_threads(thread_count(threads))


def choose_device(name: str | None) -> str:
    """The torch device to use: the given one, else a GPU if available, else the CPU. Raises InputError."""
    if name is None:
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.zeros(1, device=name).cpu()  # computes and copies back, which `meta` cannot
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"the device {name!r} cannot be used ({reason}); without --device, one is chosen automatically"
        ) from None
    return name
