"""The ONNX zoo's GoogLeNet is known by its shapes and the order of its graph, whatever its tensors are called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest

from googlenet.errors import ModelFileError
from googlenet.importers import Provenance, import_file
from googlenet.importers.caffe import BVLC_PREPROCESSING
from googlenet.importers.onnx_constants import find_constants
from googlenet.importers.onnx_zoo import read_onnx
from googlenet.protobuf import message_class

if TYPE_CHECKING:
    from tests.importers.conftest import Weights

Write = Callable[..., bytes]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"linear": "Gemm"},
        {"linear": "MatMul"},
        {"branches_backwards": True},
        {"added_biases": True, "constants": "Constant"},
        {"constants": "Constant"},
        {"constants": "Identity"},
        {"constants": "Transpose"},
        {"data_type": 10, "constants": "Cast"},
    ],
)
def test_every_way_of_writing_it_gives_the_same_weights(
    options: dict[str, Any], weights: Weights, write_onnx: Write
) -> None:
    """3b and 4c have a 1x1 and a 3x3 reduction of the same shape: what reads them tells them apart."""
    found = read_onnx(write_onnx(weights, **options), where="net.onnx")
    assert found.weights.keys() == weights.keys()
    for name, array in weights.items():
        stored = array.astype(np.float16) if options.get("data_type") == 10 else array
        np.testing.assert_array_equal(found.weights[name], stored, err_msg=name)
    assert found.preprocessing == BVLC_PREPROCESSING
    assert len(found.layers) == 58


FLOAT, FLOAT16, DOUBLE, BFLOAT16 = 1, 10, 11, 16


@pytest.mark.parametrize(
    ("data_type", "field"),
    [
        (FLOAT, {"float_data": [1.0, -2.0]}),
        (FLOAT, {"raw_data": bytes.fromhex("0000803f 000000c0")}),
        (FLOAT16, {"int32_data": [0x3C00, 0xC000]}),
        (FLOAT16, {"raw_data": bytes.fromhex("003c 00c0")}),
        (BFLOAT16, {"int32_data": [0x3F80, 0xC000]}),
        (BFLOAT16, {"raw_data": bytes.fromhex("803f 00c0")}),
        (DOUBLE, {"double_data": [1.0, -2.0]}),
        (DOUBLE, {"raw_data": bytes.fromhex("000000000000f03f 00000000000000c0")}),
    ],
)
def test_floats_are_read_from_whichever_field_holds_them(data_type: int, field: dict[str, Any]) -> None:
    tensor = message_class("onnx.TensorProto")(name=b"w", dims=[2, 1], data_type=data_type, **field)
    found = find_constants([tensor.SerializeToString()], [], "net")[b"w"].array
    np.testing.assert_array_equal(found, np.array([[1], [-2]], np.float32), strict=True)


def test_the_factors_of_a_gemm_are_in_its_weights(weights: Weights, write_onnx: Write) -> None:
    def scale(operator: str, node: Any) -> None:
        if operator == "Gemm":
            for name, value in ((b"alpha", 2.0), (b"beta", 0.5)):
                node.attribute.append(message_class("onnx.AttributeProto")(name=name, f=value).SerializeToString())

    found = read_onnx(write_onnx(weights, changed=scale), where="net.onnx")
    np.testing.assert_array_equal(found.weights["linear.weight"], 2 * weights["linear.weight"])
    np.testing.assert_array_equal(found.weights["linear.bias"], weights["linear.bias"] / 2)


def test_the_share_of_a_dropout_is_no_weight_that_is_left_over(weights: Weights, write_onnx: Write) -> None:
    def give_share(operator: str, node: Any) -> None:
        if operator == "Dropout":
            node.input.append(b"share")

    graph = onnx.load_from_string(write_onnx(weights, changed=give_share))
    graph.graph.initializer.append(onnx.numpy_helper.from_array(np.array(0.4, np.float32), "share"))
    assert len(read_onnx(graph.SerializeToString(), where="net.onnx").layers) == 58


def rename(old: str, new: str) -> Callable[[str, Any], None]:
    def change(operator: str, node: Any) -> None:
        if operator == old:
            node.op_type = new.encode()

    return change


def without_attributes(operator: str, node: Any) -> None:
    if operator == "Conv":
        del node.attribute[:]


def with_another_bias(operator: str, node: Any) -> None:
    if operator == "LRN":
        node.attribute.append(message_class("onnx.AttributeProto")(name=b"bias", f=2.0).SerializeToString())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"constants": "Identity", "changed": rename("Identity", "DequantizeLinear")},
            "is quantized (DequantizeLinear)",
        ),
        (
            {"constants": "Identity", "changed": rename("Identity", "Neg")},
            "the weights 't1' of a Conv are computed by 'Neg'",
        ),
        ({"changed": without_attributes}, "conv1 has strides (1, 1), in the paper's network (2, 2)"),
        (
            {"changed": rename("LRN", "Other")},
            "bias of its LRN are [], in the paper's network [(5, 0.0001, 0.75, 1.0), (",
        ),
        ({"changed": with_another_bias}, "0.75, 2.0)"),
    ],
)
def test_a_file_that_computes_something_else_is_refused_with_the_true_reason(
    options: dict[str, Any], sentence: str, weights: Weights, write_onnx: Write
) -> None:
    with pytest.raises(ModelFileError) as caught:
        read_onnx(write_onnx(weights, **options), where="net.onnx")
    assert sentence in str(caught.value)


def test_a_file_is_known_by_its_first_bytes(weights: Weights, write_onnx: Write, tmp_path: Path) -> None:
    (tmp_path / "googlenet-9.onnx").write_bytes(write_onnx(weights))
    imported = import_file(tmp_path / "googlenet-9.onnx", Provenance())
    assert imported.format == "onnx-zoo"
    assert imported.model.classes[999].id == "n15075141"


def set_data_location(name: str, tensor: Any) -> None:
    if name == "4a.1x1.weight":
        tensor.ClearField("raw_data")
        tensor.data_location = 1


def name_another_file(name: str, tensor: Any) -> None:
    if name == "4a.1x1.weight":
        tensor.external_data.append(b"location")


@pytest.mark.parametrize("change", [set_data_location, name_another_file])
def test_weights_that_lie_in_another_file_are_refused(
    change: Callable[[str, Any], None], weights: Weights, write_onnx: Write
) -> None:
    with pytest.raises(ModelFileError, match=r"the values of 't\d+' are in another file, which is not supported"):
        read_onnx(write_onnx(weights, changed=change), where="net.onnx")


def cut(name: str, tensor: Any) -> None:
    if name == "4a.1x1.weight":
        tensor.raw_data = tensor.raw_data[:-4]


def enlarge(name: str, tensor: Any) -> None:
    if name == "4a.1x1.weight":
        tensor.dims[:] = [2**40, 2**40]


@pytest.mark.parametrize("change", [cut, enlarge])
def test_bytes_that_do_not_fit_their_shape_are_damage(
    change: Callable[[str, Any], None], weights: Weights, write_onnx: Write
) -> None:
    with pytest.raises(ModelFileError, match=r"net\.onnx is damaged: 't\d+' has [\d,]+ bytes for the shape"):
        read_onnx(write_onnx(weights, changed=change), where="net.onnx")


def make_integers(name: str, tensor: Any) -> None:
    if name == "4a.1x1.weight":
        tensor.data_type = 6


def widen(name: str, tensor: Any) -> None:
    if name == "4a.1x1.weight":
        tensor.dims[:] = [96, 960, 1, 1]


@pytest.mark.parametrize(
    ("change", "clause"),
    [
        (make_integers, r"the weights 't\d+' of a Conv are not stored in it as floats"),
        (widen, r"missing: .*; unexpected: 't\d+', 't\d+'"),
    ],
)
def test_another_network_is_refused_with_both_sides(
    change: Callable[[str, Any], None], clause: str, weights: Weights, write_onnx: Write
) -> None:
    with pytest.raises(ModelFileError, match=clause):
        read_onnx(write_onnx(weights, changed=change), where="net.onnx")


@pytest.mark.parametrize("share", [1e-6, 0.5, 0.999])
def test_a_file_that_was_cut_off_is_damaged(share: float, weights: Weights, write_onnx: Write) -> None:
    data = write_onnx(weights)
    with pytest.raises(ModelFileError, match=r"net\.onnx is damaged"):
        read_onnx(data[: int(share * len(data))], where="net.onnx")
