"""Runs a model with ONNX Runtime on the CPU: available in every installation."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import AskedLayer
from googlenet.artifacts import ExportedModel, encode_onnx
from googlenet.engines.engine import Extra, Outputs, check_cpu
from googlenet.engines.onnx_runtime import onnxruntime
from googlenet.errors import ModelFileError
from googlenet.graph import IMAGES, PROBABILITIES, build_graph, build_layer_graph, decompose_lrn
from googlenet.model import Model
from googlenet.parallel import thread_count

ERRORS_ONLY = 3  # onnxruntime's log level


class OnnxEngine:
    """An ONNX file in an ONNX Runtime session; the preprocessing is part of the graph."""

    def __init__(self, content: bytes, *, where: str, threads: int | None = None) -> None:
        """`threads`: default: one per processor available to this process. Raises ModelFileError, naming `where`."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = thread_count(threads)
        options.log_severity_level = ERRORS_ONLY
        # otherwise idle threads of the session spin and slow down whatever runs next: decoders, another engine
        options.add_session_config_entry("session.force_spinning_stop", "1")
        try:
            self.session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's exceptions have no other common base
            raise ModelFileError(f"{where} cannot be run: {str(error).splitlines()[0]}") from error

    @classmethod
    def from_model(
        cls,
        model: Model,
        *,
        device: str | None = None,
        threads: int | None = None,
        layers: Sequence[AskedLayer] = (),
    ) -> OnnxEngine:
        """An engine for a model, or only for `layers` of it.

        LRN is decomposed: the runtime's own would take a third of the network's time.

        Raises InputError for a `device` other than the CPU.
        """
        check_cpu("onnx", device)
        graph = build_layer_graph(model, layers) if layers else build_graph(model)
        return cls(encode_onnx(decompose_lrn(graph)), where="the model's graph", threads=threads)

    @classmethod
    def from_exported(
        cls, model: ExportedModel, *, device: str | None = None, threads: int | None = None
    ) -> OnnxEngine:
        """An engine for an exported ONNX file. Raises InputError for a `device` other than the CPU."""
        check_cpu("onnx", device)
        return cls(model.content[0], where=str(model.path), threads=threads)

    @property
    def name(self) -> str:
        """`onnx`."""
        return "onnx"

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        """(N, S, S, 3) uint8 RGB -> probabilities, and what `also` names."""
        names = (PROBABILITIES, *also)
        values = self.session.run(names, {IMAGES: np.ascontiguousarray(images)})
        return Outputs(**dict(zip(names, values, strict=True)))

    def run_layers(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """See `LayerEngine`."""
        return tuple(self.session.run(None, {IMAGES: np.ascontiguousarray(images)}))
