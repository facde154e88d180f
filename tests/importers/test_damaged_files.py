"""Whatever happens to a file on its way, reading it ends in a model or in one line that names it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from googlenet.errors import GoogLeNetError
from googlenet.importers import Provenance, import_file
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


def onnx() -> bytes:
    """A convolution and a matrix."""
    graph = message_class("onnx.GraphProto")()
    for operator, name in ((b"Conv", b"w"), (b"Gemm", b"m")):
        node = message_class("onnx.NodeProto")(op_type=operator, input=[b"x", name], output=[b"y"])
        tensor = message_class("onnx.TensorProto")(name=name, dims=[2, 3], data_type=1, raw_data=bytes(24))
        graph.node.append(node.SerializeToString())
        graph.initializer.append(tensor.SerializeToString())
    model = message_class("onnx.ModelProto")(ir_version=3, graph=graph.SerializeToString())
    return bytes(model.SerializeToString())


@pytest.fixture(scope="module")
def whole(write_caffemodel: Callable[..., bytes]) -> dict[str, bytes]:
    return {
        "caffemodel, old": write_caffemodel(SMALL, encoding="V1"),
        "caffemodel": write_caffemodel(SMALL),
        "caffemodel, unpacked": write_caffemodel(SMALL, numbers="unpacked"),
        "onnx": onnx(),
        "pth": pickled(old=False),
        "pth, old": pickled(old=True),
        "safetensors": safetensors.numpy.save(STATE),
    }


KINDS = ("caffemodel, old", "caffemodel", "caffemodel, unpacked", "onnx", "pth", "pth, old", "safetensors")


def end_of_reading(path: Path) -> str:
    try:
        import_file(path, Provenance())
    except GoogLeNetError as error:
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
