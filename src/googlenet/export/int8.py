"""From float32 to int8: runs the network on calibration pictures, then quantizes its graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from googlenet.artifacts import encode_onnx
from googlenet.engines.onnx_engine import OnnxEngine
from googlenet.errors import InputError
from googlenet.graph import IMAGES, Graph, decompose_lrn
from googlenet.quantization import Statistics, observed_values, quantize, with_observed_outputs

BATCH = 4  # pictures per batch: all activations are kept, about 30 MB per picture at 224 px


def to_int8(graph: Graph, squares: NDArray[np.uint8] | None, *, quantize_all_outputs: bool = False) -> Graph:
    """The graph in int8, calibrated on squares (N, S, S, 3) uint8 RGB, with LRN decomposed.

    `quantize_all_outputs`: see `quantize`. Raises InputError without squares.
    """
    if squares is None:
        raise InputError("int8 needs calibration pictures")
    decomposed = decompose_lrn(graph)
    return quantize(decomposed, _observed(decomposed, squares), quantize_all_outputs=quantize_all_outputs)


def _observed(graph: Graph, squares: NDArray[np.uint8]) -> Statistics:
    names, statistics = observed_values(graph), Statistics()
    session = OnnxEngine(encode_onnx(with_observed_outputs(graph)), where="the observed graph").session
    for begin in range(0, len(squares), BATCH):
        values = session.run(names, {IMAGES: squares[begin : begin + BATCH]})
        statistics.add(dict(zip(names, values, strict=True)))
    return statistics
