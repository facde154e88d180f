"""Files of other programs, written here from weights by our names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec, build_architecture, weight_shapes
from googlenet.formats.caffe import NAMES
from googlenet.formats.protobuf import message_class

Weights = dict[str, NDArray[np.float32]]
Encoding = Literal["V1", "new"]
Numbers = Literal["packed", "unpacked", "double"]

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
CAFFEMODEL = SHARED / "bvlc_googlenet.caffemodel"


def random_weights(*, variant: str = "paper", classes: int = 1000, auxiliaries: bool = False) -> Weights:
    """Weights of the right names and shapes, small enough to compute with."""
    shapes = weight_shapes(build_architecture(ArchitectureSpec(variant, classes=classes)), auxiliaries=auxiliaries)
    generator = np.random.default_rng(1409)
    return {
        name: (generator.random(shape, np.float32) + (0.5 if "running_var" in name else -0.5)) * np.float32(0.1)
        for name, shape in shapes.items()
    }


@pytest.fixture(scope="session")
def weights() -> Weights:
    return random_weights()


@pytest.fixture(scope="session")
def weights_with_sides() -> Weights:
    return random_weights(auxiliaries=True, classes=10)


def blob(array: NDArray[np.float32], *, encoding: Encoding, numbers: Numbers) -> bytes:
    message = message_class("caffe.BlobProto")()
    if encoding == "V1":
        message.num, message.channels, message.height, message.width = (1,) * (4 - array.ndim) + array.shape
    else:
        message.shape = message_class("caffe.BlobShape")(dim=array.shape).SerializeToString()
    encoded: bytes = message.SerializeToString()
    flat = np.ascontiguousarray(array).reshape(-1)
    if numbers == "packed":
        return encoded + b"\x2a" + varint(flat.nbytes) + flat.tobytes()
    if numbers == "double":
        return encoded + b"\x42" + varint(8 * flat.size) + flat.astype("<f8").tobytes()
    single = np.empty(flat.size, [("tag", "u1"), ("value", "<f4")])  # field 5 again and again, four bytes each
    single["tag"], single["value"] = 0x2D, flat
    return encoded + single.tobytes()


def varint(number: int) -> bytes:
    encoded = b""
    while number > 127:
        encoded += bytes([number & 127 | 128])
        number >>= 7
    return encoded + bytes([number])


def caffemodel(
    weights: Mapping[str, NDArray[np.float32]],
    *,
    encoding: Encoding = "new",
    numbers: Numbers = "packed",
    renamed: Mapping[str, str] | None = None,
    bottoms: Mapping[str, str] | None = None,
) -> bytes:
    """A caffemodel of these weights; `renamed`: their names -> other names, `bottoms`: new names -> what they read."""
    theirs = {ours: name for name, ours in NAMES.items()}
    net = message_class("caffe.NetParameter")(name=b"GoogLeNet")
    for ours in dict.fromkeys(name.rpartition(".")[0] for name in weights):
        arrays = [weights[f"{ours}.{part}"] for part in ("weight", "bias") if f"{ours}.{part}" in weights]
        name = theirs.get(ours, ours)
        name = (renamed or {}).get(name, name)
        linear = arrays[0].ndim == 2
        fields: dict[str, Any] = {
            "name": name.encode(),
            "bottom": [(bottoms or {}).get(name, "data").encode()],
            "blobs": [blob(array, encoding=encoding, numbers=numbers) for array in arrays],
        }
        if encoding == "V1":
            layer = message_class("caffe.V1LayerParameter")(**fields, type=14 if linear else 4)
            net.layers.append(layer.SerializeToString())
        else:
            layer = message_class("caffe.LayerParameter")(**fields, type=b"InnerProduct" if linear else b"Convolution")
            net.layer.append(layer.SerializeToString())
    encoded: bytes = net.SerializeToString()
    return encoded


@pytest.fixture(scope="session")
def write_caffemodel() -> Callable[..., bytes]:
    return caffemodel


@pytest.fixture(scope="session")
def bvlc() -> Path:
    """BVLC's real weights."""
    if not CAFFEMODEL.is_file():
        pytest.skip(f"needs {CAFFEMODEL}")
    return CAFFEMODEL
