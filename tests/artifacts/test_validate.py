"""A file with right checksums and a graph that its architecture does not give is refused before any engine sees it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from googlenet.architecture import VARIANTS
from googlenet.artifacts import Description, ExportedModel, encode_onnx, read_exported
from googlenet.artifacts.exported import check_exported
from googlenet.artifacts.onnx_graph import decode_onnx
from googlenet.artifacts.validate import check_graph
from googlenet.errors import ModelFileError
from googlenet.export import to_int8
from googlenet.graph import build_graph, decompose_lrn
from googlenet.model import Model
from tests.artifacts.exported_models import exported, resealed, small_model
from tests.graph.test_building import make_images, make_model

PATH = Path("net.onnx")


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("writing", ["as it is", "decomposed", "int8", "int8, all outputs"])
def test_every_graph_that_is_exported_is_the_one_of_its_architecture(variant: str, writing: str) -> None:
    model = make_model(variant, width=0.1)
    graph = build_graph(model)
    if writing == "decomposed":
        graph = decompose_lrn(graph)
    elif writing != "as it is":
        graph = to_int8(graph, make_images(model.preprocessing.input_size), quantize_all_outputs=writing != "int8")
    graph = decode_onnx(encode_onnx(graph))
    check = partial(check_graph, graph, [model.spec], model.preprocessing, where="net.onnx")
    check(quantized=writing.startswith("int8"))
    if writing.startswith("int8"):
        with pytest.raises(
            ModelFileError,
            match=r"net\.onnx is damaged: its graph is quantized, but its description does not state int8",
        ):
            check(quantized=False)


def test_an_ensemble_is_the_one_of_its_architectures_in_their_order() -> None:
    models = [make_model("small-32", seed=1), make_model("small-32", seed=2, width=0.25)]
    graph, specs = decode_onnx(encode_onnx(build_graph(*models))), [model.spec for model in models]
    check_graph(graph, specs, models[0].preprocessing, quantized=False, where="net.onnx")
    for others in (specs[::-1], specs[:1], [*specs, specs[0]]):
        with pytest.raises(ModelFileError, match="does not contain the network in its description"):
            check_graph(graph, others, models[0].preprocessing, quantized=False, where="net.onnx")


@pytest.fixture(scope="module")
def model() -> Model:
    """A network with response norms."""
    return small_model(variant="paper", width=0.01, input_size=64)


@pytest.fixture(scope="module")
def whole(model: Model) -> ExportedModel:
    return exported("onnx", [model])


@pytest.fixture(scope="module")
def quantized(model: Model, whole: ExportedModel) -> ExportedModel:
    graph = to_int8(build_graph(model), make_images(64), quantize_all_outputs=True)
    content = resealed(encode_onnx(graph), msgspec.structs.replace(whole.description, precision="int8"))
    return check_exported((content,), "onnx", PATH)


def first(file: onnx.ModelProto, operator: str) -> Any:
    return next(node for node in file.graph.node if node.op_type == operator)


def attribute(file: onnx.ModelProto, operator: str, name: str) -> Any:
    return next(one for one in first(file, operator).attribute if one.name == name)


def integers(operator: str, name: str, values: Collection[int]) -> Callable[[onnx.ModelProto], object]:
    return lambda file: attribute(file, operator, name).ints.__setitem__(slice(None), values)


def number(operator: str, name: str, value: float) -> Callable[[onnx.ModelProto], object]:
    field = "f" if isinstance(value, float) else "i"
    return lambda file: setattr(attribute(file, operator, name), field, value)


def values(name: str, change: Callable[[Any], Any]) -> Callable[[onnx.ModelProto], object]:
    def changed(file: onnx.ModelProto) -> None:
        tensor = next(one for one in file.graph.initializer if one.name == name)
        new = np.asarray(change(numpy_helper.to_array(tensor).copy()), order="C")
        tensor.CopyFrom(numpy_helper.from_array(new, name))

    return changed


def with_value(value: float) -> Callable[[Any], Any]:
    def changed(array: Any) -> Any:
        array.reshape(-1)[0] = value
        return array

    return changed


def reads(operator: str, position: int, name: str) -> Callable[[onnx.ModelProto], object]:
    return lambda file: first(file, operator).input.__setitem__(position, name)


def swapped(file: onnx.ModelProto) -> None:
    """The branches of the first module in another order: the same shapes, if they had the same channels."""
    node = first(file, "Concat")
    node.input[0], node.input[1] = node.input[1], node.input[0]


def shared(file: onnx.ModelProto) -> None:
    """Two convolutions with the bias of the one; the other's is gone."""
    readers = [node for node in file.graph.node if "3a.3x3_reduce.bias" in node.input]
    readers[0].input[2] = "3a.1x1.bias"
    file.graph.initializer.remove(next(one for one in file.graph.initializer if one.name == "3a.3x3_reduce.bias"))


FLOATS: dict[str, tuple[Callable[[onnx.ModelProto], object], str]] = {
    "a kernel size that is not the kernel's": (integers("Conv", "kernel_shape", [2001, 2001]), "attributes"),
    "pads of 1,000": (integers("Conv", "pads", [1000] * 4), "has the attributes"),
    "unequal pads": (integers("Conv", "pads", [3, 3, 3, 2]), "has the attributes"),
    "unequal strides": (integers("Conv", "strides", [2, 1]), "has the attributes"),
    "a stride of 0": (integers("MaxPool", "strides", [0, 0]), "has the attributes"),
    "rounding down": (number("MaxPool", "ceil_mode", 0), "has the attributes"),
    "planes in another order": (integers("Transpose", "perm", [0, 3, 2, 1]), "perm"),
    "a cast to halves": (number("Cast", "to", 10), "has the attributes to 10, not to 1"),
    "grids joined by rows": (number("Concat", "axis", 2), "axis 2, not axis 1"),
    "a matrix that is not turned": (number("Gemm", "transB", 0), "transB 0, not transB 1"),
    "a softmax over pictures": (number("Softmax", "axis", 0), "axis 0, not axis 1"),
    "flattening that keeps nothing": (number("Flatten", "axis", 0), "axis 0, not axis 1"),
    "branches in another order": (swapped, "instead of"),
    "a kernel of one channel": (values("3a.3x3.weight", lambda kernel: kernel[:, :1]), "has the shape"),
    "a bias of one value": (values("conv1.bias", lambda bias: bias[:1]), "has the shape"),
    "5,000 outputs": (values("linear.weight", lambda matrix: np.resize(matrix, (5000, matrix.shape[1]))), "the shape"),
    "weights that are no numbers": (values("conv1.weight", with_value(np.nan)), "contains NaN or infinite values"),
    "weights without end": (values("linear.bias", with_value(-np.inf)), "contains NaN or infinite values"),
    "weights of another type": (values("conv1.bias", lambda bias: bias.astype(np.int32)), "has the type int32"),
    "another mean": (values("mean", with_value(0.0)), "other values than in that network"),
    "another LRN": (values("pool1.layer_1.band", with_value(1.0)), "other values than in that network"),
    "a value twice": (reads("Concat", 1, "3a.1x1"), "reads '3a.1x1' instead of"),
    "shared weights": (shared, "reads '3a.1x1.bias', which another node also reads"),
    "nodes behind the last": (
        lambda file: file.graph.node.append(onnx.helper.make_node("Relu", ["3a"], ["more"], "more")),
        "it has additional nodes",
    ),
    "no last nodes": (lambda file: file.graph.node[-1].CopyFrom(file.graph.node[-2]), "is defined twice"),
    "an unread constant": (
        lambda file: file.graph.initializer.append(numpy_helper.from_array(np.ones(1, np.float32), "more")),
        "its constant 'more' is not used",
    ),
    "a field that we do not know": (
        lambda file: setattr(first(file, "Conv"), "domain", "com.foreign"),
        "its graph has additional fields",
    ),
    "two kinds of values": (
        lambda file: file.graph.initializer[0].float_data.append(1.0),
        "its graph has additional fields",
    ),
    "outputs of another shape": (
        lambda file: setattr(file.graph.output[0].type.tensor_type.shape.dim[1], "dim_value", 10),
        "its outputs differ",
    ),
}


def changed(model: ExportedModel, change: Callable[[onnx.ModelProto], object]) -> bytes:
    file = onnx.load_from_string(model.content[0])
    change(file)
    return resealed(file.SerializeToString(), model.description)


@pytest.mark.parametrize("kind", FLOATS)
def test_a_graph_of_another_structure_is_refused_although_its_checksums_are_right(
    kind: str, model: Model, whole: ExportedModel
) -> None:
    change, sentence = FLOATS[kind]
    graph = decompose_lrn(build_graph(model))
    decomposed = check_exported((resealed(encode_onnx(graph), whole.description),), "onnx", PATH)
    with pytest.raises(ModelFileError, match=sentence) as caught:
        check_exported((changed(decomposed, change),), "onnx", PATH)
    assert str(caught.value).startswith("net.onnx")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("key", "value"), [("size", 2**31 - 1), ("size", 0), ("alpha", 1e30), ("beta", 0.5), ("bias", 0.0)]
)
def test_an_lrn_of_another_size_is_refused(key: str, value: float, whole: ExportedModel) -> None:
    with pytest.raises(ModelFileError, match=rf"LRN 'pool1.layer_1' has the attributes .*{key}"):
        check_exported((changed(whole, number("LRN", key, value)),), "onnx", PATH)


def other_axis(file: onnx.ModelProto) -> None:
    """The scales of weights belong to their second axis."""
    node = next(node for node in file.graph.node if node.op_type == "DequantizeLinear" and node.attribute)
    node.attribute[0].i = 1


QUANTIZED: dict[str, tuple[Callable[[onnx.ModelProto], object], str]] = {
    "a scale of 0": (values("conv1.scale", lambda scale: scale * 0), "no valid scale"),
    "a scale below 0": (values("conv1.scale", lambda scale: -scale), "no valid scale"),
    "a denormal scale": (values("conv1.scale", lambda scale: np.float32(1e-42)), "no valid scale"),
    "an endless scale": (values("conv1.scale", lambda scale: np.float32(np.inf)), "no valid scale"),
    "a grid that begins elsewhere": (values("conv1.zero_point", lambda zero: np.uint8(7)), "zero point other than 0"),
    "another grid for the picture": (
        values("images_less_mean.zero_point", lambda zero: np.uint8(7)),
        "does not have the range of pictures",
    ),
    "grids that a module joins": (values("3a.1x1.scale", lambda scale: scale * 2), "has values of different scales"),
    "a filter's scale of 0": (values("conv1.weight.scales", with_value(0.0)), "has invalid scales"),
    "a bias on another scale": (values("conv1.bias.scales", with_value(1.0)), "does not have the scale of the sums"),
    "one scale for all filters": (
        values("conv1.weight.scales", lambda scales: scales[:1]),
        "does not have one scale per filter",
    ),
    "a weight of -128": (values("conv1.weight.quantized", with_value(-128)), "values below -127"),
    "the kernel of LRN": (values("pool1.layer_1.band.quantized", lambda band: band // 2), "other values than in that"),
    "a kernel of one channel": (values("3a.3x3.weight.quantized", lambda kernel: kernel[:, :1]), "has the shape"),
    "a scale for all axes": (other_axis, "does not dequantize weights"),
    "quantized values that nothing reads": (
        reads("Conv", 0, "images_less_mean"),
        "reads 'images_less_mean' instead of",
    ),
}


@pytest.mark.parametrize("kind", QUANTIZED)
def test_invalid_quantization_is_refused(kind: str, quantized: ExportedModel) -> None:
    change, sentence = QUANTIZED[kind]
    with pytest.raises(ModelFileError, match=sentence):
        check_exported((changed(quantized, change),), "onnx", PATH)


def test_names_of_values_may_be_any(whole: ExportedModel) -> None:
    file = onnx.load_from_string(whole.content[0])
    for node in file.graph.node:
        for field in (node.input, node.output):
            field[:] = [f"v{abs(hash(name))}" if "." in name else name for name in field]
        node.name = node.output[0]
    for tensor in file.graph.initializer:
        tensor.name = f"v{abs(hash(tensor.name))}" if "." in tensor.name else tensor.name
    content = resealed(file.SerializeToString(), whole.description)
    assert check_exported((content,), "onnx", PATH).specs == whole.specs


def test_a_runtime_sees_no_metadata_but_ours(whole: ExportedModel, tmp_path: Path) -> None:
    """ONNX Runtime takes settings of a session from a file's metadata."""
    file = onnx.load_from_string(whole.content[0])
    file.metadata_props.add(key="ort_config", value='{"session_options": {"intra_op_num_threads": 100000}}')
    (tmp_path / "net.onnx").write_bytes(file.SerializeToString())
    read = read_exported(tmp_path / "net.onnx", "onnx")
    assert [entry.key for entry in onnx.load_from_string(read.content[0]).metadata_props] == [
        "googlenet",
        "googlenet_sha256",
    ]


def described(description: Description, **changes: Any) -> Description:
    return msgspec.structs.replace(description, **changes)


def test_a_description_of_another_network_is_refused_before_anything_as_large_is_made(whole: ExportedModel) -> None:
    network = whole.description.networks[0]
    for changes in ({"variant": "inception5h"}, {"width": 0.3}, {"width": 16.0}):
        other = replace(network, architecture=replace(network.architecture, **changes))
        content = resealed(whole.content[0], described(whole.description, networks=(other,)))
        sentence = (
            "cannot hold the weights" if "width" in changes else "does not contain the network in its description"
        )
        with pytest.raises(ModelFileError, match=sentence):
            check_exported((content,), "onnx", PATH)


@pytest.mark.parametrize(("key", "value"), [("scale", 1e308), ("scale", 5e-324), ("mean", -1e300)])
def test_pixels_that_float32_cannot_compute_with_are_refused(key: str, value: float, whole: ExportedModel) -> None:
    changes: dict[str, Any] = {key: (value,) * 3}
    preprocessing = replace(whole.preprocessing, **changes)
    content = resealed(whole.content[0], described(whole.description, preprocessing=preprocessing))
    with pytest.raises(
        ModelFileError, match=r"the (scale|mean) .*(is outside 1e-06 to 1e\+06|but pixels are 0 to 255)"
    ):
        check_exported((content,), "onnx", PATH)
