"""The network as a graph of standard operators, written from its table: what every engine but torch's runs."""

from googlenet.graphs.building import FEATURES, IMAGES, MAPS, OUTPUTS, PROBABILITIES, build_graph
from googlenet.graphs.graph import Graph, Node, Value

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
]
