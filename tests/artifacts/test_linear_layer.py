"""The last layer is read from every kind of model, and comes out the same; a .pt2 is in `test_exactness`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest

from googlenet.architecture import ArchitectureSpec, ReceptiveField, build_architecture
from googlenet.artifacts import ExportedModel, Target, describe_content, last_layer
from googlenet.artifacts.openvino_layer import read_last_layer
from googlenet.errors import InputError, ModelFileError
from googlenet.export import EXPORT_TARGETS
from googlenet.export.int8 import to_int8
from googlenet.graph import build_graph
from googlenet.model import Model
from googlenet.network import GoogLeNet, read_weights
from tests.artifacts.exported_models import exported, small_model

TARGETS: tuple[Target, ...] = ("onnx", "openvino")


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture(scope="module")
def in_int8(model: Model) -> Callable[[Target], ExportedModel]:
    """The model in int8 as an exported file of a target, made once."""

    @cache
    def make(target: Target) -> ExportedModel:
        demand(target)
        squares = np.random.default_rng(1).integers(0, 256, (4, 32, 32, 3), np.uint8)
        content = EXPORT_TARGETS[target].encode(to_int8(build_graph(model), squares), [model])
        described = exported("onnx", [model]).description
        return describe_content(content, msgspec.structs.replace(described, target=target, precision="int8"))

    return make


def demand(target: Target) -> None:
    """Skip the test where the package of a target is missing."""
    if package := EXPORT_TARGETS[target].package:
        pytest.importorskip(package)


@pytest.mark.parametrize("target", TARGETS)
def test_an_exported_file_has_the_layer_of_its_model(model: Model, target: Target) -> None:
    demand(target)
    layer = last_layer(exported(target, [model]))
    np.testing.assert_array_equal(layer.weight, model.weights["linear.weight"])
    np.testing.assert_array_equal(layer.bias, model.weights["linear.bias"])
    assert layer.weight.dtype == layer.bias.dtype == np.float32
    assert layer.field == last_layer(model).field == ReceptiveField(181, 8, 7.5)


@pytest.mark.parametrize("target", TARGETS)
def test_an_int8_file_has_it_dequantized(
    model: Model, in_int8: Callable[[Target], ExportedModel], target: Target
) -> None:
    layer, exact = last_layer(in_int8(target)), last_layer(model)
    steps = np.abs(exact.weight).max(1, keepdims=True) / 64  # of at most 7 bits
    assert (np.abs(layer.weight - exact.weight) <= steps).all()
    assert not np.array_equal(layer.weight, exact.weight)
    assert layer.weight.dtype == layer.bias.dtype == np.float32


def test_both_int8_files_have_the_same(in_int8: Callable[[Target], ExportedModel]) -> None:
    one, other = (last_layer(in_int8(target)) for target in TARGETS)
    np.testing.assert_array_equal(one.weight, other.weight)
    np.testing.assert_allclose(one.bias, other.bias, rtol=1e-6)


def test_several_networks_in_one_file_have_no_last_layer_in_common() -> None:
    with pytest.raises(InputError, match="averages 2 networks, which have no last layer in common"):
        last_layer(exported("onnx", [small_model(0), small_model(1)]))


def test_a_head_of_two_layers_cannot_be_explained(model: Model) -> None:
    spec = ArchitectureSpec("fully-connected", classes=3, width=0.05)
    weights = read_weights(GoogLeNet(build_architecture(spec)), auxiliaries=False)
    with pytest.raises(InputError, match="the variant fully-connected has other layers than an average"):
        last_layer(replace(model, spec=spec, weights=weights))


def remove_bias(network: ElementTree.Element) -> None:
    (softmax,) = network.iterfind("layers/layer[@type='SoftMax']")
    (edge,) = network.iterfind(f"edges/edge[@to-layer='{softmax.get('id')}']")
    (product,) = network.iterfind("layers/layer[@type='MatMul']")
    edge.set("from-layer", product.get("id", ""))


def forget_edges(network: ElementTree.Element) -> None:
    for edges in network.iterfind("edges"):
        edges.clear()


def add_softmax(network: ElementTree.Element) -> None:
    for layers in network.iterfind("layers"):
        ElementTree.SubElement(layers, "layer", id="another", type="SoftMax")


def make_circle(network: ElementTree.Element) -> None:
    """Let a conversion read itself, in place of the matrix."""
    (product,) = network.iterfind("layers/layer[@type='MatMul']")
    for layers in network.iterfind("layers"):
        ElementTree.SubElement(layers, "layer", id="circle", type="Convert")
    for edges in network.iterfind("edges"):
        ElementTree.SubElement(edges, "edge", {"from-layer": "circle", "to-layer": "circle", "to-port": "0"})
    (edge,) = network.iterfind(f"edges/edge[@to-layer='{product.get('id')}'][@to-port='1']")
    edge.set("from-layer", "circle")


@pytest.mark.parametrize("change", [remove_bias, forget_edges, add_softmax, make_circle])
def test_an_ir_with_another_end_is_refused_by_name(model: Model, change: Callable[[ElementTree.Element], None]) -> None:
    demand("openvino")
    xml, constants = exported("openvino", [model]).content
    network = ElementTree.fromstring(xml)
    change(network)
    with pytest.raises(ModelFileError, match="model-openvino: its last layer is not written in a form"):
        read_last_layer((ElementTree.tostring(network), constants), where=str(Path("model-openvino")))
