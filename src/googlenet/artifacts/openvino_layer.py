"""Reads the last linear layer of an OpenVINO IR without OpenVINO.

Constants are followed from the softmax upwards, through the few operators with which OpenVINO writes them: conversions
of types, and the scale and the zero point of quantized values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from googlenet.artifacts.content import Content
from googlenet.artifacts.openvino import parse_ir
from googlenet.errors import ModelFileError

DTYPES = {"f64": "<f8", "f32": "<f4", "f16": "<f2", "i64": "<i8", "i32": "<i4", "i8": "|i1", "u8": "|u1"}
"""NumPy dtypes of constants, by OpenVINO's names."""

ARITHMETIC: dict[str, Callable[..., NDArray[Any]]] = {
    "Multiply": np.multiply,
    "Subtract": np.subtract,
    "Add": np.add,
}

MOST_VALUES = 2**26
"""Largest constant that is read: far above 1,000 classes of 16 times as many features."""

MOST_STEPS = 12
"""Longest path to a constant that is followed; OpenVINO's have at most four operators."""


def read_last_layer(content: Content, *, where: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The weight (C, F) and the bias (C,), dequantized, of an IR that `check_ir` has accepted.

    Raises ModelFileError, which begins with `where`, if its softmax does not read a linear layer.
    """
    try:
        reader = _Reader(content)
        (softmax,) = (key for key, layer in reader.layers.items() if layer.get("type") == "SoftMax")
        product, bias = reader.split(reader.inputs[softmax][0], "Add")
        factor: NDArray[Any] = np.ones(())
        if reader.layers[product].get("type") == "Multiply":  # 1, OpenVINO's form of Gemm's alpha
            product, factor = reader.split(product, "Multiply")
        _, weight = reader.split(product, "MatMul")
        if weight.ndim != 2 or bias.size != len(weight):
            raise ValueError(f"shapes {weight.shape} and {bias.shape}")
        return (weight * factor.item()).astype(np.float32), bias.reshape(-1).astype(np.float32)
    except (KeyError, ValueError, IndexError) as error:
        raise ModelFileError(f"{where}: its last layer is not written in a form that can be explained") from error


class _Reader:
    """The layers of an IR by id, and the ids of the layers that each reads, in the order of its ports."""

    def __init__(self, content: Content) -> None:
        xml, self.constants = content
        network = parse_ir(xml, "the exported graph")
        self.layers = {layer.get("id", ""): layer for layer in network.iterfind("layers/layer")}
        edges = sorted(network.iterfind("edges/edge"), key=lambda edge: int(edge.get("to-port", "0")))
        self.inputs: dict[str, list[str]] = {}
        for edge in edges:
            self.inputs.setdefault(edge.get("to-layer", ""), []).append(edge.get("from-layer", ""))

    def split(self, key: str, kind: str) -> tuple[str, NDArray[Any]]:
        """The layer `key` of type `kind` -> the id of the input that depends on the picture, and the constant one."""
        first, second = self.inputs[key]
        constant = self._constant(second)
        if self.layers[key].get("type") != kind or constant is None:
            raise ValueError(f"{key} is not a {kind} with a constant")
        return first, constant

    def _constant(self, key: str, steps: int = MOST_STEPS) -> NDArray[Any] | None:
        """The value of a layer in float64, or None if it depends on the picture; raises ValueError and KeyError."""
        layer = self.layers[key]
        kind = layer.get("type", "")
        if kind == "Const":
            return self._stored(layer)
        if steps == 0 or kind not in ("Convert", "Reshape", *ARITHMETIC):
            return None
        values = [self._constant(one, steps - 1) for one in self.inputs[key][:2]]
        match kind, values:
            case "Convert", [np.ndarray() as value]:
                return value
            case "Reshape", [np.ndarray() as value, np.ndarray() as shape]:
                return value.reshape(shape.astype(int))
            case _, [np.ndarray() as one, np.ndarray() as other]:
                if np.broadcast(one, other).size > max(one.size, other.size):  # two vectors of a million each
                    raise ValueError(f"{key} is larger than what it reads")
                return ARITHMETIC[kind](one, other)
        return None

    def _stored(self, layer: ElementTree.Element) -> NDArray[Any]:
        """The value of a constant, whose place in the file `check_ir` has checked."""
        data = layer.find("data")
        fields = {} if data is None else data.attrib
        dtype, shape = np.dtype(DTYPES[fields["element_type"]]), fields.get("shape", "").split(",")
        count = int(fields["size"]) // dtype.itemsize
        if count > MOST_VALUES:
            raise ValueError(f"{count:,} values")
        stored = np.frombuffer(self.constants, dtype, count, int(fields["offset"]))
        return stored.reshape([int(length) for length in shape if length.strip()]).astype(np.float64)
