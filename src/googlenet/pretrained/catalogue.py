"""Named published weights: their URL, checksum and scores, and which of them ship with the package.

`find_model` is the one place where a user's MODEL becomes a path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from googlenet.argument_types import PathArgument, as_path
from googlenet.errors import InputError
from googlenet.suggestions import did_you_mean

PACKAGE_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Published:
    """Published weights: `address` is the file's URL, `digest` its checksum (of a sha256, maybe only the first digits).

    `megabytes`: size of the file, in 10^6 bytes; `scores`: as published by its authors, with the keys of `About`;
    `shipped`: the name of the model file in this package that was made from it, if any.
    """

    purpose: str
    address: str
    algorithm: Literal["sha1", "sha256"]
    digest: str
    megabytes: float
    classes: int
    licence: str
    scores: dict[str, Any] = field(default_factory=dict)
    shipped: str | None = None

    @property
    def file_name(self) -> str:
        """Name of the published file."""
        return self.address.rpartition("/")[2]

    @property
    def shipped_path(self) -> Path | None:
        """Path of the model file in this package, if any."""
        return None if self.shipped is None else PACKAGE_FOLDER / self.shipped


CATALOGUE: dict[str, Published] = {
    "bvlc": Published(
        purpose="Caffe's BVLC GoogLeNet, the paper's network trained on ImageNet",
        address="http://dl.caffe.berkeleyvision.org/bvlc_googlenet.caffemodel",
        algorithm="sha1",
        digest="405fc5acd08a3bb12de8ee5e23a96bec22f08204",
        megabytes=53.5,
        classes=1000,
        licence="unrestricted use",
        scores={"top1": 0.687, "top5": 0.889, "split": "ImageNet validation, one crop", "by": "BVLC"},
        shipped="bvlc.safetensors",
    ),
    "torchvision": Published(
        purpose="torchvision's googlenet, batch normalisation and 3x3 for 5x5, trained on ImageNet",
        address="https://download.pytorch.org/models/googlenet-1378be20.pth",
        algorithm="sha256",
        digest="1378be20",
        megabytes=52.1,
        classes=1000,
        licence="BSD-3-Clause (torchvision)",
        scores={"top1": 0.6978, "top5": 0.8953, "split": "ImageNet validation, one crop", "by": "torchvision"},
    ),
    "inception5h": Published(
        purpose="Google's own network of 2014-15 (InceptionV1), a TensorFlow graph trained on ImageNet",
        address="https://storage.googleapis.com/download.tensorflow.org/models/inception5h.zip",
        algorithm="sha256",
        digest="d13569f6a98159de37e92e9c8ec4dae8f674fbf475f69fe6199b514f756d4364",
        megabytes=49.9,
        classes=1008,
        licence="Apache-2.0",
    ),
}
"""Published weights by name."""


SAME_NETWORK = ("googlenet", "inceptionv1", "bvlcgooglenet", "googlenettvin1k")
"""Names of GoogLeNet elsewhere, without marks."""

OTHER_NETWORKS = (
    *("alexnet", "beit", "coatnet", "convnext", "deit", "densenet", "efficientnet", "inceptionnext", "inceptionresnet"),
    *("inceptionv", "maxvit", "mnasnet", "mobilenet", "mobilevit", "nasnet", "nfnet", "regnet", "repvgg", "resnet"),
    *("resnext", "senet", "seresnet", "shufflenet", "squeezenet", "swinb", "swins", "swint", "swinv", "vgg", "vitb"),
    *("vitgiant", "vith14", "vithuge", "vitl16", "vitl32", "vitlarge", "vitsmall", "vittiny", "wideresnet", "xception"),
    *("yolo",),
)
"""How names of other networks begin in timm, torchvision, Keras and Ultralytics, without marks."""

OUR_FILES = (".safetensors", ".onnx", ".xml", ".pt2", ".caffemodel")
"""Files of this program may be called anything."""


def find_model(name_or_path: PathArgument) -> Path:
    """The path that a user means: the shipped file for a name in the catalogue, else the path itself.

    A `Path` is always a path, and so is a string with a folder in it: `./bvlc` is a file. Raises InputError for a name
    whose weights do not ship, for a misspelled one, and for anything else.
    """
    if not isinstance(name_or_path, str) or Path(name_or_path).name != name_or_path:
        return as_path(name_or_path, "a model", what="a path (str or Path) or a name such as 'bvlc'")
    published = CATALOGUE.get(name_or_path)
    if published is not None and published.shipped_path is not None:
        return published.shipped_path
    path = Path(name_or_path)
    if path.exists():
        return path
    if published is not None:
        raise InputError(
            f"the weights {name_or_path!r} do not ship with googlenet: `googlenet import {name_or_path}` downloads them"
        )
    if sentence := _other_network(name_or_path):
        raise InputError(sentence)
    if not path.suffix and (hint := did_you_mean(name_or_path, CATALOGUE)):
        raise InputError(f"{name_or_path}: no such model file; {hint}")
    return path


def _other_network(name: str) -> str:
    """A sentence for the name of a network that other libraries have; "" for any other name."""
    if name.endswith(OUR_FILES):
        return ""
    word = re.sub(r"[^a-z0-9]", "", name.lower().partition(".")[0])
    if word in SAME_NETWORK:
        return f"{name}: no such model file; the ImageNet weights of GoogLeNet are called `bvlc` here"
    if word.startswith(OTHER_NETWORKS):
        return f"{name}: this program has GoogLeNet only, whose ImageNet weights are called `bvlc`"
    return ""
