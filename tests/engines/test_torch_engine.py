"""The torch engine says what its network says, of uint8 squares, whatever the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.engines import Extra, open_engine
from googlenet.engines.torch_engine import TorchEngine, choose_device
from googlenet.errors import InputError
from googlenet.images import ChannelOrder, Preprocessing
from googlenet.model import ClassLabel, Model
from googlenet.network import GoogLeNet, read_weights

IMAGES: NDArray[np.uint8] = np.random.default_rng(5).integers(0, 256, (6, 32, 32, 3), np.uint8)


def make_model(order: ChannelOrder = "RGB", *, auxiliaries: bool = True) -> Model:
    channels = 1 if order == "GREY" else 3
    spec = ArchitectureSpec("small-32", classes=4, channels=channels, width=0.125)
    network = GoogLeNet(build_architecture(spec))
    return Model(
        spec,
        read_weights(network, auxiliaries=auxiliaries),
        tuple(ClassLabel(name, name) for name in "abcd"),
        Preprocessing(32, 32, "squash", order, (100.0, 110.0, 120.0)[:channels], (0.02,) * channels),
    )


def test_probabilities_are_a_share_for_each_class() -> None:
    outputs = open_engine(make_model(), device="cpu").run(IMAGES)
    assert outputs.probabilities.shape == (6, 4)
    assert outputs.probabilities.dtype == np.float32
    assert (outputs.probabilities > 0).all()
    np.testing.assert_allclose(outputs.probabilities.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("order", ["RGB", "BGR", "GREY"])
def test_the_models_own_preprocessing_is_applied(order: ChannelOrder) -> None:
    """Computed here from the record, with numpy, and put through the network by hand."""
    model = make_model(order)
    pixels = IMAGES.astype(np.float64)
    planes = {"RGB": pixels, "BGR": pixels[..., ::-1], "GREY": pixels @ np.array([[0.299], [0.587], [0.114]])}[order]
    x = (planes - model.preprocessing.mean) * model.preprocessing.scale
    engine = TorchEngine.from_model(model, device="cpu")
    with torch.inference_mode():
        logits = engine.network(torch.from_numpy(x.transpose(0, 3, 1, 2)).float()).main
    expected = torch.softmax(logits, 1).numpy()
    assert expected.std() > 1e-3
    np.testing.assert_allclose(engine.run(IMAGES).probabilities, expected, rtol=1e-4, atol=1e-6)


def test_a_picture_gets_the_same_answer_alone_and_in_company() -> None:
    engine = TorchEngine.from_model(make_model(), device="cpu")
    together = engine.run(IMAGES).probabilities
    alone = np.concatenate([engine.run(IMAGES[index : index + 1]).probabilities for index in range(len(IMAGES))])
    np.testing.assert_allclose(alone, together, atol=1e-6)


def test_features_and_maps_are_given_where_they_are_asked_for() -> None:
    """The maps' average is the features, and the last layer makes the probabilities of those."""
    model = make_model()
    engine = TorchEngine.from_model(model, device="cpu")
    plain, with_both = engine.run(IMAGES), engine.run(IMAGES, also=("features", "feature_maps"))
    assert (plain.features, plain.feature_maps) == (None, None)
    assert with_both.features is not None
    assert with_both.feature_maps is not None
    np.testing.assert_array_equal(plain.probabilities, with_both.probabilities)
    np.testing.assert_allclose(with_both.features, with_both.feature_maps.mean(axis=(2, 3)), atol=1e-6)
    logits = with_both.features @ model.weights["linear.weight"].T + model.weights["linear.bias"]
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(plain.probabilities, shares / shares.sum(axis=1, keepdims=True), rtol=1e-4)
    feature_maps: tuple[Extra, ...] = ("feature_maps",)
    assert engine.run(IMAGES, also=feature_maps).features is None


def test_auxiliary_classifiers_are_not_needed_and_change_nothing() -> None:
    with_them, without = (
        TorchEngine.from_model(make_model(auxiliaries=auxiliaries), device="cpu") for auxiliaries in (True, False)
    )
    np.testing.assert_array_equal(with_them.run(IMAGES).probabilities, without.run(IMAGES).probabilities)


def test_a_view_into_a_larger_array_is_taken_as_it_is() -> None:
    engine = TorchEngine.from_model(make_model(), device="cpu")
    mirrored = IMAGES[:, :, ::-1]
    np.testing.assert_array_equal(
        engine.run(mirrored).probabilities, engine.run(np.ascontiguousarray(mirrored)).probabilities
    )


def test_the_network_is_switched_to_evaluation_and_keeps_no_graph() -> None:
    network = GoogLeNet(build_architecture(make_model().spec)).train()
    engine = TorchEngine(network, make_model().preprocessing)
    first, second = engine.run(IMAGES).probabilities, engine.run(IMAGES).probabilities
    assert not network.training
    np.testing.assert_array_equal(first, second)  # no dropout, no running statistics moved


def test_the_name_tells_the_device() -> None:
    assert TorchEngine.from_model(make_model(), device="cpu").name == "torch (cpu)"


def test_a_device_is_chosen_where_none_is_named() -> None:
    assert choose_device(None) in ("cpu", "cuda", "mps")
    assert choose_device("cpu") == "cpu"


@pytest.mark.parametrize("device", ["cuda:77", "toaster", "", "meta"])
def test_a_device_that_cannot_be_used_is_a_sentence(device: str) -> None:
    with pytest.raises(InputError, match=f"the device '{device}' cannot be used .*without --device, one is chosen"):
        choose_device(device)
