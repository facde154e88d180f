"""Int8: calibration on pictures, quantization of a graph, and its inverse."""

from __future__ import annotations

from googlenet.quantization.calibration import Histogram, Statistics, observed_values, with_observed_outputs
from googlenet.quantization.dequantization import PlainGraph, dequantize
from googlenet.quantization.quantize import LARGEST_PAIR, Grid, quantize, quantize_weights

__all__ = [
    "LARGEST_PAIR",
    "Grid",
    "Histogram",
    "PlainGraph",
    "Statistics",
    "dequantize",
    "observed_values",
    "quantize",
    "quantize_weights",
    "with_observed_outputs",
]
