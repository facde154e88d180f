"""From float32 to int8: the network is observed on calibration pictures, then its graph is quantized."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from googlenet.artifacts import encode_onnx
from googlenet.engines.onnx_engine import OnnxEngine
from googlenet.errors import InputError
from googlenet.graph import IMAGES, Graph, decompose_lrn
from googlenet.quantization import Statistics, observed_values, quantize, with_observed_outputs

BATCH = 4  # pictures observed at once: all values inside the network are kept, some 30 MB for each at 224 px


def to_int8(graph: Graph, squares: NDArray[np.uint8] | None, *, quantize_all_outputs: bool = False) -> Graph:
    """The graph in int8, calibrated on squares (N, S, S, 3) uint8 RGB, with its norms decomposed.

    `quantize_all_outputs`: as `quantize` says. Raises InputError without squares.
    """
    if squares is None:
        raise InputError("an int8 network needs pictures to calibrate its values on")
    decomposed = decompose_lrn(graph)
    return quantize(decomposed, _observed(decomposed, squares), quantize_all_outputs=quantize_all_outputs)


def _observed(graph: Graph, squares: NDArray[np.uint8]) -> Statistics:
    names, statistics = observed_values(graph), Statistics()
    session = OnnxEngine(encode_onnx(with_observed_outputs(graph)), where="the observed graph").session
    for begin in range(0, len(squares), BATCH):
        values = session.run(names, {IMAGES: squares[begin : begin + BATCH]})
        statistics.add(dict(zip(names, values, strict=True)))
    return statistics
