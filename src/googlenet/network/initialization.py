"""Weight initialization.

The paper does not describe its initialization; Caffe's replication used "xavier" with biases of 0.2, with which the
deeper heads can stay at a loss of ln(classes) for a whole training. Here every layer followed by a ReLU preserves the
variance of its input (He et al. 2015: normal with variance 2 / fan-in), biases are zero, and layers that output logits
start so small that all classes are about equally likely.
"""

from __future__ import annotations

import math

import torch
from torch import nn

LOGIT_DEVIATION = 0.1  # standard deviation of the initial logits for features of unit variance


@torch.no_grad()
def initialize(network: nn.Module, generator: torch.Generator) -> None:
    """Initialize all parameters in place, in the order of the table, from one seeded generator (on the CPU)."""
    for name, parameter in network.named_parameters():
        if ".normalization." in name:
            parameter.fill_(1.0 if name.endswith("weight") else 0.0)
        elif name.endswith(".bias"):
            parameter.zero_()
        else:
            fan_in = parameter[0].numel()
            is_classifier = name.rpartition(".")[0].endswith("linear")
            deviation = LOGIT_DEVIATION / math.sqrt(fan_in) if is_classifier else math.sqrt(2 / fan_in)
            parameter.normal_(0.0, deviation, generator=generator)
