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
from googlenet.architecture.layers import Convolution, Inception, Layer, Linear, LocalResponseNorm
from googlenet.importers.caffe import NAMES
from googlenet.protobuf import message_class

TEN_GIGABYTES = b"\x80\xc8\xaf\xa0\x25"  # as protobuf writes a length

Weights = dict[str, NDArray[np.float32]]
Encoding = Literal["V1", "new"]
Numbers = Literal["packed", "unpacked", "double", "raw float16", "raw float32", "raw float64"]

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
    if numbers.startswith("raw "):
        dtype, number = {"float64": ("<f8", 0), "float32": ("<f4", 1), "float16": ("<f2", 2)}[
            numbers.removeprefix("raw ")
        ]
        raw = flat.astype(dtype).tobytes()
        return encoded + bytes([0x50, number, 0x62]) + varint(len(raw)) + raw  # fields 10 and 12
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


NUMBERS = {1: "<f4", 10: "<f2"}  # TensorProto.DataType of floats -> how NumPy has them
Constants = Literal["initializer", "Constant", "Identity", "Cast", "Transpose"]


def onnx_file(
    weights: Mapping[str, NDArray[np.float32]],
    *,
    data_type: int = 1,
    constants: Constants = "initializer",
    linear: Literal["transposed Gemm", "Gemm", "MatMul"] = "transposed Gemm",
    added_biases: bool = False,
    branches_backwards: bool = False,
    changed: Callable[[str, Any], None] | None = None,
) -> bytes:
    """An ONNX file of the paper's network whose tensors have names without meaning.

    `constants`: where a weight's values stand, or what passes them on to the layer; `linear`: the operator, for which
    the matrix is (out, in) or (in, out); `added_biases`: by Add nodes; `branches_backwards`: the branches of a module
    stand in the graph last to first; `changed` may change each message of a tensor or of a node, given our name for a
    tensor, and the operator of a node.
    """
    graph = message_class("onnx.GraphProto")(name=b"bvlc")
    numbers = iter(range(10**6))

    def fresh() -> bytes:
        return f"t{next(numbers)}".encode()

    def stored(name: str, array: NDArray[np.float32]) -> bytes:
        if constants == "Transpose":
            array = np.ascontiguousarray(array.T)
        tensor = message_class("onnx.TensorProto")(name=fresh(), dims=array.shape, data_type=data_type)
        tensor.raw_data = array.astype(NUMBERS[data_type]).tobytes()
        if changed:
            changed(name, tensor)
        if constants == "Constant":
            return node("Constant", value=tensor.SerializeToString())
        graph.initializer.append(tensor.SerializeToString())
        if constants == "initializer":
            return bytes(tensor.name)
        return node(constants, tensor.name, **({"to": 1} if constants == "Cast" else {}))

    def node(operator: str, *inputs: bytes, **attributes: Any) -> bytes:
        message = message_class("onnx.NodeProto")(input=inputs, output=[fresh()], op_type=operator.encode())
        for name, value in attributes.items():
            field = {int: "i", float: "f", bytes: "t"}.get(type(value), "ints")
            attribute = message_class("onnx.AttributeProto")(**{"name": name.encode(), field: value})
            message.attribute.append(attribute.SerializeToString())
        if changed:
            changed(operator, message)
        graph.node.append(message.SerializeToString())
        return bytes(message.output[0])

    def weighted(operator: str, value: bytes, name: str, weight: NDArray[np.float32], **attributes: Any) -> bytes:
        weight_name, bias = stored(f"{name}.weight", weight), weights[f"{name}.bias"]
        if operator == "MatMul" or added_biases:
            shape = (len(bias), 1, 1) if operator == "Conv" else (1, len(bias))
            output = node(operator, value, weight_name, **attributes)
            return node("Add", stored(f"{name}.bias", bias.reshape(shape)), output)
        return node(operator, value, weight_name, stored(f"{name}.bias", bias), **attributes)

    def add(layers: tuple[Layer, ...], value: bytes, prefix: str = "") -> bytes:
        for layer in layers:
            if isinstance(layer, Inception):
                branches = layer.branches[::-1] if branches_backwards else layer.branches
                value = node("Concat", *[add(branch, value, f"{layer.name}.") for branch in branches])
            elif isinstance(layer, Convolution):
                name, pad, stride = prefix + layer.name, layer.pads[0], layer.stride
                attributes = {"strides": [stride] * 2, "pads": [pad] * 4} if layer.kernel_size > 1 else {}
                value = node("Relu", weighted("Conv", value, name, weights[f"{name}.weight"], **attributes))
            elif isinstance(layer, Linear):
                value, matrix = node("Reshape", value, b"shape"), weights["linear.weight"]
                if linear == "transposed Gemm":
                    value = weighted("Gemm", value, "linear", matrix, transB=1)
                else:
                    value = weighted(linear, value, "linear", np.ascontiguousarray(matrix.T))
            elif isinstance(layer, LocalResponseNorm):
                value = node("LRN", value, size=layer.size, alpha=layer.alpha, beta=layer.beta, bias=layer.k)
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
