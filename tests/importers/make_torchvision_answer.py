"""Ask the real torchvision what its `googlenet` says, and keep the answer for the suite, which has no torchvision.

Run it where torch and torchvision are installed; torch 2.14.1 and torchvision 0.29.1 made the file that is here:

    python tests/importers/make_torchvision_answer.py

The network has 7 classes and auxiliary classifiers. Its weights and input come from `formula`, which needs names and
shapes alone, so that `torchvision_answer.json` need not carry them. The main logits are those of the network in
evaluation; the auxiliary classifiers run only in training, so theirs are taken with the dropout at 0 and every batch
normalisation in evaluation. torchvision hands them out as (logits, aux_logits2, aux_logits1); here they have names.
"""

from __future__ import annotations

import json
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ANSWER = Path(__file__).with_name("torchvision_answer.json")
CLASSES = 7
INPUT_SHAPE = (2, 3, 96, 96)


def formula(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Values of a weight, float32: a hash of name and position, spread evenly over an interval.

    Kernels and matrices: -a ... a with a = sqrt(6 / inputs), so that a ReLU keeps the variance. Weights of a batch
    normalisation: 0.8 ... 1.2, running variances 0.5 ... 1.5; biases and running means: -0.1 ... 0.1. The input, whose
    name is "input": -1.7 ... 1.7.
    """
    bits = (np.arange(math.prod(shape), dtype=np.uint64) * 2654435761 + zlib.crc32(name.encode())) & 0xFFFFFFFF
    for factor in (0x85EBCA6B, 0xC2B2AE35):  # the finishing steps of MurmurHash3
        bits = ((bits ^ (bits >> np.uint64(15))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    even = (bits.astype(np.float64) / 2**31 - 1).reshape(shape)  # -1 ... 1
    if name == "input":
        centre, reach = 0.0, 1.7
    elif name.endswith("running_var"):
        centre, reach = 1.0, 0.5
    elif len(shape) > 1:
        centre, reach = 0.0, math.sqrt(6 / math.prod(shape[1:]))
    else:
        centre, reach = (1.0, 0.2) if name.endswith("weight") else (0.0, 0.1)
    return np.asarray(centre + reach * even, np.float32)


def answer() -> dict[str, Any]:
    """Names and shapes of torchvision's state dict, and its logits (2, 7) by head."""
    import torch
    import torchvision

    network = torchvision.models.googlenet(
        weights=None, init_weights=False, aux_logits=True, num_classes=CLASSES, transform_input=False
    )
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    counters = {name for name in shapes if name.endswith("num_batches_tracked")}
    state = {name: torch.from_numpy(formula(name, shape)) for name, shape in shapes.items() if name not in counters}
    network.load_state_dict(state | {name: torch.tensor(0) for name in counters})
    x = torch.from_numpy(formula("input", INPUT_SHAPE))
    with torch.no_grad():
        main = network.eval()(x)
        network.train()
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eval()
            elif isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        training = network(x)
    return {
        "made_with": {"torch": torch.__version__, "torchvision": torchvision.__version__},
        "state_dict": {name: list(shape) for name, shape in shapes.items()},
        "logits": {
            "main": main.tolist(),
            "main_in_training": training.logits.tolist(),
            "aux1": training.aux_logits1.tolist(),
            "aux2": training.aux_logits2.tolist(),
        },
    }


if __name__ == "__main__":
    ANSWER.write_text(json.dumps(answer(), separators=(",", ":")) + "\n")
