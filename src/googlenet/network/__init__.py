"""The torch module of an architecture, its initialization and its input."""

from googlenet.network.feature_info import FeatureInfo, FeatureMaps
from googlenet.network.googlenet import ForwardFeatures, GoogLeNet, HeadLogits
from googlenet.network.initialization import initialize
from googlenet.network.input import to_network_input
from googlenet.network.tapping import tap
from googlenet.network.weights import Weights, network_with_weights, read_weights, to_model

__all__ = [
    "FeatureInfo",
    "FeatureMaps",
    "ForwardFeatures",
    "GoogLeNet",
    "HeadLogits",
    "Weights",
    "initialize",
    "network_with_weights",
    "read_weights",
    "tap",
    "to_model",
    "to_network_input",
]
