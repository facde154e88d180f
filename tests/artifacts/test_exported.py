"""Exported files as models: what travels in them, and that a damaged, lying or foreign one is a sentence."""

from __future__ import annotations

import importlib.util
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from googlenet.artifacts import (
    EXPORT_FORMATS,
    Description,
    ExportedModel,
    Target,
    describe_model,
    open_model,
    open_models,
    openvino,
)
from googlenet.artifacts import write_exported as write
from googlenet.artifacts.content import Content
from googlenet.artifacts.exported import check_exported
from googlenet.artifacts.onnx import with_metadata
from googlenet.engines import ENGINES, open_engine
from googlenet.errors import GoogLeNetError, InputError, ModelFileError
from googlenet.model import Model, compare_answer, save_model, with_checksum
from tests.artifacts.exported_models import exported, small_model
from tests.importers.conftest import damaged

TARGETS: tuple[Target, ...] = ("onnx", "openvino", "pt2")
NAMES: dict[Target, str] = {"onnx": "net.onnx", "openvino": "net", "pt2": "net.pt2"}


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture(scope="module")
def whole(model: Model) -> dict[Target, ExportedModel]:
    """The model for each target that is installed."""
    return {target: exported(target, [model]) for target in TARGETS}


@pytest.fixture
def written(whole: dict[Target, ExportedModel], tmp_path: Path) -> Callable[[Target], Path]:
    def at(target: Target) -> Path:
        path = tmp_path / NAMES[target]
        write(whole[target], path)
        return path

    return at


@pytest.mark.parametrize("target", TARGETS)
def test_a_file_of_an_earlier_version_is_said_to_be_old_not_foreign_or_damaged(
    whole: dict[Target, ExportedModel], target: Target
) -> None:
    fields = msgspec.to_builtins(whole[target].description) | {"schema_version": 1}
    agreement = {"pictures": 9, "judged_on": "photos", "same_top1": 1.0}  # a name of schema 1
    text = json.dumps(fields | {"agreement": agreement})
    content = whole[target].content
    if target != "pt2":
        content = tuple(one.replace(b"feature_maps", b"maps" + b"_" * 8) for one in content)
    else:
        content = _without_extras(content)
    content = EXPORT_FORMATS[target].with_metadata(content, with_checksum(text))
    with pytest.raises(ModelFileError, match=r"^old was exported by an earlier googlenet, .*: export it again from"):
        check_exported(content, target, Path("old"))


@pytest.mark.parametrize("target", TARGETS)
def test_all_that_a_user_of_a_model_asks_for_travels_in_the_file(
    model: Model, written: Callable[[Target], Path], target: Target
) -> None:
    read = open_model(written(target))
    assert isinstance(read, ExportedModel)
    assert (read.target, read.precision) == (target, "float32")
    assert read.classes == model.classes
    assert read.preprocessing == model.preprocessing
    assert read.specs == (model.spec,)
    assert read.origins == (model.about,)
    assert read.known_answer is not None
    assert model.known_answer is not None
    np.testing.assert_array_equal(read.known_answer.images, model.known_answer.images)
    np.testing.assert_allclose(read.known_answer.probabilities, model.known_answer.probabilities, rtol=1e-6)


ABLE = [(target, engine) for engine, entry in ENGINES.items() for target in entry.runs]


@pytest.mark.parametrize(("target", "engine"), ABLE)
def test_every_engine_that_runs_a_file_gives_its_known_answer(
    written: Callable[[Target], Path], target: Target, engine: str
) -> None:
    if importlib.util.find_spec(ENGINES[engine].package) is None:
        pytest.skip(f"{engine} is not installed")
    read = open_model(written(target))
    assert read.known_answer is not None
    outputs = open_engine(read, name=engine, device="cpu", threads=1).run(
        read.known_answer.images, also=("features", "feature_maps")
    )
    assert compare_answer(read.known_answer.probabilities, outputs.probabilities).agrees
    assert read.known_answer.probabilities.std() > 0.01
    assert outputs.features is not None
    assert outputs.features.shape == (3, 128)
    assert outputs.feature_maps is not None
    assert outputs.feature_maps.shape[:2] == (3, 128)


@pytest.mark.parametrize("target", TARGETS)
def test_several_models_in_a_file_answer_with_their_mean(target: Target, tmp_path: Path) -> None:
    models = [small_model(1), small_model(2, width=0.25)]
    write(exported(target, models), tmp_path / NAMES[target])
    read = open_model(tmp_path / NAMES[target])
    assert isinstance(read, ExportedModel)
    assert read.specs == tuple(model.spec for model in models)
    assert read.known_answer is not None
    outputs = open_engine(read, device="cpu", threads=1).run(
        read.known_answer.images, also=("features", "feature_maps")
    )
    assert compare_answer(read.known_answer.probabilities, outputs.probabilities).agrees
    assert outputs.features is not None
    assert outputs.features.shape == (3, 128 + 256)


@pytest.mark.parametrize(
    ("target", "engine", "able"),
    [("onnx", "torch", "native or onnx or openvino"), ("openvino", "onnx", "openvino"), ("pt2", "onnx", "torch")],
)
def test_an_engine_that_cannot_run_the_file_is_refused_by_name(
    written: Callable[[Target], Path], target: Target, engine: str, able: str
) -> None:
    read = open_model(written(target))
    with pytest.raises(InputError, match=rf"which the engine {engine} cannot run; use --engine {able}$"):
        open_engine(read, name=engine)


def test_an_exported_file_answers_together_with_a_model_file(
    model: Model, written: Callable[[Target], Path], tmp_path: Path
) -> None:
    save_model(model, tmp_path / "model.safetensors")
    opened = open_models([tmp_path / "model.safetensors", written("onnx")])
    assert [type(one) for one in opened] == [Model, ExportedModel]


def test_an_onnx_file_that_keeps_its_graph_and_loses_its_description_is_a_strangers(
    whole: dict[Target, ExportedModel], tmp_path: Path
) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(with_metadata(whole["onnx"].content, {})[0])
    with pytest.raises(
        ModelFileError, match=r"not exported by googlenet: its classes .*`googlenet import .*net\.onnx`"
    ):
        open_model(path)


def test_metadata_that_were_changed_are_noticed(whole: dict[Target, ExportedModel], tmp_path: Path) -> None:
    text = json.loads(dict(_metadata(whole["onnx"]))["googlenet"])
    text["classes"][0]["name"] = "shark"
    path = tmp_path / "net.onnx"
    lie = json.dumps(text)
    path.write_bytes(with_metadata(whole["onnx"].content, with_checksum("{}") | {"googlenet": lie})[0])
    with pytest.raises(ModelFileError, match="its description was changed"):
        open_model(path)


@pytest.mark.parametrize("target", TARGETS)
def test_metadata_of_another_file_are_noticed(
    whole: dict[Target, ExportedModel], target: Target, tmp_path: Path
) -> None:
    """The description of one graph, checksummed and whole, beside another graph."""
    other = exported(target, [small_model(5)])
    entry = EXPORT_FORMATS[target]
    mine = entry.check(whole[target].content, "mine").metadata
    mixed = entry.with_metadata(_without_extras(other.content) if target == "pt2" else other.content, mine)
    write(replace(whole[target], content=mixed), tmp_path / NAMES[target])
    with pytest.raises(ModelFileError, match="its graph was changed"):
        open_model(tmp_path / NAMES[target])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"known_answer": [[0.5, 0.5]]}, "the known answer does not fit the model"),
        ({"tolerance": 7.0}, "in its description, 'tolerance'"),
        ({"precision": "int4"}, "in its description, 'precision'"),
        ({"classes": [{"id": "a", "name": "a"}]}, "there are 1 class names, but the network has 3 classes"),
        ({"temperature": 0}, "the temperature is 0; it must lie between 0.05 and 20"),
        ({"kind": "model"}, "is a googlenet model, not an exported model"),
        ({"schema_version": 99}, "was written by a newer googlenet"),
        ({"target": "openvino"}, "its description states an OpenVINO IR"),
    ],
)
def test_a_sealed_description_that_says_what_cannot_be_is_refused(
    whole: dict[Target, ExportedModel], change: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    text = json.loads(dict(_metadata(whole["onnx"]))["googlenet"]) | change
    path = tmp_path / "net.onnx"
    path.write_bytes(with_metadata(whole["onnx"].content, with_checksum(json.dumps(text)))[0])
    with pytest.raises(ModelFileError, match=sentence):
        open_model(path)


def _without_extras(content: Content) -> Content:
    """A .pt2 archive as torch wrote it."""
    bare = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content[0])) as source, zipfile.ZipFile(bare, "w") as archive:
        for info in source.infolist():
            if "extra/" not in info.filename:
                archive.writestr(info.filename, source.read(info))
    return (bare.getvalue(),)


def _metadata(model: ExportedModel) -> list[tuple[str, str]]:
    return [(entry.key, entry.value) for entry in onnx.load_from_string(model.content[0]).metadata_props]


def _damaged(content: bytes, change: Callable[[onnx.ModelProto], object]) -> bytes:
    file = onnx.load_from_string(content)
    change(file)
    return bytes(file.SerializeToString())


def _external(file: onnx.ModelProto) -> None:
    tensor = file.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def _subgraph(file: onnx.ModelProto) -> None:
    file.graph.node[0].attribute.add(name="body", type=onnx.AttributeProto.GRAPH)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_external, "are in another file"),
        (lambda file: file.graph.initializer[0].dims.append(7), "bytes for the shape"),
        (lambda file: setattr(file.graph.initializer[1], "raw_data", b"1"), "has 1 bytes for the shape"),
        (lambda file: setattr(file.graph.initializer[1], "data_type", 99), "the unknown type 99"),
        (lambda file: setattr(file.opset_import[0], "version", 99), "needs version 99 of the operators of ONNX"),
        (lambda file: setattr(file.opset_import[0], "domain", "com.foreign"), "operators of com.foreign"),
        (
            lambda file: setattr(file.graph.output[1], "name", "logits"),
            "its output 'logits' is not defined",
        ),
        (lambda file: file.graph.output.pop(), "outputs probabilities, features, instead of"),
        (_subgraph, "has the attribute 'body' of an unsupported type"),
        (lambda file: setattr(file.graph.node[0], "op_type", "Foreign"), "it contains the operator 'Foreign'"),
        (lambda file: file.graph.initializer[0].dims.reverse(), "its graph was changed"),
    ],
)
def test_a_graph_that_was_tampered_with_is_refused_before_a_runtime_sees_it(
    whole: dict[Target, ExportedModel], change: Callable[[onnx.ModelProto], object], sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(_damaged(whole["onnx"].content[0], change))
    with pytest.raises(ModelFileError, match=sentence) as caught:
        open_model(path)
    assert str(caught.value).startswith(str(path))


def test_xml_with_entities_is_never_parsed(written: Callable[[Target], Path]) -> None:
    path = written("openvino")
    xml = (path / "model.xml").read_bytes()
    (path / "model.xml").write_bytes(xml.replace(b"<net ", b'<!DOCTYPE a [<!ENTITY a "b">]><net ', 1))
    with pytest.raises(ModelFileError, match="its XML declares entities"):
        open_model(path)


@pytest.mark.parametrize(
    ("written_as", "sentence"),
    [
        (lambda text: text.replace("<net ", "<!DOCTYPE a><net ", 1).encode("utf-16"), "its XML is not in UTF-8"),
        (lambda text: f'<?xml version="1.0" encoding="cp037"?>{text}'.encode("cp037"), "cannot be read"),
        (lambda text: f'<?xml version="1.0" encoding="latin-1"?>{text}'.encode(), "its XML is not in UTF-8"),
        (lambda text: "<a>" * 50_000 + "</a>" * 50_000, "nested more than 16 levels deep"),
        (lambda text: "<a>" * 50_000, "nested more than 16 levels deep"),
    ],
)
def test_xml_in_other_encodings_and_of_any_depth_is_refused(
    written: Callable[[Target], Path], written_as: Callable[[str], Any], sentence: str
) -> None:
    path = written("openvino")
    text = (path / "model.xml").read_text(encoding="utf-8").partition("?>")[2]
    changed = written_as(text)
    (path / "model.xml").write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    with pytest.raises(ModelFileError, match=sentence):
        open_model(path)


def test_an_ir_that_computes_something_else_is_refused_although_its_checksums_are_right(
    whole: dict[Target, ExportedModel],
) -> None:
    for layer, change, sentence in IR_CHANGES:
        with pytest.raises(ModelFileError, match=sentence) as caught:
            check_exported(changed_ir(whole["openvino"], layer, change), "openvino", Path("net"))
        assert str(caught.value).isprintable()


def set_data(key: str, value: str) -> Callable[[ElementTree.Element], object]:
    def change(layer: ElementTree.Element) -> None:
        data = layer.find("data")
        assert data is not None
        data.set(key, value)

    return change


IR_CHANGES: list[tuple[str, Callable[[ElementTree.Element], object], str]] = [
    ("Convolution", set_data("pads_begin", "1000, 1000"), "does not contain the network in its description"),
    ("Convolution", set_data("dilations", "2, 2"), "does not contain the network in its description"),
    ("Convolution", set_data("auto_pad", "valid"), "does not contain the network in its description"),
    ("MaxPool", set_data("rounding_type", "floor"), "does not contain the network in its description"),
    ("MaxPool", set_data("kernel", "2001, 2001"), "does not contain the network in its description"),
    ("SoftMax", set_data("axis", "0"), "does not contain the network in its description"),
    ("MatMul", set_data("transpose_b", "false"), "does not contain the network in its description"),
    ("ReLU", lambda layer: layer.set("type", "Sigmoid"), "does not contain the network in its description"),
    ("ReLU", lambda layer: layer.set("version", "extension"), "is not a standard operator"),
    ("ReLU", lambda layer: ElementTree.SubElement(layer, "body"), "has a 'body'"),
]


def changed_ir(
    model: ExportedModel, kind: str, change: Callable[[ElementTree.Element], object], constants: bytes | None = None
) -> Content:
    """The IR with the first layer of a kind changed, and a description with the checksum of that."""
    network = ElementTree.fromstring(model.content[0])
    layer = network.find(f"layers/layer[@type='{kind}']")
    assert layer is not None
    change(layer)
    xml = ElementTree.tostring(network, encoding="utf-8", xml_declaration=True)
    total = sha256()
    for part in ("layers", "edges"):
        element = network.find(part)
        assert element is not None
        total.update(ElementTree.canonicalize(ElementTree.tostring(element), strip_text=True).encode())
    total.update(constants or model.content[1])
    fields = msgspec.to_builtins(model.description) | {"sha256": total.hexdigest()}
    return openvino.with_metadata((xml, constants or model.content[1]), with_checksum(json.dumps(fields)))


def test_constants_of_an_ir_that_are_no_numbers_are_refused(whole: dict[Target, ExportedModel]) -> None:
    constants = bytearray(whole["openvino"].content[1])
    constants[-4:] = np.float32(np.nan).tobytes()
    content = changed_ir(whole["openvino"], "Result", lambda layer: None, bytes(constants))
    with pytest.raises(ModelFileError, match="has values that are not finite or too large"):
        check_exported(content, "openvino", Path("net"))


def test_an_ir_of_another_network_is_refused(whole: dict[Target, ExportedModel]) -> None:
    network = whole["openvino"].description.networks[0]
    other = replace(network, architecture=replace(network.architecture, variant="small-64"))
    description = msgspec.structs.replace(whole["openvino"].description, networks=(other,))
    content = changed_ir(replace(whole["openvino"], description=description), "Result", lambda layer: None)
    with pytest.raises(ModelFileError, match=r"does not contain the network in its description \(small-64\)"):
        check_exported(content, "openvino", Path("net"))


def test_constants_outside_of_their_file_are_refused(written: Callable[[Target], Path]) -> None:
    path = written("openvino")
    constants = (path / "model.bin").read_bytes()
    (path / "model.bin").write_bytes(constants[:100])
    with pytest.raises(ModelFileError, match="do not fit its shape"):
        open_model(path)
    (path / "model.bin").unlink()
    with pytest.raises(InputError, match=r"cannot read .*model\.bin"):
        open_model(path)


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_one_line_with_its_name(
    data: st.DataObject, target: Target, whole: dict[Target, ExportedModel], tmp_path: Path
) -> None:
    path = tmp_path / NAMES[target]
    write(whole[target], path)
    victim = path / data.draw(st.sampled_from(EXPORT_FORMATS[target].files)) if path.is_dir() else path
    victim.write_bytes(damaged(data, victim.read_bytes()))
    read = end_of_reading(path)
    if isinstance(read, str):
        assert str(path) in read
        assert read.isprintable()
    else:  # what is neither graph nor description may change: the name of the producer, white space
        assert read == whole[target].description


def end_of_reading(path: Path) -> str | Description:
    """The sentence that reading ends in, or what the file says of itself."""
    try:
        read = describe_model(path)
    except GoogLeNetError as error:
        return str(error)
    assert isinstance(read, ExportedModel)
    return read.description
