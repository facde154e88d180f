"""`evaluate` and `export` of a classifier are the verbs: the same figures, the same checks, the same refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import googlenet
from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.classifier import Classifier
from googlenet.dataset import SplitRule, open_dataset
from googlenet.engines import FunctionEngine
from googlenet.errors import InputError
from googlenet.images import Preprocessing
from googlenet.model import About, ClassLabel, Model, load_model, save_model
from googlenet.network import GoogLeNet, read_weights

SQUARE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


def small_model(*, data: dict[str, Any] | None = None) -> Model:
    spec = ArchitectureSpec("small-32", classes=2, width=0.125)
    weights = read_weights(GoogLeNet(build_architecture(spec)), auxiliaries=False)
    preprocessing = Preprocessing(32, 32, "crop", "RGB", (124.0, 117.0, 104.0), (0.02,) * 3)
    return Model(spec, weights, (ClassLabel("a", "a"), ClassLabel("b", "b")), preprocessing, about=About(data=data))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures of each class, and one that cannot be read."""
    folder = tmp_path_factory.mktemp("data") / "photos"
    generator = np.random.default_rng(1)
    for label in "ab":
        (folder / label).mkdir(parents=True)
        for number in range(3):
            image = generator.integers(0, 256, (40, 36, 3), np.uint8)
            Image.fromarray(image).save(folder / label / f"{number}.png")
    (folder / "b" / "bad.png").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    save_model(small_model(), path)
    return path


def test_evaluating_gives_the_figures_of_the_verb(path: Path, data: Path) -> None:
    evaluation = googlenet.load(path).evaluate(data)
    command = [sys.executable, "-m", "googlenet", "evaluate", str(path), str(data), "--json"]
    said = subprocess.run(command, check=False, capture_output=True, text=True)
    assert said.returncode == 1  # a picture is bad
    assert json.loads(json.dumps(evaluation.to_dict())) == json.loads(said.stdout)
    assert evaluation.pictures == 6
    assert [name for name, _ in evaluation.bad_pictures] == ["b/bad.png"]


def test_evaluating_tells_how_far_it_is(path: Path, data: Path) -> None:
    told: list[tuple[int, int]] = []
    evaluation = googlenet.load(str(path)).evaluate(str(data), "all", batch=2, on_progress=lambda *at: told.append(at))
    assert told[-1] == (7, 7)
    assert len(told) > 2
    assert evaluation.split == "all"


def test_pictures_that_were_held_back_when_it_was_trained_are_those_it_is_evaluated_on(data: Path) -> None:
    rule = SplitRule(3, 0.4)
    dataset = open_dataset(data, split_rule=rule)
    about = {"name": "photos", "fingerprint": dataset.fingerprint, "split": {"seed": 3, "share": 0.4}}
    classifier = googlenet.load(small_model(data=about))
    for given in (data, dataset, open_dataset(data, split_rule=None)):
        evaluation = classifier.evaluate(given)
        assert evaluation.split == "val"
        assert evaluation.pictures + len(evaluation.bad_pictures) == len(dataset.splits["val"])
    with pytest.raises(InputError, match="val has pictures that it was trained on"):
        classifier.evaluate(open_dataset(data))


def test_an_explanation_has_the_map_of_the_verb_and_the_probability_of_predict(path: Path, tmp_path: Path) -> None:
    Image.fromarray(SQUARE).save(tmp_path / "square.png")
    command = [sys.executable, "-m", "googlenet", "explain", str(path), str(tmp_path / "square.png"), "--json"]
    said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    classifier = googlenet.load(path)
    explanation = classifier.explain(tmp_path / "square.png")
    assert json.loads(json.dumps(explanation.to_dict())) == said
    assert [one.probability for one in explanation.classes] == pytest.approx(
        [one.probability for one in classifier.predict(SQUARE).ranking], abs=1e-5
    )
    (only,) = classifier.explain(SQUARE, "b").classes
    assert only.label == "b"
    assert only.map.mean() == pytest.approx(only.logit - only.bias, abs=1e-4)
    first, second = classifier.explain([SQUARE, b"no picture"])
    assert (first.error, second.error) == (None, "not a picture")


def test_an_explanation_has_the_probabilities_at_the_temperature_of_the_model() -> None:
    classifier = googlenet.load(replace(small_model(), temperature=0.2))
    shown = {one.label: one.probability for one in classifier.explain(SQUARE).classes}
    ranked = {one.label: one.probability for one in classifier.predict(SQUARE).ranking}
    assert shown == pytest.approx(ranked, abs=1e-5)
    assert shown != pytest.approx(dict.fromkeys("ab", 0.5), abs=1e-3)


def test_what_has_no_last_layer_of_its_own_cannot_be_explained(path: Path) -> None:
    with pytest.raises(InputError, match="an ensemble of 2 networks has no maps of its own"):
        googlenet.load([path, path]).explain(SQUARE)
    bare = replace(googlenet.load(path), sources=())
    with pytest.raises(InputError, match="not opened from a model, whose last layer explains"):
        bare.explain(SQUARE)
    with pytest.raises(InputError, match="the model has no class 'c'"):
        googlenet.load(path).explain(SQUARE, ["c"])
    with pytest.raises(InputError, match=r"images must be a picture .* not a dict"):
        googlenet.load(path).explain({})


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (({"a": []},), "data must be a folder, a .tar .* not a dict"),
        ((7,), "data must be a folder, a .tar .* not 7"),
    ],
)
def test_data_of_a_wrong_type_are_refused(path: Path, arguments: tuple[Any, ...], refusal: str) -> None:
    with pytest.raises(InputError, match=refusal):
        googlenet.load(path).evaluate(*arguments)


@pytest.mark.parametrize("model", [3, ["bvlc", 3], {"bvlc": 1}])
def test_a_model_of_a_wrong_type_is_refused_by_the_name_that_the_function_gives_it(model: Any) -> None:
    kind = "a dict" if isinstance(model, dict) else "3"
    with pytest.raises(InputError, match=rf"^model must be a path .*, not {kind}$"):
        googlenet.evaluate(model, 4)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=rf"^path must be a path .*, not {kind}$"):
        googlenet.load(model)


def test_an_exported_file_predicts_the_same_and_cannot_be_exported_again(path: Path, tmp_path: Path) -> None:
    classifier = googlenet.load(path)
    result = classifier.export(tmp_path / "small.onnx", precision="float32")
    assert result.path == tmp_path / "small.onnx"
    assert json.loads(json.dumps(result.to_dict()))["precision"] == "float32"
    exported = googlenet.load(result.path)
    np.testing.assert_allclose(exported.predict_proba(SQUARE), classifier.predict_proba(SQUARE), atol=1e-5)
    np.testing.assert_allclose(exported.embed(SQUARE), classifier.embed(SQUARE), atol=1e-4)
    np.testing.assert_allclose(exported.explain(SQUARE, "a")[0].map, classifier.explain(SQUARE, "a")[0].map, atol=1e-3)
    with pytest.raises(InputError, match=r"small\.onnx is already an exported file; export the model that it was made"):
        exported.export(tmp_path / "again.onnx")
    with pytest.raises(InputError, match="already exists"):
        classifier.export(tmp_path / "small.onnx")
    assert [one.name for one in tmp_path.iterdir()] == ["small.onnx"]


def test_an_exported_file_is_called_as_the_verb_would_call_it(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert googlenet.load(path).export(precision="float32").path == Path("small.onnx")


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        ({"to": "tflite"}, "to must be one of onnx, openvino, pt2, not 'tflite'"),
        ({"to": "torchvision"}, "`googlenet export --to torchvision` writes a state dict"),
        ({"out": 7}, r"out must be a path \(str or Path\), not 7"),
        ({"out": "x.pt2", "precision": "int8"}, "cannot be exported in int8"),
        ({"precision": "float64"}, "cannot be exported in float64"),
        ({"out": "nowhere/x.onnx"}, "there is no folder nowhere"),
    ],
)
def test_wrong_exports_are_refused(path: Path, arguments: dict[str, Any], refusal: str) -> None:
    with pytest.raises(InputError, match=refusal):
        googlenet.load(path).export(**arguments)


def test_a_classifier_that_was_not_opened_from_a_model_has_nothing_to_export() -> None:
    engine = FunctionEngine(lambda squares: np.ones((len(squares), 2)))
    classifier = Classifier(engine, small_model().preprocessing, small_model().classes)
    with pytest.raises(InputError, match="not opened from a model, so there is nothing to export"):
        classifier.export("model.onnx")


def test_a_model_in_memory_is_used_as_it_is(path: Path, tmp_path: Path) -> None:
    from_file, from_memory = googlenet.load(path), googlenet.load(load_model(path))
    np.testing.assert_array_equal(from_memory.predict_proba(SQUARE), from_file.predict_proba(SQUARE))
    assert from_memory.export(tmp_path / "model.onnx", precision="float32").path.is_file()
    together = googlenet.load([path, load_model(str(path))])
    np.testing.assert_allclose(together.predict_proba(SQUARE), from_file.predict_proba(SQUARE), atol=1e-7)


@pytest.mark.parametrize(
    ("given", "named"), [({}, "a dict"), (7, "7"), (None, "None"), (b"bvlc", "a bytes"), (["bvlc", 7], "7")]
)
def test_what_is_no_model_is_refused_by_name(given: Any, named: str) -> None:
    with pytest.raises(InputError, match=rf"path must be a path \(str or Path\), a name .*, not {named}"):
        googlenet.load(given)


def test_no_models_are_refused() -> None:
    with pytest.raises(InputError, match="name at least one model"):
        googlenet.load([])
