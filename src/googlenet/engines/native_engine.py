"""Runs a model with this package's own compiled kernels on the CPU: the fastest on most processors without AVX-512."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import AskedLayer
from googlenet.artifacts import ExportedModel, decode_onnx
from googlenet.engines.engine import Extra, Outputs, check_cpu
from googlenet.graph import FEATURE_MAPS, FEATURES, PROBABILITIES, Value, build_graph, build_layer_graph
from googlenet.model import Model
from googlenet.native import Network
from googlenet.parallel import thread_count


class NativeEngine:
    """A model's graph, run by compiled kernels; the preprocessing is part of the graph."""

    def __init__(self, network: Network, layers: Sequence[Value] = ()) -> None:
        """`network`: of one graph; `layers`: the outputs of the graph that `run_layers` gives."""
        self.network = network
        self.layers = layers

    @classmethod
    def from_model(
        cls,
        model: Model,
        *,
        device: str | None = None,
        threads: int | None = None,
        layers: Sequence[AskedLayer] = (),
    ) -> NativeEngine:
        """An engine for a model, or only for `layers` of it.

        Raises InputError for a `device` other than the CPU, if the kernels were not compiled or do not run here, and
        for a variant that they do not support.
        """
        check_cpu("native", device)
        graph = build_layer_graph(model, layers) if layers else build_graph(model)
        return cls(Network(graph, thread_count(threads)), graph.outputs)

    @classmethod
    def from_exported(
        cls, model: ExportedModel, *, device: str | None = None, threads: int | None = None
    ) -> NativeEngine:
        """An engine for an exported ONNX file, in float32 or int8.

        Raises InputError as `from_model` does, ModelFileError for a graph that was not exported by googlenet.
        """
        check_cpu("native", device)
        graph = model.graph or decode_onnx(model.content[0], where=str(model.path))
        return cls(Network(graph, thread_count(threads)))

    @property
    def name(self) -> str:
        """`native`."""
        return "native"

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        """(N, S, S, 3) uint8 RGB -> probabilities, and what `also` names."""
        found = self.network.run(images, (PROBABILITIES, *also))
        return Outputs(
            probabilities=_softmax(found[PROBABILITIES][:, 0, 0]),
            features=found[FEATURES][:, 0, 0] if FEATURES in found else None,
            feature_maps=np.ascontiguousarray(found[FEATURE_MAPS].transpose(0, 3, 1, 2))
            if FEATURE_MAPS in found
            else None,
        )

    def run_layers(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """See `LayerEngine`."""
        found = self.network.run(images, [value.name for value in self.layers])
        return tuple(
            found[value.name][:, 0, 0] if len(value.shape) == 2 else found[value.name].transpose(0, 3, 1, 2)
            for value in self.layers
        )


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    with np.errstate(invalid="ignore"):  # overflow is reported by callers that check for finite values
        powers = np.exp(logits - logits.max(1, keepdims=True))
    probabilities: NDArray[np.float32] = powers / powers.sum(1, keepdims=True)
    return probabilities
