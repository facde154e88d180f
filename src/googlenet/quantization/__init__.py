"""Int8: what is observed on pictures, a graph rounded by it, and a rounded graph read back."""

from __future__ import annotations

from googlenet.quantization.calibration import Histogram, Statistics, observed_values, with_observed_outputs
from googlenet.quantization.dequantization import PlainGraph, without_rounding
from googlenet.quantization.quantize import FULL_RANGE, REDUCED_RANGE, Grid, quantize, round_weights

__all__ = [
    "FULL_RANGE",
    "REDUCED_RANGE",
    "Grid",
    "Histogram",
    "PlainGraph",
    "Statistics",
    "observed_values",
    "quantize",
    "round_weights",
    "with_observed_outputs",
    "without_rounding",
]
