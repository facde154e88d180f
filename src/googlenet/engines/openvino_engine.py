"""Runs a model with OpenVINO, on the CPU: often the fastest, and larger to install."""

from __future__ import annotations

import io

import numpy as np
import openvino
from numpy.typing import NDArray

from googlenet.engines.engine import Outputs, check_cpu
from googlenet.errors import ModelFileError
from googlenet.formats import ExportedModel, encode_onnx
from googlenet.graphs import OUTPUTS, build_graph
from googlenet.model import Model
from googlenet.parallel import available_cpus


class OpenVinoEngine:
    """A graph compiled by OpenVINO for this processor; the graph holds the preprocessing."""

    def __init__(
        self,
        content: bytes,
        constants: bytes | None = None,
        *,
        where: str,
        precision: str = "f32",
        threads: int | None = None,
    ) -> None:
        """`content`: an ONNX file, or the XML of an IR whose values are in `constants`.

        `precision`: OpenVINO's word for what floats are computed in ("f32", "bf16").

        Raises ModelFileError, naming `where`, for what OpenVINO does not take.
        """
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads or available_cpus(),
            "INFERENCE_PRECISION_HINT": precision,
        }
        try:
            core = openvino.Core()
            source = core.read_model(io.BytesIO(content)) if constants is None else core.read_model(content, constants)
            self.network = core.compile_model(source, "CPU", options)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]  # the first ones say where in OpenVINO's source
            raise ModelFileError(f"{where} cannot be run: {reason}") from error
        self.request = self.network.create_infer_request()

    @classmethod
    def from_model(cls, model: Model, *, device: str | None = None, threads: int | None = None) -> OpenVinoEngine:
        """An engine whose graph is written from the model's table, in memory. Raises InputError for a `device`."""
        check_cpu("openvino", device)
        return cls(encode_onnx(build_graph(model)), where="the model's graph", threads=threads)

    @classmethod
    def from_exported(
        cls, model: ExportedModel, *, device: str | None = None, threads: int | None = None
    ) -> OpenVinoEngine:
        """An engine for an exported IR or ONNX file, in its own precision. Raises InputError for a `device`.

        What int8 leaves in floats is computed in bf16 as well, where the processor has it.
        """
        check_cpu("openvino", device)
        precision = "bf16" if model.precision != "float32" and computes_in_bf16() else "f32"
        return cls(*model.content, where=str(model.path), precision=precision, threads=threads)

    @property
    def name(self) -> str:
        """`openvino`."""
        return "openvino"

    def run(self, images: NDArray[np.uint8]) -> Outputs:
        """(N, side, side, 3) uint8 RGB -> probabilities, features and maps."""
        self.request.infer([np.ascontiguousarray(images)], share_inputs=True)
        return Outputs(*(self.request.get_tensor(name).data.copy() for name in OUTPUTS))


def computes_in_bf16() -> bool:
    """Whether this processor has instructions for bf16; without them it would only be slower."""
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
