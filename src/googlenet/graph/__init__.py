"""The network as a graph of standard operators, written from its table: what every engine but torch's runs."""

from googlenet.graph.building import FEATURES, IMAGES, MAPS, OUTPUTS, PROBABILITIES, build_graph
from googlenet.graph.graph import Graph, Node, Value
from googlenet.graph.rewrites import channels_of, put_norms_together, take_norms_apart

__all__ = [
    "FEATURES",
    "IMAGES",
    "MAPS",
    "OUTPUTS",
    "PROBABILITIES",
    "Graph",
    "Node",
    "Value",
    "build_graph",
    "channels_of",
    "put_norms_together",
    "take_norms_apart",
]
