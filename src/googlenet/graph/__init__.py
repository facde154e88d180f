"""The network as a graph of ONNX operators, built from its table; run by every engine except torch."""

from googlenet.graph.building import FEATURE_MAPS, FEATURES, IMAGES, OUTPUTS, PROBABILITIES, build_graph
from googlenet.graph.graph import Graph, Node, Value
from googlenet.graph.layer_graph import build_layer_graph, layer_outputs
from googlenet.graph.rewrites import channels_of, decompose_lrn, fuse_lrn

__all__ = [
    "FEATURES",
    "FEATURE_MAPS",
    "IMAGES",
    "OUTPUTS",
    "PROBABILITIES",
    "Graph",
    "Node",
    "Value",
    "build_graph",
    "build_layer_graph",
    "channels_of",
    "decompose_lrn",
    "fuse_lrn",
    "layer_outputs",
]
