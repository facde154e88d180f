"""Files of other programs, written here from weights by our names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec, build_architecture, weight_shapes
from googlenet.architecture.layers import Convolution, Inception, Layer, Linear
from googlenet.importers.caffe import NAMES
from googlenet.protobuf import message_class

TEN_GIGABYTES = b"\x80\xc8\xaf\xa0\x25"  # as protobuf writes a length

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
def weights_with_auxiliaries() -> Weights:
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


def onnx_file(
    weights: Mapping[str, NDArray[np.float32]],
    *,
    raw: bool = True,
    transposed: bool = True,
    branches_backwards: bool = False,
    changed: Callable[[str, Any], None] | None = None,
) -> bytes:
    """An ONNX file of the paper's network whose tensors have names without meaning.

    `transposed`: the matrix is (out, in), and the Gemm says so; `branches_backwards`: the branches of a module stand in
    the graph last to first; `changed` may change each tensor's message, given our name for it.
    """
    graph = message_class("onnx.GraphProto")(name=b"bvlc")
    numbers = iter(range(10**6))

    def fresh() -> bytes:
        return f"t{next(numbers)}".encode()

    def stored(name: str, array: NDArray[np.float32]) -> bytes:
        tensor = message_class("onnx.TensorProto")(name=fresh(), dims=array.shape, data_type=1)
        if raw:
            tensor.raw_data = array.astype("<f4").tobytes()
        else:
            tensor.float_data.extend(array.ravel())
        if changed:
            changed(name, tensor)
        graph.initializer.append(tensor.SerializeToString())
        return bytes(tensor.name)

    def node(operator: str, *inputs: bytes, transposed: bool = False) -> bytes:
        attribute = message_class("onnx.AttributeProto")(name=b"transB", i=1).SerializeToString()
        message = message_class("onnx.NodeProto")(input=inputs, output=[fresh()], op_type=operator.encode())
        message.attribute.extend([attribute] if transposed else [])
        graph.node.append(message.SerializeToString())
        return bytes(message.output[0])

    def add(layers: tuple[Layer, ...], value: bytes, prefix: str = "") -> bytes:
        for layer in layers:
            if isinstance(layer, Inception):
                branches = layer.branches[::-1] if branches_backwards else layer.branches
                value = node("Concat", *[add(branch, value, f"{layer.name}.") for branch in branches])
            elif isinstance(layer, Convolution):
                name = prefix + layer.name
                parts = [stored(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias")]
                value = node("Relu", node("Conv", value, *parts))
            elif isinstance(layer, Linear):
                matrix = weights["linear.weight"] if transposed else np.ascontiguousarray(weights["linear.weight"].T)
                parts = [stored("linear.weight", matrix), stored("linear.bias", weights["linear.bias"])]
                value = node("Gemm", node("Reshape", value, b"shape"), *parts, transposed=transposed)
            else:
                value = node(type(layer).__name__, value)
        return value

    add(build_architecture(ArchitectureSpec()).layers, b"data")
    shape = message_class("onnx.TensorProto")(name=b"shape", dims=[2], data_type=7, raw_data=bytes(16))
    graph.initializer.append(shape.SerializeToString())
    model = message_class("onnx.ModelProto")(ir_version=3, producer_name=b"test", graph=graph.SerializeToString())
    encoded: bytes = model.SerializeToString()
    return encoded


@pytest.fixture(scope="session")
def write_onnx() -> Callable[..., bytes]:
    return onnx_file


def damaged(data: st.DataObject, whole: bytes) -> bytes:
    """The bytes with one to three pieces overwritten, inserted, taken out or cut off, as `data` draws them."""
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content)))
        piece = data.draw(st.binary(min_size=1, max_size=9) | st.just(TEN_GIGABYTES))
        change = data.draw(st.sampled_from(["overwrite", "insert", "remove", "truncate"]))
        if change == "overwrite":
            content[place : place + len(piece)] = piece
        elif change == "insert":
            content[place:place] = piece
        elif change == "remove":
            del content[place : place + len(piece)]
        else:
            del content[place:]
    return bytes(content)
