"""A network with the weights of a model, for other classes or the same, and back to a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import googlenet
from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.errors import InputError, ModelFileError
from googlenet.images import Preprocessing
from googlenet.model import ClassLabel, Model, save_ensemble, save_model
from googlenet.network import GoogLeNet, read_weights, to_model, to_network_input


@pytest.fixture(scope="module")
def model() -> Model:
    """With auxiliary classifiers, three classes and BGR."""
    spec = ArchitectureSpec("small-32", classes=3, width=0.125)
    network = GoogLeNet(build_architecture(spec), generator=torch.Generator().manual_seed(3))
    labels = tuple(ClassLabel(name, name) for name in ("n01", "n02", "n03"))
    preprocessing = Preprocessing(32, 32, "crop", "BGR", (104.0, 117.0, 124.0), (1 / 58,) * 3)
    return Model(spec, read_weights(network), labels, preprocessing)


def test_it_answers_as_the_model_does_everywhere(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path / "model.safetensors")
    squares = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    expected = googlenet.load(tmp_path).predict_proba(list(squares))
    for given in (model, tmp_path, str(tmp_path), tmp_path / "model.safetensors"):
        network = GoogLeNet.from_pretrained(given).eval()
        assert network.preprocessing == model.preprocessing
        with torch.inference_mode():
            logits = network(to_network_input(torch.from_numpy(squares), model.preprocessing)).main
        np.testing.assert_allclose(logits.softmax(1).numpy(), expected, atol=1e-4)


def test_bvlc_by_its_name_for_ten_classes_keeps_all_but_the_classifier() -> None:
    network = GoogLeNet.from_pretrained("bvlc", classes=10)
    shipped = GoogLeNet.from_pretrained("bvlc")
    assert network.preprocessing is not None
    assert (network.preprocessing.channel_order, network.architecture.classes) == ("BGR", 10)
    assert network.get_parameter("linear.weight").shape == (10, 1024)
    ours, theirs = read_weights(network), read_weights(shipped)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not np.array_equal(ours[name], theirs[name])] == ["linear.weight", "linear.bias"]


@pytest.mark.parametrize("classes", [None, 3])
def test_as_many_classes_as_the_model_has_keep_its_classifier(model: Model, classes: int | None) -> None:
    weights = read_weights(GoogLeNet.from_pretrained(model, classes=classes))
    assert np.array_equal(weights["linear.weight"], model.weights["linear.weight"])
    assert not [name for name in weights if "auxiliary" in name]


def test_auxiliary_classifiers_are_the_models_or_else_new(model: Model) -> None:
    with_its_own = read_weights(GoogLeNet.from_pretrained(model, auxiliaries=True))
    assert all(np.array_equal(with_its_own[name], weight) for name, weight in model.weights.items())

    main_path = {name: weight for name, weight in model.weights.items() if not name.startswith("auxiliary")}
    new = GoogLeNet.from_pretrained(replace(model, weights=main_path), auxiliaries=True).train()
    assert all(head is not None and head.isfinite().all() for head in new(torch.zeros(2, 3, 32, 32)))


def test_new_layers_come_from_the_generator(model: Model) -> None:
    def drawn(seed: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return GoogLeNet.from_pretrained(model, classes=5, generator=generator).get_parameter("linear.weight")

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))


def test_a_model_in_memory_that_lacks_weights_is_not_filled_up_with_random_ones(model: Model) -> None:
    weights = {name: weight for name, weight in model.weights.items() if name != "3a.1x1.weight"}
    with pytest.raises(ModelFileError, match=r"the model: .*missing: 3a.1x1.weight"):
        GoogLeNet.from_pretrained(replace(model, weights=weights))


def test_training_the_network_leaves_the_model_as_it_was(model: Model) -> None:
    before = model.weights["linear.weight"].copy()
    network = GoogLeNet.from_pretrained(model)
    with torch.no_grad():
        network.get_parameter("linear.weight").add_(1)
    assert np.array_equal(model.weights["linear.weight"], before)


def test_what_is_not_one_network_is_refused_with_what_to_do(model: Model, tmp_path: Path) -> None:
    for number in (1, 2):
        save_model(model, tmp_path / f"{number}.safetensors")
    save_ensemble(tmp_path, ["1.safetensors", "2.safetensors"])
    with pytest.raises(InputError, match=r"is an ensemble of 2 networks: give one of them, such as .*1.safetensors"):
        GoogLeNet.from_pretrained(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"\x08\x07")
    with pytest.raises(InputError, match="is an exported file, which is only run: give the model"):
        GoogLeNet.from_pretrained(tmp_path / "model.onnx")
    (tmp_path / "weights.pth").write_bytes(b"PK\x03\x04")
    with pytest.raises(
        ModelFileError, match=r"is not a googlenet model: it is a zip archive.*; `googlenet import` makes"
    ):
        GoogLeNet.from_pretrained(tmp_path / "weights.pth")


@pytest.mark.parametrize(
    ("given", "classes", "message"),
    [
        ("bvcl", None, "bvcl: no such model file; did you mean 'bvlc'?"),
        ("resnet50", None, "this program has GoogLeNet only"),
        (7, None, "a model must be a path"),
        ("bvlc", 0, "classes must be an integer of at least 1, not 0"),
        ("bvlc", "ten", "classes must be an integer of at least 1, not 'ten'"),
    ],
)
def test_a_wrong_argument_is_a_sentence(given: str, classes: int | None, message: str) -> None:
    with pytest.raises(InputError) as error:
        GoogLeNet.from_pretrained(given, classes=classes)
    assert message in str(error.value)


def test_a_network_that_was_trained_elsewhere_is_a_model_again(model: Model, tmp_path: Path) -> None:
    network = GoogLeNet.from_pretrained(model, auxiliaries=True)
    network.linear = nn.Linear(network.get_submodule("linear").in_features, 2)  # type: ignore[arg-type]
    save_model(to_model(network, ["cat", "dog"]), tmp_path / "model.safetensors")
    classifier = googlenet.load(tmp_path / "model.safetensors")
    assert [one.name for one in classifier.classes] == ["cat", "dog"]
    square = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    x = to_network_input(torch.from_numpy(square[None]), model.preprocessing)
    with torch.inference_mode():
        expected = network.eval()(x).main.softmax(1).numpy()
    np.testing.assert_allclose(classifier.predict_proba([square]), expected, atol=1e-4)


def test_a_network_that_no_longer_fits_its_table_is_not_a_model(model: Model) -> None:
    network = GoogLeNet.from_pretrained(model)
    with pytest.raises(ModelFileError, match=r"the network: .*linear.weight .* instead of \(2, "):
        to_model(network, ["cat", "dog"])
    network.linear = nn.Identity()
    with pytest.raises(ModelFileError, match=r"missing: linear.weight, linear.bias"):
        to_model(network, ["n01", "n02", "n03"])
    with pytest.raises(InputError, match="classes must be a list of names, not 'cat'"):
        to_model(network, "cat")
    with pytest.raises(InputError, match=r"only a network from GoogLeNet.from_pretrained knows"):
        to_model(GoogLeNet(network.architecture), ["cat", "dog", "cow"])
