"""Int8: what is observed on pictures, a graph quantized by it, and a quantized graph read back."""

from __future__ import annotations

from googlenet.quantization.calibration import Histogram, Statistics, observed_values, with_observed_outputs
from googlenet.quantization.dequantization import PlainGraph, dequantize
from googlenet.quantization.quantize import LARGEST_PAIR, Grid, quantize, round_weights

__all__ = [
    "LARGEST_PAIR",
    "Grid",
    "Histogram",
    "PlainGraph",
    "Statistics",
    "dequantize",
    "observed_values",
    "quantize",
    "round_weights",
    "with_observed_outputs",
]
