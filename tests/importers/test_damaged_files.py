"""Whatever happens to a file on its way, reading it ends in a model or in one line that names it."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from googlenet.errors import InputError, ModelFileError
from googlenet.importers import Provenance, import_file, torchvision
from googlenet.importers.onnx_zoo import read_onnx
from googlenet.importers.state_dict import LazyTensor
from googlenet.importers.wrappers import unwrap
from googlenet.protobuf import message_class
from tests.importers.conftest import damaged

SMALL = {
    "conv1.weight": np.arange(6, dtype=np.float32).reshape(2, 3, 1, 1),
    "conv1.bias": np.ones(2, np.float32),
    "linear.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
}
STATE = {"inception3a.branch1.conv.weight": SMALL["conv1.weight"], "fc.weight": SMALL["linear.weight"]}


def pickled(*, old: bool) -> bytes:
    file = io.BytesIO()
    state = {name: torch.from_numpy(array) for name, array in STATE.items()}
    torch.save(state, file, _use_new_zipfile_serialization=not old)
    return file.getvalue()


def checkpoint() -> bytes:
    file = io.BytesIO()
    state = {f"module.{name}": torch.from_numpy(array) for name, array in STATE.items()}
    torch.save({"epoch": 3, "model": {"state_dict": state}}, file)
    return file.getvalue()


def onnx(tensors: Sequence[dict[str, Any]], nodes: Sequence[tuple[dict[str, Any], Sequence[dict[str, Any]]]]) -> bytes:
    """A graph of tensors and of nodes with their attributes, each the fields of its message."""
    graph = message_class("onnx.GraphProto")()
    for fields in tensors:
        graph.initializer.append(message_class("onnx.TensorProto")(**fields).SerializeToString())
    for fields, attributes in nodes:
        encoded = [message_class("onnx.AttributeProto")(**attribute).SerializeToString() for attribute in attributes]
        graph.node.append(message_class("onnx.NodeProto")(**fields, attribute=encoded).SerializeToString())
    return bytes(message_class("onnx.ModelProto")(ir_version=3, graph=graph.SerializeToString()).SerializeToString())


MATRIX = {"dims": [2, 3], "data_type": 1, "raw_data": bytes(24)}
CONSTANT = message_class("onnx.TensorProto")(dims=[2, 3], data_type=10, int32_data=range(6)).SerializeToString()
SMALL_ONNX = onnx(
    [{"name": b"w", **MATRIX}, {"name": b"m", **MATRIX}],
    [
        ({"op_type": b"Constant", "output": [b"c"]}, [{"name": b"value", "t": CONSTANT}]),
        ({"op_type": b"Transpose", "input": [b"c"], "output": [b"d"]}, [{"name": b"perm", "ints": [1, 0]}]),
        ({"op_type": b"Conv", "input": [b"x", b"w"], "output": [b"y"]}, [{"name": b"strides", "ints": [2, 2]}]),
        ({"op_type": b"Gemm", "input": [b"y", b"d", b"m"], "output": [b"z"]}, [{"name": b"alpha", "f": 2.0}]),
    ],
)


@pytest.fixture(scope="module")
def whole(write_caffemodel: Callable[..., bytes]) -> dict[str, bytes]:
    return {
        "caffemodel, old": write_caffemodel(SMALL, encoding="V1"),
        "caffemodel": write_caffemodel(SMALL),
        "caffemodel, unpacked": write_caffemodel(SMALL, numbers="unpacked"),
        "caffemodel, raw": write_caffemodel(SMALL, numbers="raw float16"),
        "onnx": SMALL_ONNX,
        "pth": pickled(old=False),
        "pth, old": pickled(old=True),
        "checkpoint": checkpoint(),
        "safetensors": safetensors.numpy.save(STATE),
    }


KINDS = (
    "caffemodel, old",
    "caffemodel",
    "caffemodel, unpacked",
    "caffemodel, raw",
    "onnx",
    "pth",
    "pth, old",
    "checkpoint",
    "safetensors",
)


def end_of_reading(path: Path) -> str:
    try:
        import_file(path, Provenance())
    except (InputError, ModelFileError) as error:
        return str(error)
    return ""


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_one_line_with_its_name(
    data: st.DataObject, kind: str, whole: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(damaged(data, whole[kind]))
    sentence = end_of_reading(path)
    assert str(path) in sentence
    assert sentence.isprintable()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    beginning=st.sampled_from([b"\x0a", b"\x12", b"\xa2\x06", b"\x08\x03", b"\x80\x02", b"PK\x03\x04"]),
    rest=st.binary(),
)
def test_bytes_by_chance_are_one_line_with_their_name(beginning: bytes, rest: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(beginning + rest)
    sentence = end_of_reading(path)
    assert str(path) in sentence
    assert sentence.isprintable()


NAMES = st.sampled_from([b"", b"a", b"b", b"c", b"d", b"\xff\x1b"])
FLOATS = st.floats(width=32)
TENSORS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "dims": st.lists(st.sampled_from([0, 1, 2, 3, 2**40, -1]), max_size=9),
        "data_type": st.integers(0, 17),
    },
    optional={
        "raw_data": st.binary(max_size=24),
        "float_data": st.lists(FLOATS, max_size=6),
        "int32_data": st.lists(st.integers(-(2**31), 2**31 - 1), max_size=6),
        "double_data": st.lists(st.floats(), max_size=6),
    },
)
WHOLE_TENSORS = st.builds(
    lambda name, dims: {"name": name, "dims": dims, "data_type": 1, "raw_data": bytes(4 * math.prod(dims))},
    NAMES,
    st.sampled_from([[2, 3], [1024], [10, 1024], [64, 3, 7, 7], [64], [64, 64, 1, 1], []]),
)
ATTRIBUTES = st.fixed_dictionaries(
    {
        "name": st.sampled_from(
            [b"alpha", b"auto_pad", b"group", b"pads", b"perm", b"size", b"strides", b"to", b"transB", b"value"]
        )
    },
    optional={
        "f": FLOATS,
        "i": st.integers(-3, 17),
        "ints": st.lists(st.integers(-1, 3), max_size=4),
        "s": st.binary(max_size=4),
        "t": TENSORS.map(lambda fields: message_class("onnx.TensorProto")(**fields).SerializeToString()),
    },
)
OPERATORS = (
    b"Conv",
    b"Gemm",
    b"MatMul",
    b"Add",
    b"Relu",
    b"Constant",
    b"Identity",
    b"Cast",
    b"Transpose",
    b"LRN",
    b"Dropout",
)
NODES = st.tuples(
    st.fixed_dictionaries(
        {
            "op_type": st.sampled_from(OPERATORS),
            "input": st.lists(NAMES, max_size=4),
            "output": st.lists(NAMES, max_size=2),
        }
    ),
    st.lists(ATTRIBUTES, max_size=3),
)


@settings(max_examples=50)
@given(tensors=st.lists(TENSORS | WHOLE_TENSORS, max_size=4), nodes=st.lists(NODES, max_size=6))
def test_a_graph_of_anything_is_refused_in_one_line(
    tensors: list[dict[str, Any]], nodes: list[tuple[dict[str, Any], list[dict[str, Any]]]]
) -> None:
    with pytest.raises(ModelFileError) as caught:
        read_onnx(onnx(tensors, nodes), where="net.onnx")
    assert str(caught.value).startswith("net.onnx")
    assert str(caught.value).isprintable()


PARTS = st.sampled_from(
    ["module", "_orig_mod", "fc", "1", "weight", "bias", "aux1", "fc2", "conv", "inception3a", "\x1b"]
)
STATE_NAMES = st.lists(PARTS, max_size=5).map(".".join) | st.sampled_from(sorted(torchvision.TENSORS)) | st.text()
SHAPES = st.sampled_from([(), (2,), (1024,), (2, 1024), (2, 3), (1024, 2048), (0, 1024)])


@settings(max_examples=50)
@given(content=st.dictionaries(STATE_NAMES, SHAPES, max_size=8))
def test_a_state_dict_of_anything_is_unknown_or_refused_in_one_line(content: dict[str, tuple[int, ...]]) -> None:
    state = {name: LazyTensor(shape, partial(np.full, shape, np.float32(0))) for name, shape in content.items()}
    found = unwrap({"state_dict": state}, {"torchvision": torchvision.TENSORS})
    if found is not None:
        assert all(sentence.isprintable() for sentence in found.notes)
        with pytest.raises(ModelFileError) as caught:
            torchvision.read_torchvision(found.state, where="net.pth")
        assert str(caught.value).startswith("net.pth")
        assert str(caught.value).isprintable()
