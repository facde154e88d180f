"""Runs a model with OpenVINO, on the CPU: often the fastest, and larger to install."""

from __future__ import annotations

import io
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from googlenet.engines.engine import Extra, Outputs, check_cpu
from googlenet.engines.openvino_runtime import openvino
from googlenet.errors import ModelFileError
from googlenet.formats import encode_onnx
from googlenet.graphs import PROBABILITIES, build_graph
from googlenet.model import Model
from googlenet.parallel import available_cpus


class OpenVinoEngine:
    """A graph compiled by OpenVINO for this processor; the graph holds the preprocessing."""

    def __init__(self, content: bytes, *, where: str, precision: str = "f32", threads: int | None = None) -> None:
        """`content`: an ONNX file; `precision`: OpenVINO's word for what floats are computed in ("f32", "bf16").

        Raises ModelFileError, naming `where`, for what OpenVINO does not take.
        """
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads or available_cpus(),
            "INFERENCE_PRECISION_HINT": precision,
        }
        try:
            core = openvino.Core()
            self.network = core.compile_model(core.read_model(io.BytesIO(content)), "CPU", options)
        except RuntimeError as error:
            raise ModelFileError(f"{where} cannot be run: {str(error).splitlines()[0]}") from error
        self.request = self.network.create_infer_request()

    @classmethod
    def from_model(cls, model: Model, *, device: str | None = None, threads: int | None = None) -> OpenVinoEngine:
        """An engine whose graph is written from the model's table, in memory. Raises InputError for a `device`."""
        check_cpu("openvino", device)
        return cls(encode_onnx(build_graph(model)), where="the model's graph", threads=threads)

    @property
    def name(self) -> str:
        """`openvino`."""
        return "openvino"

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        """(N, side, side, 3) uint8 RGB -> probabilities, and what `also` names."""
        self.request.infer([np.ascontiguousarray(images)], share_inputs=True)
        return Outputs(**{name: self.request.get_tensor(name).data.copy() for name in (PROBABILITIES, *also)})
