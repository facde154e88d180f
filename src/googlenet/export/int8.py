"""From float32 to int8: the network is watched on calibration pictures, then its graph is quantised."""

from __future__ import annotations

import platform

import numpy as np
from numpy.typing import NDArray

from googlenet.artifacts import encode_onnx
from googlenet.engines.onnx_engine import OnnxEngine
from googlenet.errors import InputError
from googlenet.graph import IMAGES, Graph, decompose_lrn
from googlenet.machine import read_machine
from googlenet.quantization import (
    FULL_RANGE,
    REDUCED_RANGE,
    Statistics,
    observed_values,
    quantize,
    with_observed_outputs,
)

BATCH = 4  # pictures watched at once: all values inside the network are kept, some 30 MB for each at 224 px


def to_int8(graph: Graph, squares: NDArray[np.uint8] | None, *, round_all_outputs: bool = False) -> Graph:
    """The graph in int8, calibrated on squares (N, S, S, 3) uint8 RGB, with its norms taken apart.

    `round_all_outputs`: as `quantize` says. Raises InputError without squares.
    """
    if squares is None:
        raise InputError("a network in whole numbers needs pictures to measure its values on")
    apart = decompose_lrn(graph)
    largest = FULL_RANGE if sums_fit() else REDUCED_RANGE
    return quantize(apart, _watched(apart, squares), largest_weight=largest, round_all_outputs=round_all_outputs)


def _watched(graph: Graph, squares: NDArray[np.uint8]) -> Statistics:
    names, statistics = observed_values(graph), Statistics()
    session = OnnxEngine(encode_onnx(with_observed_outputs(graph)), where="the observed graph").session
    for begin in range(0, len(squares), BATCH):
        values = session.run(names, {IMAGES: squares[begin : begin + BATCH]})
        statistics.add(dict(zip(names, values, strict=True)))
    return statistics


def sums_fit() -> bool:
    """Whether this processor adds products of 8 bits in 32: x86 without VNNI does so in 16, where two may overflow."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    return bool({"avx512_vnni", "avx_vnni"} & set(read_machine().features))
