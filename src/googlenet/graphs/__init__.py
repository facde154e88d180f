"""The network as a graph of standard operators, written from its table: what every engine but torch's runs."""

from googlenet.graphs.building import FEATURES, IMAGES, MAPS, OUTPUTS, PROBABILITIES, build_graph
from googlenet.graphs.calibration import Histogram, Statistics, observed_values, with_observed_outputs
from googlenet.graphs.dequantization import PlainGraph, without_rounding
from googlenet.graphs.graph import Graph, Node, Value
from googlenet.graphs.quantization import FULL_RANGE, REDUCED_RANGE, quantize, round_weights
from googlenet.graphs.rewrites import channels_of, put_norms_together, take_norms_apart

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
