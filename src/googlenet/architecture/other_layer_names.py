"""What lucid and lucent, Caffe's bvlc_googlenet and torchvision call the layers of this network."""

from __future__ import annotations

from functools import cache

from googlenet.architecture.table1 import INCEPTION_MODULES

LUCID = {
    "conv2d0": "conv1",
    "maxpool0": "pool1/pool",
    "localresponsenorm0": "pool1/response_norm",
    "conv2d1": "conv2/conv2_reduce",
    "conv2d2": "conv2/conv2",
    "localresponsenorm1": "conv2/response_norm",
    "maxpool1": "pool2",
    "maxpool4": "pool3",
    "maxpool10": "pool4",
    "avgpool0": "average_pool",
    "softmax2_pre_activation": "linear",
    "softmax2_pre_activation_matmul": "linear",
}
LUCID_MODULE = {
    "": "",
    "_1x1": "/1x1",
    "_3x3_bottleneck": "/3x3_reduce",
    "_3x3": "/3x3",
    "_5x5_bottleneck": "/5x5_reduce",
    "_5x5": "/5x5",
    "_pool": "/pool",
    "_pool_reduce": "/pool_projection",
}
CAFFE = {
    "conv1/7x7_s2": "conv1",
    "conv1/relu_7x7": "conv1",
    "pool1/3x3_s2": "pool1/pool",
    "pool1/norm1": "pool1/response_norm",
    "conv2/3x3_reduce": "conv2/conv2_reduce",
    "conv2/relu_3x3_reduce": "conv2/conv2_reduce",
    "conv2/3x3": "conv2/conv2",
    "conv2/relu_3x3": "conv2/conv2",
    "conv2/norm2": "conv2/response_norm",
    "pool2/3x3_s2": "pool2",
    "pool3/3x3_s2": "pool3",
    "pool4/3x3_s2": "pool4",
    "pool5/7x7_s1": "average_pool",
    "loss3/classifier": "linear",
}
CAFFE_MODULE = {
    "": "",
    "/output": "",
    "/1x1": "/1x1",
    "/3x3_reduce": "/3x3_reduce",
    "/3x3": "/3x3",
    "/5x5_reduce": "/5x5_reduce",
    "/5x5": "/5x5",
    "/pool": "/pool",
    "/pool_proj": "/pool_projection",
    "/relu_1x1": "/1x1",
    "/relu_3x3_reduce": "/3x3_reduce",
    "/relu_3x3": "/3x3",
    "/relu_5x5_reduce": "/5x5_reduce",
    "/relu_5x5": "/5x5",
    "/relu_pool_proj": "/pool_projection",
}
TORCHVISION = {
    "conv1": "conv1",
    "conv2": "conv2/conv2_reduce",
    "conv3": "conv2/conv2",
    "maxpool1": "pool1/pool",
    "maxpool2": "pool2",
    "maxpool3": "pool3",
    "maxpool4": "pool4",
    "avgpool": "average_pool",
    "fc": "linear",
}
TORCHVISION_MODULE = {
    "": "",
    ".branch1": "/1x1",
    ".branch2.0": "/3x3_reduce",
    ".branch2.1": "/3x3",
    ".branch2": "/3x3",
    ".branch3.0": "/5x5_reduce",
    ".branch3.1": "/5x5",
    ".branch3": "/5x5",
    ".branch4.0": "/pool",
    ".branch4.1": "/pool_projection",
    ".branch4": "/pool_projection",
}

PROGRAM_OF = {
    "paper": "Caffe",
    "inception5h": "lucid",
    "inception5h-port": "lucid",
    "torchvision": "torchvision",
}
"""Variant -> the program that its published weights are known by."""


@cache
def other_names() -> dict[str, dict[str, tuple[str, bool]]]:
    """For each program, what it calls a layer -> our name, and whether that is the value before its ReLU."""

    def names(stem: dict[str, str], beginning: str, inside: dict[str, str]) -> dict[str, tuple[str, bool]]:
        in_modules = {
            f"{beginning}{module}{theirs}": f"{module}{ours}"
            for module in INCEPTION_MODULES
            for theirs, ours in inside.items()
        }
        return {theirs: (ours, False) for theirs, ours in (stem | in_modules).items()}

    torchvision = names(TORCHVISION, "inception", TORCHVISION_MODULE)
    before_relu = {f"{theirs}.bn": (ours, True) for theirs, (ours, _) in torchvision.items() if "pool" not in theirs}
    return {
        "lucid": names(LUCID, "mixed", LUCID_MODULE),
        "Caffe": names(CAFFE, "inception_", CAFFE_MODULE),
        "torchvision": before_relu | torchvision,
    }
