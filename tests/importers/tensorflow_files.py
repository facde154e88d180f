"""TensorFlow graphs, written here as Google's inception5h is: its nodes, operators, order and attributes.

Names, operators and channels are those that public listings of the file show; the rest is TensorFlow's own format.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.protobuf import Pieces, encode
from tests.importers.make_torchvision_answer import formula

FILTERS = {
    "mixed3a": (64, 96, 128, 16, 32, 32),
    "mixed3b": (128, 128, 192, 32, 96, 64),
    "mixed4a": (192, 96, 204, 16, 48, 64),
    "mixed4b": (160, 112, 224, 24, 64, 64),
    "mixed4c": (128, 128, 256, 24, 64, 64),
    "mixed4d": (112, 144, 288, 32, 64, 64),
    "mixed4e": (256, 160, 320, 32, 128, 128),
    "mixed5a": (256, 160, 320, 48, 128, 128),
    "mixed5b": (384, 192, 384, 48, 128, 128),
}
POOLS = {"mixed3b": "maxpool4", "mixed4e": "maxpool10"}
HEADS = {"mixed4a": "0", "mixed4d": "1"}

Content = NDArray[Any] | float
"""Values of a constant, or one value that fills it."""


@dataclass
class TensorFlowNode:
    """A node, which a test may change. `shape` and `content` are a constant's."""

    name: str
    operator: str
    inputs: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = ()
    content: Content | None = None


Nodes = dict[str, TensorFlowNode]


def inception5h(
    weights: Mapping[str, NDArray[np.float32]] | None = None, *, outputs: int = 1008, heads: bool = True
) -> Nodes:
    """The nodes by name. `weights`: by the names of their constants; the others are filled with 0.001."""
    nodes: Nodes = {}

    def add(name: str, operator: str, *inputs: str, **attributes: Any) -> str:
        nodes[name] = TensorFlowNode(name, operator, list(inputs), attributes)
        return name

    def constant(name: str, *shape: int) -> str:
        content = 0.001 if weights is None or name not in weights else weights[name]
        nodes[name] = TensorFlowNode(name, "Const", shape=shape, content=content)
        return name

    def numbers(name: str, *values: int) -> str:
        nodes[name] = TensorFlowNode(name, "Const", shape=(len(values),), content=np.array(values, np.int32))
        return name

    def convolution(name: str, value: str, kernel: int, channels: int, filters: int, stride: int = 1) -> str:
        kernel_name = constant(f"{name}_w", kernel, kernel, channels, filters)
        out = add(
            f"{name}_pre_relu/conv", "Conv2D", value, kernel_name, strides=[1, stride, stride, 1], padding=b"SAME"
        )
        return add(name, "Relu", add(f"{name}_pre_relu", "BiasAdd", out, constant(f"{name}_b", filters)))

    def pool(
        name: str, value: str, kernel: int, stride: int, operator: str = "MaxPool", padding: bytes = b"SAME"
    ) -> str:
        return add(name, operator, value, ksize=[1, kernel, kernel, 1], strides=[1, stride, stride, 1], padding=padding)

    def norm(name: str, value: str) -> str:
        return add(name, "LRN", value, depth_radius=5, bias=2.0, alpha=1e-4, beta=0.5)

    def matrix(name: str, layer: str, value: str, channels: int, filters: int) -> str:
        out = add(f"{name}/matmul", "MatMul", value, constant(f"{layer}_w", channels, filters))
        return add(name, "BiasAdd", out, constant(f"{layer}_b", filters))

    def flat(value: str, *shape: int) -> str:
        return add(f"{value}/reshape", "Reshape", value, numbers(f"{value}/reshape/shape", *shape))

    value = convolution("conv2d0", add("input", "Placeholder"), 7, 3, 64, stride=2)
    value = norm("localresponsenorm0", pool("maxpool0", value, 3, 2))
    value = convolution("conv2d2", convolution("conv2d1", value, 1, 64, 64), 3, 64, 192)
    value, channels = pool("maxpool1", norm("localresponsenorm1", value), 3, 2), 192
    for module, (one, three_reduce, three, five_reduce, five, projection) in FILTERS.items():
        branches = [
            convolution(f"{module}_1x1", value, 1, channels, one),
            convolution(
                f"{module}_3x3",
                convolution(f"{module}_3x3_bottleneck", value, 1, channels, three_reduce),
                3,
                three_reduce,
                three,
            ),
            convolution(
                f"{module}_5x5",
                convolution(f"{module}_5x5_bottleneck", value, 1, channels, five_reduce),
                5,
                five_reduce,
                five,
            ),
            convolution(f"{module}_pool_reduce", pool(f"{module}_pool", value, 3, 1), 1, channels, projection),
        ]
        numbers(f"{module}/concat_dim", 3)
        nodes[f"{module}/concat_dim"].shape = ()
        value = add(module, "Concat", f"{module}/concat_dim", *branches)
        channels = one + three + five + projection
        if heads and (head := HEADS.get(module)):
            side = pool(f"head{head}_pool", value, 5, 3, "AvgPool", b"VALID")
            side = flat(convolution(f"head{head}_bottleneck", side, 1, channels, 128), -1, 2048)
            side = flat(add(f"nn{head}", "Relu", matrix(f"nn{head}_pre_relu", f"nn{head}", side, 2048, 1024)), -1, 1024)
            side = matrix(f"softmax{head}_pre_activation", f"softmax{head}", side, 1024, outputs)
            add(f"softmax{head}", "Softmax", side)
        if module in POOLS:
            value = pool(POOLS[module], value, 3, 2)
    value = flat(pool("avgpool0", value, 7, 1, "AvgPool", b"VALID"), -1, 1024)
    value = matrix("softmax2_pre_activation", "softmax2", value, 1024, outputs)
    add("output2", "Identity", add("softmax2", "Softmax", value))
    return nodes


def even_weights() -> dict[str, NDArray[np.float32]]:
    """Weights for ten classes by the names of their constants; those of the classifiers are small."""
    shapes = {name: node.shape for name, node in inception5h(outputs=10).items() if name.endswith(("_w", "_b"))}
    weights = {}
    for name, shape in shapes.items():
        values = formula(name, (*shape[-1:], *shape[:-1])) * np.float32(0.05 if name.startswith("softmax") else 1)
        weights[name] = np.ascontiguousarray(np.moveaxis(values, 0, -1))
    return weights


def even_pictures() -> NDArray[np.float32]:
    """Two pictures (2, 224, 224, 3) of coarse squares, minus their mean."""
    return (formula("input", (2, 14, 14, 3)) * 70).repeat(16, axis=1).repeat(16, axis=2)


def graph_def(nodes: Nodes) -> bytes:
    """A GraphDef of the nodes, the constants first after the input, as Google's are."""
    order = sorted(nodes.values(), key=lambda node: (node.operator != "Placeholder", node.operator != "Const"))
    return b"".join(encode("tensorflow.GraphDef", node=[_node(node) for node in order]))


def archive(nodes: Nodes, names: list[str] | None = None, *, compressed: bool = True) -> bytes:
    """A zip archive as Google's: the graph, the class names, the licence."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as entries:
        if names is not None:
            entries.writestr("imagenet_comp_graph_label_strings.txt", "\n".join(names) + "\n")
        entries.writestr("tensorflow_inception_graph.pb", graph_def(nodes))
        entries.writestr("LICENSE", "Apache License")
    return file.getvalue()


def _node(node: TensorFlowNode) -> Pieces:
    attributes = {name: _attribute(value) for name, value in node.attributes.items()}
    if node.operator == "Const":
        attributes["value"] = encode("tensorflow.AttrValue", tensor=_tensor(node))
    entries = [
        encode("tensorflow.NodeDef.AttrEntry", key=name.encode(), value=value) for name, value in attributes.items()
    ]
    return encode(
        "tensorflow.NodeDef",
        name=node.name.encode(),
        op=node.operator.encode(),
        input=[name.encode() for name in node.inputs],
        attr=entries,
    )


def _attribute(value: Any) -> Pieces:
    match value:
        case list():
            return encode("tensorflow.AttrValue", list=encode("tensorflow.AttrValue.ListValue", i=value))
        case bytes():
            return encode("tensorflow.AttrValue", s=value)
        case float():
            return encode("tensorflow.AttrValue", f=value)
        case bool():
            return encode("tensorflow.AttrValue", b=int(value))
        case _:
            return encode("tensorflow.AttrValue", i=value)


def _tensor(node: TensorFlowNode) -> Pieces:
    dims = [encode("tensorflow.TensorShapeProto.Dim", size=length) for length in node.shape]
    shape = encode("tensorflow.TensorShapeProto", dim=dims)
    if isinstance(node.content, np.ndarray):
        array = node.content
        dtype = 1 if array.dtype.kind == "f" else 3
        if dtype == 3 and array.size == 1:  # as TensorFlow writes a single number
            return encode("tensorflow.TensorProto", dtype=3, tensor_shape=shape, int_val=[int(array.item())])
        return encode("tensorflow.TensorProto", dtype=dtype, tensor_shape=shape, tensor_content=array.tobytes())
    return encode("tensorflow.TensorProto", dtype=1, tensor_shape=shape, float_val=[node.content])
