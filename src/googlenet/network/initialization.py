"""Starting weights from which the network really trains.

The paper does not say how it starts; Caffe's replication used "xavier" with biases of 0.2, and its deeper heads are
known to stay at ln(classes) for whole trainings. Here every layer that a ReLU follows keeps the variance of its input
(He et al. 2015: normal with variance 2 / fan-in), biases are zero, and a layer that gives logits starts small enough
that all classes begin about equally likely.
"""

from __future__ import annotations

import math

import torch
from torch import nn

LOGIT_DEVIATION = 0.1  # of the first logits, where what they read has unit variance


@torch.no_grad()
def initialize(network: nn.Module, generator: torch.Generator) -> None:
    """Fill all parameters in place, in the order of the table, from one seeded generator (on the CPU)."""
    for name, parameter in network.named_parameters():
        if ".normalization." in name:
            parameter.fill_(1.0 if name.endswith("weight") else 0.0)
        elif name.endswith(".bias"):
            parameter.zero_()
        else:
            fan_in = parameter[0].numel()
            gives_logits = name.rpartition(".")[0].endswith("linear")
            deviation = LOGIT_DEVIATION / math.sqrt(fan_in) if gives_logits else math.sqrt(2 / fan_in)
            parameter.normal_(0.0, deviation, generator=generator)
