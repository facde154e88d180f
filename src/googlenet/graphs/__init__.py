"""The network as a graph of standard operators, written from its table: what every engine but torch's runs.

What makes whole numbers of a graph is imported when it is first asked for: to run a model takes none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from googlenet.graphs.building import FEATURES, IMAGES, MAPS, OUTPUTS, PROBABILITIES, build_graph
from googlenet.graphs.graph import Graph, Node, Value
from googlenet.graphs.rewrites import channels_of, put_norms_together, take_norms_apart

if TYPE_CHECKING:
    from googlenet.graphs.calibration import Histogram, Statistics, observed_values, with_observed_outputs
    from googlenet.graphs.dequantization import PlainGraph, without_rounding
    from googlenet.graphs.quantization import FULL_RANGE, REDUCED_RANGE, quantize, round_weights

_FILES = {
    "calibration": ("Histogram", "Statistics", "observed_values", "with_observed_outputs"),
    "dequantization": ("PlainGraph", "without_rounding"),
    "quantization": ("FULL_RANGE", "REDUCED_RANGE", "quantize", "round_weights"),
}
_FILE_OF = {name: file for file, names in _FILES.items() for name in names}

__all__ = [
    "FEATURES",
    "FULL_RANGE",
    "IMAGES",
    "MAPS",
    "OUTPUTS",
    "PROBABILITIES",
    "REDUCED_RANGE",
    "Graph",
    "Histogram",
    "Node",
    "PlainGraph",
    "Statistics",
    "Value",
    "build_graph",
    "channels_of",
    "observed_values",
    "put_norms_together",
    "quantize",
    "round_weights",
    "take_norms_apart",
    "with_observed_outputs",
    "without_rounding",
]


def __getattr__(name: str) -> Any:
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_FILE_OF[name]}"), name)
    return value
