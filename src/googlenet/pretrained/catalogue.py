"""Names that stand for published weights: where they come from, how they are checked, and which ship with the project.

`find_model` is the one place where what a user calls MODEL becomes a path.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from googlenet.errors import InputError
from googlenet.suggestions import did_you_mean

PACKAGE_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Published:
    """Weights that somebody published: `address` of the file, its `digest` (for sha256 as much of it as was published).

    `megabytes`: size of the file, in 10^6 bytes; `scores`: as its authors published them, in the words of `About`;
    `shipped`: the model file in this package that was made from it, if there is one.
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
        """What the published file is called."""
        return self.address.rpartition("/")[2]

    @property
    def shipped_path(self) -> Path | None:
        """The model file in this package, if there is one."""
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
}
"""Weights that have a name, by it."""


def find_model(name_or_path: str | Path) -> Path:
    """The path that a user means: the shipped file for a name of the catalogue, else the path itself.

    A `Path` is always a path, and so is text with a folder in it: `./bvlc` is a file. Raises InputError for a name
    whose weights do not ship, and for a slip of the pen in one.
    """
    if isinstance(name_or_path, Path) or Path(name_or_path).name != name_or_path:
        return Path(name_or_path)
    published = CATALOGUE.get(name_or_path)
    if published is not None and published.shipped_path is not None:
        return published.shipped_path
    path = Path(name_or_path)
    if path.exists():
        return path
    if published is not None:
        raise InputError(
            f"the weights {name_or_path!r} do not ship with googlenet: `googlenet import {name_or_path}` fetches them"
        )
    if not path.suffix and (hint := did_you_mean(name_or_path, CATALOGUE)):
        raise InputError(f"{name_or_path}: there is no such model file; {hint}")
    return path
