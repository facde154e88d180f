"""The export of models: what passes is written and answers alike, what does not is refused and leaves nothing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from googlenet.architecture import VARIANTS
from googlenet.artifacts import ExportedModel, Target, open_model
from googlenet.classifier import Classifier
from googlenet.engines import Engine, open_engine
from googlenet.errors import InputError, ModelFileError
from googlenet.export import ExportRequest, GatePictures, export_models
from googlenet.export.pictures import generated_pictures
from googlenet.export.targets import PRECISIONS
from googlenet.graph import Graph
from googlenet.model import KnownAnswer, Model, compare_answer, save_model
from tests.artifacts.exported_models import small_model
from tests.graph.test_building import own_or_less

PICTURES = GatePictures(generated_pictures(32), "made pictures")
WITH_CALIBRATION = replace(PICTURES, calibration=generated_pictures(32, 4))
TARGETS: tuple[Target, ...] = ("onnx", "openvino", "pt2")


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("googlenet.export.export.SECONDS", 0.0)


def damaged(graph: Graph, squares: NDArray[np.uint8] | None, target: Target) -> Graph:
    """The graph with the outputs of its last layer in another order."""
    constants = dict(graph.constants)
    for name in ("linear.weight", "linear.bias"):
        constants[name] = np.roll(constants[name], 1, axis=0)
    return replace(graph, constants=constants)


def rounded(graph: Graph, squares: NDArray[np.uint8] | None, target: Target) -> Graph:
    """The graph with weights in half precision: another answer, the same best classes."""
    return replace(
        graph, constants={name: a.astype(np.float16).astype(np.float32) for name, a in graph.constants.items()}
    )


def taking(monkeypatch: pytest.MonkeyPatch, *milliseconds: float) -> None:
    """Let the engines of the gate take these times, float32's first; all engines of one precision take the same."""

    def times(engines: Sequence[Engine], square: NDArray[np.uint8], *, seconds: float) -> list[float]:
        return [one for one in milliseconds for _ in range(len(engines) // len(milliseconds))]

    monkeypatch.setattr("googlenet.export.export.time_in_turns", times)


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_written_answers_as_the_model_does(model: Model, target: Target, tmp_path: Path) -> None:
    result = export_models([model], tmp_path / "net", ExportRequest(target, "float32"), PICTURES)
    assert [path.name for path in tmp_path.iterdir()] == ["net"]
    read = open_model(tmp_path / "net") if target != "pt2" else result.chosen.exported
    assert isinstance(read, ExportedModel)
    assert read.agreement is not None
    assert read.agreement.pictures == len(PICTURES.evaluated)
    assert read.agreement.misses == ()
    assert read.agreement.worst < 1e-4
    engine = open_engine(read, device="cpu", threads=1)
    expected = open_engine(model, name="torch", device="cpu").run(PICTURES.evaluated).probabilities
    np.testing.assert_allclose(engine.run(PICTURES.evaluated).probabilities, expected, atol=1e-4)
    assert len(set(expected.argmax(axis=1).tolist())) > 1


@pytest.mark.parametrize("target", TARGETS)
def test_the_temperature_travels_and_the_gate_does_not_see_it(model: Model, target: Target, tmp_path: Path) -> None:
    warm = replace(model, temperature=1.75)
    save_model(warm, tmp_path / "model.safetensors")
    out = tmp_path / ("net.pt2" if target == "pt2" else "net")
    result = export_models([warm], out, ExportRequest(target, "float32"), PICTURES)
    assert result.chosen.agreement.worst < 1e-4
    picture = PICTURES.evaluated[0]
    classifiers = {
        path: Classifier.load(path, device="cpu", threads=1) for path in (out, tmp_path / "model.safetensors")
    }
    exported, original = (one.predict(picture).ranking for one in classifiers.values())
    assert [one.label for one in exported] == [one.label for one in original]
    assert [one.probability for one in exported] == pytest.approx([one.probability for one in original], abs=1e-4)
    cold = replace(classifiers[out], temperature=1.0).predict(picture)
    assert cold.best.probability > exported[0].probability + 1e-3
    two = export_models([warm, warm], tmp_path / "two", ExportRequest("onnx", "float32"), PICTURES)
    assert two.chosen.exported.temperature == 1


def test_an_onnx_file_passes_the_checker_and_says_what_it_takes_and_gives(model: Model, tmp_path: Path) -> None:
    export_models([model], tmp_path / "net.onnx", ExportRequest("onnx"), PICTURES)
    file = onnx.load(tmp_path / "net.onnx")
    onnx.checker.check_model(file, full_check=True)
    (images,) = file.graph.input
    assert images.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert [input_size.dim_param or input_size.dim_value for input_size in images.type.tensor_type.shape.dim] == [
        "N",
        "H",
        "W",
        3,
    ]
    assert [value.name for value in file.graph.output] == ["probabilities", "features", "feature_maps"]


@pytest.mark.parametrize("predicting", ["native", "onnx"])
def test_the_times_are_those_of_the_engine_that_they_name(
    model: Model, predicting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = {"native": 1.0, "onnx": 2.0}
    monkeypatch.setattr("googlenet.engines.opening.best_here", lambda model: {"native": "native"}.get(predicting))
    monkeypatch.setattr("googlenet.export.export.best_here", lambda model: {"native": "native"}.get(predicting))
    monkeypatch.setattr(
        "googlenet.export.export.time_in_turns", lambda engines, square, seconds: [times[one.name] for one in engines]
    )
    result = export_models([model], tmp_path / "net.onnx", ExportRequest("onnx"), PICTURES)
    agreement = result.chosen.agreement
    assert (agreement.engine, agreement.milliseconds, agreement.float32_milliseconds) == ("onnx", 2.0, 2.0)
    assert (agreement.predict_engine, agreement.predict_milliseconds) == (predicting, times[predicting])


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_passes_the_gate(variant: str, tmp_path: Path) -> None:
    model = small_model(variant=variant, input_size=own_or_less(variant, 64))
    pictures = GatePictures(generated_pictures(model.preprocessing.input_size, 4), "made pictures")
    result = export_models([model], tmp_path / "net.onnx", ExportRequest("onnx"), pictures)
    assert result.chosen.passes


@pytest.mark.parametrize("target", ["openvino", "pt2"])
def test_response_normalisation_is_the_same_for_every_target(target: Target, tmp_path: Path) -> None:
    model = small_model(variant="paper", input_size=64)
    pictures = GatePictures(generated_pictures(64, 4), "made pictures")
    result = export_models([model], tmp_path / "net", ExportRequest(target, "float32"), pictures)
    assert result.chosen.passes


def test_without_lrn_means_that_no_such_operator_is_in_the_graph(tmp_path: Path) -> None:
    model = small_model(variant="paper", input_size=64)
    pictures = GatePictures(generated_pictures(64, 8), "made pictures")
    found = {}
    for without in (False, True):
        path = tmp_path / f"{without}"
        export_models([model], path, ExportRequest("openvino", "float32", without_lrn=without), pictures)
        found[without] = (path / "model.xml").read_text().count('type="LRN"')
    assert found == {False: 2, True: 0}


def test_a_damaged_graph_is_refused_with_the_difference_and_nothing_is_left(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRECISIONS, "float32", damaged)
    with pytest.raises(InputError, match=r"fails the checks, nothing is written: a probability differs by"):
        export_models([model], tmp_path / "net.onnx", ExportRequest("onnx", "float32"), PICTURES)
    assert list(tmp_path.iterdir()) == []


def test_a_lower_precision_that_loses_classes_is_refused_by_how_much(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRECISIONS, "int8", damaged)
    taking(monkeypatch, 2.0, 1.0)
    request = ExportRequest("onnx", "int8")
    with pytest.raises(
        InputError, match=r"% of 67 pictures have the same best class .* at least 97% are required.*--force writes"
    ):
        export_models([model], tmp_path / "net.onnx", request, WITH_CALIBRATION)
    assert list(tmp_path.iterdir()) == []


def test_force_writes_even_a_float32_file_that_answers_otherwise(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRECISIONS, "float32", damaged)
    result = export_models([model], tmp_path / "net.onnx", ExportRequest("onnx", "float32", force=True), PICTURES)
    assert result.chosen.agreement.worst > 0.01
    assert result.chosen.agreement.misses


def test_force_writes_it_with_the_difference_recorded(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRECISIONS, "int8", damaged)
    taking(monkeypatch, 2.0, 3.0)
    request = ExportRequest("onnx", "int8", force=True)
    result = export_models([model], tmp_path / "net.onnx", request, WITH_CALIBRATION)
    read = open_model(tmp_path / "net.onnx")
    assert isinstance(read, ExportedModel)
    assert read.precision == "int8"
    assert read.agreement == result.chosen.agreement
    assert read.agreement is not None
    assert [miss.partition(" ")[2][:24] for miss in read.agreement.misses] == [
        "of 67 pictures have the ",
        "picture takes 3.00 ms, 2",
    ]
    assert "--force writes it although it fails the checks" in result.reason


def test_auto_takes_the_fastest_that_passes_and_says_what_it_tried(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRECISIONS, "int8", rounded)
    taking(monkeypatch, 2.0, 1.0)
    result = export_models([model], tmp_path / "net.onnx", ExportRequest("onnx"), WITH_CALIBRATION)
    assert result.chosen.precision == "int8"
    assert result.reason == (
        "int8 is the fastest that passes the checks on this processor (float32 2.00 ms, int8 1.00 ms with onnx)"
    )
    monkeypatch.setitem(PRECISIONS, "int8", damaged)
    result = export_models([model], tmp_path / "net.onnx", ExportRequest("onnx", force=True), WITH_CALIBRATION)
    assert result.chosen.precision == "float32"
    assert "int8 did not pass" in result.reason


def test_auto_without_calibration_says_that_it_left_int8_out(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRECISIONS, "int8", rounded)
    result = export_models([model], tmp_path / "net.onnx", ExportRequest("onnx"), PICTURES)
    assert [one.precision for one in result.candidates] == ["float32"]
    assert result.reason.endswith("; int8 was not considered, it needs --calibrate DATA")


def test_a_lower_precisions_known_answer_is_float32s_and_it_may_differ_as_far_as_was_seen_here(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRECISIONS, "int8", rounded)
    taking(monkeypatch, 2.0, 1.0)
    result = export_models([model], tmp_path / "net.onnx", ExportRequest("onnx", "int8"), WITH_CALIBRATION)
    read = open_model(tmp_path / "net.onnx")
    assert read.known_answer is not None
    assert model.known_answer is not None
    np.testing.assert_allclose(read.known_answer.probabilities, model.known_answer.probabilities, atol=1e-5)
    got = open_engine(read, threads=1).run(read.known_answer.images).probabilities
    check = compare_answer(read.known_answer.probabilities, got, tolerance=read.known_answer.tolerance)
    assert check.worst > 1e-4  # so that the tolerance is one of its own
    seen = max(2 * check.worst, result.chosen.agreement.worst)
    assert read.known_answer.tolerance == pytest.approx(seen, rel=0.01)
    assert check.agrees


@pytest.mark.parametrize(
    ("request_", "pictures", "sentence"),
    [
        (
            ExportRequest("onnx", "int8"),
            PICTURES,
            "--precision int8 needs calibration pictures: give --calibrate DATA",
        ),
        (
            ExportRequest("onnx", "bf16"),
            PICTURES,
            "an ONNX file cannot be exported in bf16; --to onnx supports float32, int8",
        ),
        (ExportRequest("pt2", "int8"), WITH_CALIBRATION, "a torch.export program cannot be exported in int8"),
    ],
)
def test_a_precision_that_cannot_be_had_is_refused_with_what_can(
    model: Model, request_: ExportRequest, pictures: GatePictures, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=sentence):
        export_models([model], tmp_path / "net", request_, pictures)


@pytest.mark.parametrize("target", ["onnx", "openvino"])
def test_int8_is_written_from_pictures_and_runs(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So small a network is no faster in it: the times are given. Its weights are random, and those of this seed leave
    few pictures between two classes; the engine native, whose values have fewer bits, still confuses too many."""
    model = small_model(1)
    taking(monkeypatch, 2.0, 1.0)
    monkeypatch.setattr("googlenet.export.export.best_here", lambda model: None)
    pictures = replace(PICTURES, calibration=generated_pictures(32, 40))
    result = export_models([model], tmp_path / "net", ExportRequest(target, "int8"), pictures)
    assert result.chosen.passes
    whole, int8 = result.candidates[0].exported.content[-1], result.chosen.exported.content[-1]
    assert len(int8) < 0.5 * len(whole)  # of an IR its constants: so small a network's XML is larger than they are
    read = open_model(tmp_path / "net")
    expected = open_engine(model, threads=1).run(PICTURES.evaluated).probabilities
    got = open_engine(read, threads=1).run(PICTURES.evaluated).probabilities
    assert 0 < np.abs(got - expected).max() < 0.1


def test_a_model_that_does_not_give_its_own_known_answer_is_not_exported(model: Model, tmp_path: Path) -> None:
    assert model.known_answer is not None
    answer = KnownAnswer(model.known_answer.images, np.roll(model.known_answer.probabilities, 1, axis=1))
    with pytest.raises(ModelFileError, match="does not reproduce its known answer on this machine"):
        export_models([replace(model, known_answer=answer)], tmp_path / "net.onnx", ExportRequest("onnx"), PICTURES)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_deleted_while_the_export_is_checked_is_made_again(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "exports" / "net.onnx"
    out.parent.mkdir()

    def delete(engines: Sequence[Engine], square: NDArray[np.uint8], seconds: float) -> list[float]:
        shutil.rmtree(out.parent)
        return [1.0 for _ in engines]

    monkeypatch.setattr("googlenet.export.export.time_in_turns", delete)
    export_models([model], out, ExportRequest("onnx", "float32"), PICTURES)
    assert list(out.parent.iterdir()) == [out]
    assert isinstance(open_model(out), ExportedModel)


def test_a_folder_of_others_is_never_replaced(model: Model, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"x")
    with pytest.raises(InputError, match="already exists and is not an exported network"):
        export_models([model], tmp_path / "photos", ExportRequest("openvino", force=True), PICTURES)
    assert (tmp_path / "photos" / "cat.jpg").exists()


@pytest.mark.parametrize("target", ["onnx", "openvino"])
def test_what_is_there_is_replaced_by_force_alone(model: Model, target: Target, tmp_path: Path) -> None:
    out = tmp_path / "net"
    export_models([model], out, ExportRequest(target, "float32"), PICTURES)
    with pytest.raises(InputError, match=r"already exists; use --out to write another .*, or --force to replace it"):
        export_models([small_model(3)], out, ExportRequest(target, "float32"), PICTURES)
    before = open_model(out)
    export_models([small_model(3)], out, ExportRequest(target, "float32", force=True), PICTURES)
    after = open_model(out)
    assert isinstance(before, ExportedModel)
    assert isinstance(after, ExportedModel)
    assert before.sha256 != after.sha256
    assert [path.name for path in tmp_path.iterdir()] == ["net"]
