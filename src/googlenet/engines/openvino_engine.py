"""Runs a model with OpenVINO on the CPU: often the fastest, but a larger installation."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import AskedLayer
from googlenet.artifacts import ExportedModel, encode_onnx
from googlenet.engines.engine import Extra, Outputs, check_cpu
from googlenet.engines.openvino_runtime import openvino_core
from googlenet.errors import ModelFileError
from googlenet.graph import PROBABILITIES, build_graph, build_layer_graph, layer_outputs
from googlenet.model import Model
from googlenet.parallel import thread_count

MOST_SHAPES = 3
"""Number of static input shapes that are compiled, which takes 0.5 s each and saves 10 % of each run."""


class OpenVinoEngine:
    """A graph compiled by OpenVINO for this processor; the preprocessing is part of the graph."""

    def __init__(
        self,
        content: bytes,
        constants: bytes | None = None,
        *,
        where: str,
        precision: str = "f32",
        threads: int | None = None,
        layers: tuple[str, ...] = (),
    ) -> None:
        """`content`: an ONNX file, or the XML of an IR with its binary file `constants`.

        `precision`: OpenVINO's name of the precision of float operations ("f32", "bf16"). `layers`: the outputs that
        `run_layers` gives. Raises ModelFileError, naming `where`, if OpenVINO cannot read it.
        """
        self.where = where
        self.layers = layers
        self.options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": thread_count(threads),
            "INFERENCE_PRECISION_HINT": precision,
        }
        self.requests: dict[tuple[tuple[int, ...], tuple[str, ...]], Any] = {}
        self.lock = Lock()
        try:
            self.network = openvino_core().read_model(
                *((io.BytesIO(content),) if constants is None else (content, constants))
            )
        except RuntimeError as error:
            raise self._refusal(error) from error

    @classmethod
    def from_model(
        cls,
        model: Model,
        *,
        device: str | None = None,
        threads: int | None = None,
        layers: Sequence[AskedLayer] = (),
    ) -> OpenVinoEngine:
        """An engine for a model, or only for `layers` of it. Raises InputError for a `device` other than the CPU."""
        check_cpu("openvino", device)
        graph = build_layer_graph(model, layers) if layers else build_graph(model)
        return cls(encode_onnx(graph), where="the model's graph", threads=threads, layers=layer_outputs(layers))

    @classmethod
    def from_exported(
        cls, model: ExportedModel, *, device: str | None = None, threads: int | None = None
    ) -> OpenVinoEngine:
        """An engine for an exported IR or ONNX file, in its own precision.

        The float operations of int8 files run in bf16 if the processor supports it. Raises InputError for a `device`
        other than the CPU.
        """
        check_cpu("openvino", device)
        precision = "bf16" if model.precision != "float32" and computes_in_bf16() else "f32"
        return cls(*model.content, where=str(model.path), precision=precision, threads=threads)

    @property
    def name(self) -> str:
        """`openvino`."""
        return "openvino"

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        """(N, S, S, 3) uint8 RGB -> probabilities, and what `also` names.

        Raises ModelFileError for a graph that OpenVINO cannot compile.
        """
        return Outputs(**self._compute(images, (PROBABILITIES, *also)))

    def run_layers(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """See `LayerEngine`."""
        return tuple(self._compute(images, self.layers).values())

    def _compute(self, images: NDArray[np.uint8], names: tuple[str, ...]) -> dict[str, NDArray[np.float32]]:
        with self.lock:  # a request has one input; OpenVINO would also run several one after the other
            request = self._request(images.shape, names)
            pixels = request.get_input_tensor()
            if tuple(pixels.shape) != images.shape:
                pixels.shape = images.shape
            np.copyto(pixels.data, images)
            request.start_async()  # with wait(), faster than infer(): no look-up by name
            request.wait()
            return {name: request.get_tensor(name).data.copy() for name in names}

    def _request(self, shape: tuple[int, ...], names: tuple[str, ...]) -> Any:
        """An inference request for this shape and exactly these outputs; others would cost time.

        The first shapes are compiled as static shapes, all others share a network with a dynamic shape.
        """
        key = shape, names
        if key not in self.requests and len(self.requests) >= MOST_SHAPES:
            key = (), names
        if key not in self.requests:
            network = self.network.clone()
            if key[0]:
                network.reshape(shape)
            for result in network.get_results():
                if result.get_output_tensor(0).names.isdisjoint(names):
                    network.remove_result(result)
            try:
                self.requests[key] = openvino_core().compile_model(network, "CPU", self.options).create_infer_request()
            except RuntimeError as error:
                raise self._refusal(error) from error
        return self.requests[key]

    def _refusal(self, error: RuntimeError) -> ModelFileError:
        reason = str(error).strip().splitlines()[-1]  # the first ones are locations in OpenVINO's source
        return ModelFileError(f"{self.where} cannot be run: {reason}")


def computes_in_bf16() -> bool:
    """Whether this processor has instructions for bf16; without them it would only be slower."""
    return "BF16" in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
