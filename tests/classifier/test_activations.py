"""`Classifier.activations`: the outputs of layers as arrays, for the same squares as `predict`, and what is refused."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import googlenet
from googlenet.classifier import Classifier
from googlenet.classifier.activations import layer_reader
from googlenet.engines import ENGINES, FunctionEngine
from googlenet.errors import DataError, InputError, ModelFileError
from googlenet.importers import Provenance, import_file
from googlenet.model import save_model
from tests.artifacts.exported_models import exported, small_model

DATA = Path(__file__).parents[3] / "shared" / "data"
REFERENCE = DATA / "bvlc_googlenet_reference_activations.npz"


def pictures(count: int) -> list[NDArray[np.uint8]]:
    generator = np.random.default_rng(5)
    return [generator.integers(0, 256, (40 + number, 50, 3), np.uint8) for number in range(count)]


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return googlenet.load(small_model(), threads=1)


def test_each_layer_is_an_array_by_the_name_it_was_asked_by(classifier: Classifier) -> None:
    found = classifier.activations(pictures(3), ["4a", "inception_4a/3x3", "conv2_reduce", "linear"], batch=2)
    assert {name: values.shape for name, values in found.items()} == {
        "4a": (3, 64, 8, 8),
        "inception_4a/3x3": (3, 24, 8, 8),
        "conv2_reduce": (3, 8, 16, 16),
        "linear": (3, 3),
    }
    assert {values.dtype for values in found.values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(found["inception_4a/3x3"], found["4a"][:, 24:48])  # a part of the module


def test_they_are_those_of_the_squares_that_predict_sees(classifier: Classifier) -> None:
    found = classifier.activations(pictures(3), ["linear", "average_pool"])
    logits = found["linear"] - found["linear"].max(axis=1, keepdims=True)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, classifier.predict_proba(pictures(3)), atol=1e-5)
    np.testing.assert_allclose(found["average_pool"][:, :, 0, 0], classifier.embed(pictures(3)), rtol=1e-5)


def test_one_picture_has_no_axis_of_pictures(classifier: Classifier) -> None:
    (picture,) = pictures(1)
    alone, among = classifier.activations(picture, "4a"), classifier.activations([picture], "4a")
    assert alone["4a"].shape == (64, 8, 8)
    np.testing.assert_array_equal(alone["4a"], among["4a"][0])


def test_pooling_leaves_one_number_a_channel(classifier: Classifier) -> None:
    layers = ["4a/3x3", "linear"]
    values = classifier.activations(pictures(2), layers)
    for pool, expected in (("mean", values["4a/3x3"].mean((2, 3))), ("max", values["4a/3x3"].max((2, 3)))):
        found = classifier.activations(pictures(2), layers, pool=pool)  # type: ignore[arg-type]
        np.testing.assert_allclose(found["4a/3x3"], expected, rtol=1e-5)
        np.testing.assert_array_equal(found["linear"], values["linear"])


def test_before_the_relu_is_a_flag_or_the_end_of_lucid_s_names(classifier: Classifier) -> None:
    flagged = classifier.activations(pictures(2), ["4a/3x3"], before_relu=True)["4a/3x3"]
    named = classifier.activations(pictures(2), ["mixed4a_3x3_pre_relu"])["mixed4a_3x3_pre_relu"]
    assert flagged.min() < 0
    np.testing.assert_array_equal(flagged, named)


def test_pictures_are_run_in_batches_that_their_values_fit(classifier: Classifier) -> None:
    assert (
        layer_reader(classifier.sources, classifier.engine, classifier.preprocessing, "4a", batch=7).runner.batch_size
        == 7
    )
    bvlc = googlenet.load("bvlc", threads=1)
    assert (
        layer_reader(
            bvlc.sources, bvlc.engine, bvlc.preprocessing, ["conv1", "conv2", "conv2/conv2"], batch=1000
        ).runner.batch_size
        == 33
    )  # of 8 MB each


@pytest.mark.parametrize("bad_pictures", ["raise", "nan"])
def test_a_bad_picture_is_an_error_or_a_row_of_nan(classifier: Classifier, bad_pictures: Any) -> None:
    images: list[Any] = [pictures(1)[0], b"no picture"]
    if bad_pictures == "raise":
        with pytest.raises(DataError, match="picture 1: not a picture; leave this picture out"):
            classifier.activations(images, ["4a"])
        return
    found = classifier.activations(images, ["4a"], bad_pictures=bad_pictures)["4a"]
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()
    assert found.shape == (2, 64, 8, 8)


def test_no_pictures_are_no_rows(classifier: Classifier) -> None:
    assert classifier.activations([], ["4a", "linear"], pool="max")["4a"].shape == (0, 64)


def test_weights_that_overflow_are_told_with_the_layer() -> None:
    model = small_model()
    kernels = {name for name, values in model.weights.items() if name.startswith("3") and values.ndim == 4}
    huge = {name: values * np.float32(1e25 if name in kernels else 1) for name, values in model.weights.items()}
    with np.errstate(all="ignore"), pytest.raises(ModelFileError, match="3b has values that are not finite numbers"):
        googlenet.load(replace(model, weights=huge), engine="onnx", threads=1).activations(pictures(1), ["conv1", "3b"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"layers": ["4z"]}, "the variant 'small-32' has no layer called '4z'"),
        ({"layers": []}, "name at least one layer, such as 4a or 4a/3x3"),
        ({"layers": [4]}, "layers must be names of layers, such as '4a/3x3', not 4"),
        ({"layers": ["pool3"], "before_relu": True}, "pool3 does not end in a ReLU"),
        ({"layers": ["4a"], "pool": "median"}, "pool must be 'mean', 'max' or None, not 'median'"),
        ({"layers": ["4a"], "batch": 0}, "batch must be an integer of at least 1, not 0"),
    ],
)
def test_what_is_refused(classifier: Classifier, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        classifier.activations(pictures(1), **arguments)
    assert sentence in str(error.value)


def test_ensembles_exported_files_and_functions_have_no_layers_to_read(tmp_path: Path) -> None:
    for number in range(2):
        save_model(small_model(number), tmp_path / f"{number}.safetensors")
    ensemble = googlenet.load([tmp_path / "0.safetensors", tmp_path / "1.safetensors"])
    with pytest.raises(InputError, match=r"an ensemble of 2 networks has no layers in common: .* such as .*0\.safet"):
        ensemble.activations(pictures(1), "4a")
    file = googlenet.load(exported("onnx", [small_model()]))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="is an exported file, which gives its answers but not the outputs of its la"):
        file.activations(pictures(1), "4a")
    function = Classifier(
        FunctionEngine(lambda images: np.ones((len(images), 3)) / 3), file.preprocessing, file.classes
    )
    with pytest.raises(InputError, match="was not opened from a model, whose layers could be read"):
        function.activations(pictures(1), "4a")


@pytest.mark.parametrize("engine", [name for name, entry in ENGINES.items() if importlib.util.find_spec(entry.package)])
def test_bvlc_says_what_another_implementation_says_of_the_same_weights(engine: str) -> None:
    """The reference has convolutions before their ReLU, modules and pools after; asked for by Caffe's names.

    The worst difference is below 2e-5 of a layer's largest value.
    """
    if not REFERENCE.is_file():
        pytest.skip(f"needs {REFERENCE}")
    reference = np.load(REFERENCE)
    model = import_file(DATA / "bvlc_googlenet.caffemodel", Provenance()).model
    whole = replace(model, preprocessing=replace(model.preprocessing, resize_size=224))  # its pictures are 224x224
    classifier = googlenet.load(whole, engine=engine, device="cpu", threads=1)
    names = [
        name.removesuffix("|shape") for name in reference.files if name.endswith("|shape") and name != "prob|shape"
    ]
    assert len(names) == 83
    ends = ("/output", "/pool", "3x3_s2", "/norm1", "/norm2", "7x7_s1", "classifier")
    asked = {name: name if name.endswith(ends) else f"{name}_pre_relu" for name in names}
    found = classifier.activations(reference["image_rgb_uint8"], list(asked.values()))
    found["prob"] = classifier.predict_proba(reference["image_rgb_uint8"])
    errors = {}
    for name in (*names, "prob"):
        values = found[asked.get(name, name)].reshape(-1)
        assert values.size == np.prod(reference[f"{name}|shape"])
        difference = np.abs(values[reference[f"{name}|index"]] - reference[f"{name}|value"]).max()
        errors[name] = float(difference / reference[f"{name}|max"])
    assert max(errors.values()) < 2e-5, errors
