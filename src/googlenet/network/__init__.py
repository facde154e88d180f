"""The torch module of an architecture, its initialization and its input."""

from googlenet.network.googlenet import ForwardFeatures, GoogLeNet, HeadLogits
from googlenet.network.initialization import initialize
from googlenet.network.input import to_network_input
from googlenet.network.weights import Weights, network_with_weights, read_weights

__all__ = [
    "ForwardFeatures",
    "GoogLeNet",
    "HeadLogits",
    "Weights",
    "initialize",
    "network_with_weights",
    "read_weights",
    "to_network_input",
]
