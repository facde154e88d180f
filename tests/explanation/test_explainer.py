"""From pictures to explanations: the same answers as `predict`, every kind of model, bad pictures, names of classes."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.artifacts import last_layer
from googlenet.classifier import Classifier
from googlenet.engines import FunctionEngine, open_engine
from googlenet.errors import DataError, InputError, ModelFileError
from googlenet.explanation import explain_squares, find_box, find_classes, place_square
from googlenet.explanation.boxes import find_peak
from googlenet.images import FITS, Fit, Preprocessing
from googlenet.model import ClassLabel, Model
from googlenet.network import GoogLeNet, read_weights
from tests.artifacts.exported_models import small_model


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture(scope="module")
def classifier(model: Model) -> Classifier:
    return Classifier.load(model, threads=1)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.jpg"
    pixels = np.random.default_rng(2).integers(0, 256, (700, 900, 3), np.uint8)
    Image.fromarray(pixels).resize((900, 700)).save(path, quality=95)
    return path


def test_probabilities_are_those_of_predict(model: Model, classifier: Classifier, picture: Path) -> None:
    """Although the JPEG is reduced when it is decoded, and boxes are in pixels of the whole picture."""
    explanation = classifier.explain(picture, top=3)
    ranking = classifier.predict(picture, top=3).ranking
    assert [one.label for one in explanation.classes] == [one.label for one in ranking]
    assert [one.probability for one in explanation.classes] == [one.probability for one in ranking]
    assert explanation.seen is not None
    assert explanation.seen.size == (900, 700)
    assert max(explanation.seen.picture.shape) < 900
    whole = place_square(900, 700, model.preprocessing)
    for one in explanation.classes:
        assert one.logit == pytest.approx(one.bias + float(one.map.mean()), abs=1e-4)
        assert one.box == find_box(one.map, placement=whole, field=last_layer(model).field)
        assert one.peak == find_peak(one.map, placement=whole, field=last_layer(model).field)


def test_a_temperature_changes_probabilities_as_in_predict_and_no_logit(model: Model, picture: Path) -> None:
    warm = Classifier.load(replace(model, temperature=4.0), threads=1)
    one, plain = warm.explain(picture)[0], Classifier.load(model, threads=1).explain(picture)[0]
    assert one.probability == warm.predict(picture).best.probability < plain.probability
    assert one.logit == plain.logit
    np.testing.assert_array_equal(one.map, plain.map)


def test_many_pictures_keep_their_order_and_bad_ones_are_values(classifier: Classifier, picture: Path) -> None:
    found = list(classifier.explain([picture, picture.with_name("missing.png"), picture], top=1))
    assert [len(one.classes) for one in found] == [1, 0, 1]
    assert found[1].error == "cannot be read (No such file or directory)"
    assert found[1].seen is None
    assert json.loads(json.dumps(found[1].to_dict())) == {
        "image": str(picture.with_name("missing.png")),
        "classes": [],
        "error": "cannot be read (No such file or directory)",
    }
    with pytest.raises(DataError, match=r"missing\.png: cannot be read"):
        found[1].overlay()
    assert found[1]._repr_png_() is None


def test_an_explanation_as_data_text_and_picture(classifier: Classifier, picture: Path) -> None:
    explanation = classifier.explain(str(picture), ["n03", "tench"])
    record = json.loads(json.dumps(explanation.to_dict()))
    assert [one["label"] for one in record["classes"]] == ["n03", "n01"]
    first = record["classes"][0]
    assert set(first) == {"label", "name", "probability", "logit", "bias", "map", "peak", "box"}
    assert np.shape(first["map"]) == (4, 4)
    assert np.mean(first["map"]) + first["bias"] == pytest.approx(first["logit"], abs=1e-3)
    assert set(first["box"]) == {"x", "y", "width", "height"}
    assert "'Straße & <Weg>' " in repr(explanation)
    assert len(repr(explanation)) < 200
    shown = explanation.overlay("tench")
    assert explanation.seen is not None
    assert shown.size == explanation.seen.picture.shape[1::-1]
    png = explanation._repr_png_()
    assert png is not None
    assert Image.open(io.BytesIO(png)).format == "PNG"
    with pytest.raises(InputError, match="this explanation has no class 'tenhc'; did you mean 'tench'"):
        explanation.overlay("tenhc")


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(20, 90), (90, 20), (1, 1)])
def test_pictures_of_every_form_with_every_fit(model: Model, fit: Fit, size: tuple[int, int]) -> None:
    preprocessing = replace(model.preprocessing, fit=fit, resize_size=32 if fit == "letterbox" else 36)
    explanation = Classifier.load(replace(model, preprocessing=preprocessing), threads=1).explain(
        Image.new("RGB", size)
    )
    assert explanation.seen is not None
    assert explanation.seen.size == size
    assert explanation.overlay().size == size
    assert explanation.draw(boxes=True).width > 900
    for one in explanation.classes:
        assert one.box is None or (one.box.x + one.box.width <= size[0] and one.box.y + one.box.height <= size[1])


def test_a_network_that_sees_grey() -> None:
    spec = ArchitectureSpec("small-32", classes=2, channels=1, width=0.05)
    weights = read_weights(GoogLeNet(build_architecture(spec)), auxiliaries=False)
    classes = (ClassLabel("0", "zero"), ClassLabel("1", "one"))
    model = Model(spec, weights, classes, Preprocessing(28, 28, "squash", "GREY", (100.0,), (0.02,)))
    explanation = Classifier.load(model, threads=1).explain(Image.new("L", (28, 28), 200))
    assert {one.name for one in explanation.classes} == {"zero", "one"}
    assert explanation.classes[0].map.shape == (3, 3)


def test_a_map_of_one_value_is_explained_too(picture: Path) -> None:
    """The paper's network at 32 px: its last grid is 1x1, so that the map says how much, but not where."""
    spec = ArchitectureSpec("paper", classes=3, width=0.05)
    weights = read_weights(GoogLeNet(build_architecture(spec)), auxiliaries=False)
    model = replace(small_model(), spec=spec, weights=weights, known_answer=None)
    explanation = Classifier.load(model, threads=1).explain(picture)
    one = explanation.classes[0]
    assert one.map.shape == (1, 1)
    assert one.logit == pytest.approx(one.bias + float(one.map[0, 0]), abs=1e-5)
    assert explanation.draw(boxes=True).width > 900


def test_wrong_arguments_are_refused_before_any_picture_is_read(classifier: Classifier, picture: Path) -> None:
    with pytest.raises(InputError, match="top must be an integer of at least 1, not 0"):
        classifier.explain(picture, top=0)
    with pytest.raises(InputError, match="the model has no class 'tenhc'; did you mean 'tench'"):
        classifier.explain([picture], ["tenhc"])
    with pytest.raises(InputError, match="a picture must be a path, bytes"):
        classifier.explain([3])  # type: ignore[list-item]


def test_an_engine_without_feature_maps_and_one_that_overflows(model: Model) -> None:
    squares = np.zeros((1, 32, 32, 3), np.uint8)
    without = FunctionEngine(lambda images: np.full((len(images), 3), 1 / 3))
    with pytest.raises(InputError, match=r"the engine .* has no feature maps"):
        explain_squares(without, last_layer(model), squares)
    huge = replace(model, weights=model.weights | {"5b.1x1.weight": model.weights["5b.1x1.weight"] * np.float32(1e38)})
    with pytest.raises(ModelFileError, match="not a finite number"):
        explain_squares(open_engine(huge, threads=1), last_layer(huge), squares + np.uint8(200))


def test_squares_of_several_batches_and_their_own_classes(model: Model) -> None:
    squares = np.random.default_rng(0).integers(0, 256, (19, 32, 32, 3), np.uint8)
    own = np.arange(19)[:, np.newaxis] % 3
    engine, layer = open_engine(model, threads=1), last_layer(model)
    many = explain_squares(engine, layer, squares, own)
    one = explain_squares(engine, layer, squares[17:18], own[17])
    np.testing.assert_array_equal(many.classes, own)
    np.testing.assert_allclose(many.maps[17], one.maps[0], atol=1e-4)
    assert many.probabilities[17, 0] == pytest.approx(one.probabilities[0, 0], abs=1e-5)


CLASSES = (
    ClassLabel("n1", "tabby, tabby cat"),
    ClassLabel("n2", "crane"),
    ClassLabel("n3", "crane"),
    ClassLabel("n4", "Tabby"),
    ClassLabel("n5", "고양이"),
)


@pytest.mark.parametrize(
    ("name", "index"),
    [("n3", 2), ("tabby cat", 0), ("Tabby", 3), ("TABBY CAT", 0), ("N2", 1), ("고양이", 4), ("tabby", 3)],
)
def test_a_class_is_found_by_id_name_or_synonym(name: str, index: int) -> None:
    assert find_classes(CLASSES, [name]).tolist() == [index]


def test_a_class_that_is_named_twice_is_explained_once() -> None:
    assert find_classes(CLASSES, ["n4", "n1", "Tabby"]).tolist() == [3, 0]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("crane", "2 classes of the model are called 'crane'; give one of their ids: n2, n3"),
        ("taby cat", "the model has no class 'taby cat'; did you mean 'tabby cat'?"),
        ("zzz", "the model has no class 'zzz'; it has 5, such as 'tabby, tabby cat'"),
    ],
)
def test_a_name_that_fits_no_class_or_several_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        find_classes(CLASSES, [name])
    assert str(caught.value) == sentence


@pytest.mark.parametrize("names", [[], "crane"])
def test_classes_are_a_list_of_names(names: list[str]) -> None:
    with pytest.raises(InputError, match="name the classes to explain in a list"):
        find_classes(CLASSES, names)
