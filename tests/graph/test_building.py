"""The graph says what the torch network says: every variant, every order of channels, any size, several models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from googlenet.architecture import VARIANTS, ArchitectureSpec, build_architecture, input_sizes
from googlenet.artifacts import encode_onnx
from googlenet.engines.onnx_engine import OnnxEngine
from googlenet.engines.torch_engine import TorchEngine
from googlenet.errors import InputError, ModelFileError
from googlenet.graph import Graph, Node, build_graph
from googlenet.images import CHANNEL_ORDERS, ChannelOrder, Preprocessing
from googlenet.model import ClassLabel, Model
from googlenet.network import GoogLeNet, read_weights

MEAN, SCALE = (100.0, 110.0, 125.0), (0.02, 0.018, 0.022)


def own_or_less(variant: str, most: int) -> int:
    """A variant's own input size, or `most` px where that is smaller and the variant takes any size."""
    table = VARIANTS[variant].build()
    return min(table.input_size, most) if input_sizes(table)[1] is None else table.input_size


def make_model(variant: str, order: ChannelOrder = "RGB", *, seed: int = 0, width: float = 0.125) -> Model:
    """A narrow network whose norms have statistics of their own, so that folding them wrongly shows."""
    channels = 1 if order == "GREY" else 3
    spec = ArchitectureSpec(variant, classes=5, channels=channels, width=width)
    generator = torch.Generator().manual_seed(seed)
    network = GoogLeNet(build_architecture(spec), auxiliaries=False, generator=generator)
    for name, tensor in network.state_dict().items():
        if ".normalization." in name and tensor.is_floating_point():
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif name.endswith("linear.weight"):
            tensor.mul_(10)  # so that the classes differ
    input_size = own_or_less(variant, 96)
    return Model(
        spec,
        read_weights(network),
        tuple(ClassLabel(name, name) for name in "abcde"),
        Preprocessing(input_size, input_size, "squash", order, MEAN[:channels], SCALE[:channels]),
    )


def make_images(input_size: int, count: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(input_size).integers(0, 256, (count, input_size, input_size, 3), np.uint8)


def assert_same_answer(model: Model, images: NDArray[np.uint8]) -> None:
    expected = TorchEngine.from_model(model, device="cpu").run(images).probabilities
    assert expected.std() > 1e-3
    np.testing.assert_allclose(OnnxEngine.from_model(model).run(images).probabilities, expected, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variants_graph_answers_as_its_network(variant: str) -> None:
    model = make_model(variant)
    assert_same_answer(model, make_images(model.preprocessing.input_size))


@pytest.mark.parametrize("order", CHANNEL_ORDERS)
def test_the_order_of_the_channels_is_inside_the_graph(order: ChannelOrder) -> None:
    assert_same_answer(make_model("small-32", order), make_images(32))


@pytest.mark.parametrize("input_size", [57, 96, 131])
def test_one_graph_takes_pictures_of_any_size_and_number(input_size: int) -> None:
    assert_same_answer(make_model("paper"), make_images(input_size, count=input_size % 3 + 1))


@pytest.mark.parametrize("variant", ["paper", "batchnorm", "fully-connected"])
def test_the_file_passes_the_checker_of_the_format(variant: str) -> None:
    file = onnx.load_from_string(encode_onnx(build_graph(make_model(variant)), {"key": "value"}))
    onnx.checker.check_model(file, full_check=True)
    assert [(entry.key, entry.value) for entry in file.metadata_props] == [("key", "value")]


def test_features_are_the_mean_of_the_maps_and_what_the_classifier_reads() -> None:
    model = make_model("paper")
    outputs = OnnxEngine.from_model(model).run(make_images(96), also=("features", "feature_maps"))
    assert outputs.features is not None
    assert outputs.feature_maps is not None
    assert outputs.feature_maps.shape == (3, 128, 3, 3)
    np.testing.assert_allclose(outputs.features, outputs.feature_maps.mean(axis=(2, 3)), rtol=1e-4)
    logits = outputs.features @ model.weights["linear.weight"].T + model.weights["linear.bias"]
    likelihoods = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(outputs.probabilities, likelihoods / likelihoods.sum(1, keepdims=True), atol=1e-5)


def test_several_models_are_one_graph_that_answers_with_their_mean() -> None:
    models = [make_model("small-32", seed=seed, width=width) for seed, width in ((1, 0.125), (2, 0.25))]
    images = make_images(32)
    graph = build_graph(*models)
    outputs = OnnxEngine(encode_onnx(graph), where="two models").run(images, also=("features", "feature_maps"))
    alone = [TorchEngine.from_model(model, device="cpu").run(images).probabilities for model in models]
    np.testing.assert_allclose(outputs.probabilities, np.mean(alone, axis=0), atol=1e-5)
    assert outputs.features is not None
    assert outputs.features.shape == (3, 128 + 256)


def test_models_that_prepare_pictures_differently_are_refused() -> None:
    one = make_model("small-32")
    other = replace(one, preprocessing=replace(one.preprocessing, mean=(0.0, 0.0, 0.0)))
    with pytest.raises(InputError, match="have different preprocessing"):
        build_graph(one, other)


def test_the_same_model_gives_the_same_bytes() -> None:
    assert encode_onnx(build_graph(make_model("paper"))) == encode_onnx(build_graph(make_model("paper")))


def test_a_graph_that_does_not_hold_together_is_refused() -> None:
    graph = build_graph(make_model("small-32"))
    with pytest.raises(InputError, match="which does not exist yet"):
        replace(graph, nodes=graph.nodes[1:])
    with pytest.raises(InputError, match="is defined twice"):
        replace(graph, nodes=(*graph.nodes, graph.nodes[-1]))
    with pytest.raises(InputError, match=r"its output .* is not defined"):
        replace(graph, nodes=graph.nodes[:-1])
    assert isinstance(replace(graph, nodes=(*graph.nodes, Node("Relu", ("feature_maps",), "more"))), Graph)


def test_weights_that_overflow_with_the_scale_of_the_pictures_are_refused() -> None:
    model = make_model("small-32")
    scaled = replace(model.preprocessing, scale=(100.0,) * len(model.preprocessing.scale))
    huge = replace(model, preprocessing=scaled, weights={name: w * 0 + 3e38 for name, w in model.weights.items()})
    with pytest.raises(ModelFileError, match="is too large for float32"):
        build_graph(huge)
