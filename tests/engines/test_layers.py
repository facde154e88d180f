"""The outputs of layers: every engine gives what the torch network gives, for every variant, before and after ReLUs."""

from __future__ import annotations

import importlib.util
import pickle
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from googlenet.architecture import VARIANTS, AskedLayer, build_architecture, layer_names
from googlenet.engines import ENGINES, ReopenableEngine, open_engine
from googlenet.engines.torch_engine import TorchEngine
from googlenet.graph import build_graph, build_layer_graph
from googlenet.model import Model
from tests.graph.test_building import make_images, make_model

OTHERS = [name for name, entry in ENGINES.items() if name != "torch" and importlib.util.find_spec(entry.package)]


def all_layers(model: Model) -> tuple[AskedLayer, ...]:
    """Every layer after its ReLU, and before it where it has one."""
    infos = layer_names(build_architecture(model.spec)).values()
    return tuple(
        AskedLayer(f"{layer.name} {before_relu}", layer.name, before_relu)
        for layer in infos
        for before_relu in (False, True)
        if layer.has_relu or not before_relu
    )


def opened(model: Model, name: str) -> ReopenableEngine:
    engine = open_engine(model, name=name, device="cpu", threads=1)
    assert isinstance(engine, ReopenableEngine)
    return engine


@cache
def expected(variant: str) -> tuple[Model, NDArray[np.uint8], tuple[NDArray[np.float32], ...]]:
    """A narrow network of a variant, pictures, and what torch gives at all of its layers."""
    model = make_model(variant)
    images = make_images(model.preprocessing.input_size, 2)
    return model, images, TorchEngine.from_model(model, device="cpu", layers=all_layers(model)).run_layers(images)


PAIRS = [
    (name, variant)
    for name in OTHERS
    for variant in VARIANTS
    if name != "native" or "fully-connected" not in variant  # it has no kernel for a linear layer over a grid
    if name != "openvino" or variant in ("paper", "naive", "torchvision")  # it compiles for a second each
]


@pytest.mark.parametrize(("name", "variant"), PAIRS)
def test_every_engine_gives_what_the_network_gives(name: str, variant: str) -> None:
    model, images, wanted = expected(variant)
    found = opened(model, name).for_layers(all_layers(model)).run_layers(images)
    for asked, values, reference in zip(all_layers(model), found, wanted, strict=True):
        assert values.shape == reference.shape, asked
        assert np.abs(values - reference).max() < 5e-5 * max(np.abs(reference).max(), 1e-3), asked


@pytest.mark.parametrize("variant", ["paper", "naive", "torchvision"])
def test_the_relu_of_the_value_before_it_is_the_output(variant: str) -> None:
    model, _, values = expected(variant)
    found = {(asked.name, asked.before_relu): array for asked, array in zip(all_layers(model), values, strict=True)}
    pairs = [name for name, before_relu in found if before_relu]
    assert {"4a", "4a/3x3", "conv1"} <= set(pairs)
    for name in pairs:
        assert found[name, True].min() < 0
        np.testing.assert_array_equal(np.maximum(found[name, True], 0), found[name, False])


@pytest.mark.parametrize("name", OTHERS)
def test_layers_may_be_few_in_any_order_and_repeated(name: str) -> None:
    model, images, _ = expected("paper")
    asked = [AskedLayer("a", "4a/3x3"), AskedLayer("b", "conv1"), AskedLayer("c", "4a/3x3"), AskedLayer("d", "linear")]
    wanted = TorchEngine.from_model(model, device="cpu", layers=asked).run_layers(images)
    found = opened(model, name).for_layers(asked).run_layers(images)
    for values, reference in zip(found, wanted, strict=True):
        np.testing.assert_allclose(values, reference, atol=5e-5 * np.abs(reference).max())


def test_nothing_behind_the_last_layer_is_computed() -> None:
    model, _, _ = expected("paper")
    graph = build_layer_graph(model, [AskedLayer("conv1", "conv1"), AskedLayer("pool1", "pool1")])
    operators = [node.operator for node in graph.nodes]
    assert operators == ["Transpose", "Cast", "Sub", "Conv", "Relu", "MaxPool", "LRN", "Identity", "Identity"]
    assert len(operators) < len(build_graph(model).nodes) / 10


@pytest.mark.parametrize("name", OTHERS)
def test_an_engine_for_layers_can_be_copied_to_another_process(name: str) -> None:
    model, images, _ = expected("small-32")
    engine = opened(model, name).for_layers([AskedLayer("3a", "3a")])
    (values,), (again,) = engine.run_layers(images), pickle.loads(pickle.dumps(engine)).run_layers(images)
    np.testing.assert_array_equal(values, again)
