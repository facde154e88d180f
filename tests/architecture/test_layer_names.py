"""Names of layers: which there are, what they mean, and what other programs call them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from googlenet.architecture import (
    PAPER,
    VARIANTS,
    ArchitectureSpec,
    build_architecture,
    find_layer,
    layer_names,
    receptive_fields,
    row_shapes,
    weight_shapes,
)
from googlenet.architecture.layers import MaxPool
from googlenet.errors import InputError
from googlenet.importers import caffe, inception5h, torchvision

REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "bvlc_googlenet_reference_activations.npz"


def test_a_module_is_named_with_its_layers_in_the_order_of_the_network() -> None:
    names = list(layer_names(PAPER))
    assert names[:9] == [
        *("conv1", "pool1/pool", "pool1/response_norm", "pool1"),
        *("conv2/conv2_reduce", "conv2/conv2", "conv2/response_norm", "conv2", "pool2"),
    ]
    layers = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool", "pool_projection")
    assert [name for name in names if name.startswith("4a")] == [*(f"4a/{layer}" for layer in layers), "4a"]
    assert names[-3:] == ["5b", "average_pool", "linear"]


def test_shape_stride_and_receptive_field_are_those_of_the_layer() -> None:
    found = layer_names(PAPER)
    assert found["4a/3x3"].shape == (14, 14, 208)
    assert found["3a/1x1"].receptive_field.size == 27
    assert found["3a/5x5"].receptive_field.size == 27 + 4 * 8
    assert layer_names(PAPER, input_size=320)["4a"].shape == (20, 20, 512)


@pytest.mark.parametrize("variant", VARIANTS)
def test_rows_agree_with_the_table_in_every_variant(variant: str) -> None:
    table = build_architecture(ArchitectureSpec(variant))
    found = layer_names(table)
    shapes, fields = row_shapes(table), receptive_fields(table)
    for row in table.rows:
        if row.kind not in ("dropout", "softmax"):
            assert (found[row.name].shape, found[row.name].receptive_field) == (shapes[row.name], fields[row.name])


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_layer_with_weights_is_found_by_the_name_of_its_weights(variant: str) -> None:
    table = build_architecture(ArchitectureSpec(variant))
    for weight, shape in weight_shapes(table, auxiliaries=False).items():
        if len(shape) > 1:
            name, _ = find_layer(table, weight.removesuffix(".weight"))
            if not weight.startswith("conv2."):  # the row, whose last layer may be an LRN
                assert layer_names(table)[name].shape[2] == shape[0]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_name_is_found_as_itself(variant: str) -> None:
    table = build_architecture(ArchitectureSpec(variant))
    assert [find_layer(table, name) for name in layer_names(table)] == [(name, False) for name in layer_names(table)]


@pytest.mark.parametrize(
    ("text", "name", "before_relu"),
    [
        ("conv2_reduce", "conv2/conv2_reduce", False),
        ("4a.3x3", "4a/3x3", False),
        ("4a/3x3_pre_relu", "4a/3x3", True),
        ("conv2d0", "conv1", False),
        ("conv2d2_pre_relu", "conv2/conv2", True),
        ("mixed4a", "4a", False),
        ("mixed4a_pre_relu", "4a", True),
        ("mixed4a_3x3_bottleneck", "4a/3x3_reduce", False),
        ("mixed4a_pool_reduce_pre_relu_conv", "4a/pool_projection", True),
        ("localresponsenorm1", "conv2/response_norm", False),
        ("softmax2_pre_activation", "linear", False),
        ("inception_4a/3x3", "4a/3x3", False),
        ("inception_4a/output", "4a", False),
        ("conv1/7x7_s2", "conv1", False),
        ("conv2/3x3", "conv2/conv2", False),
        ("loss3/classifier", "linear", False),
        ("inception4a.branch2.1", "4a/3x3", False),
        ("inception4a.branch4.1.bn", "4a/pool_projection", True),
        ("conv3", "conv2/conv2", False),
        ("fc", "linear", False),
    ],
)
def test_names_of_other_programs(text: str, name: str, before_relu: bool) -> None:
    assert find_layer(PAPER, text) == (name, before_relu)


def test_all_layers_that_the_importers_know_are_found() -> None:
    """The importers' own tables, which were checked against real files, say the same."""
    lucid = {theirs.removesuffix("_pre_relu_conv"): ours for theirs, ours in inception5h.LAYERS.items()}
    kernels = {
        theirs.removesuffix(".conv.weight"): ours.removesuffix(".weight")
        for theirs, ours in torchvision.NAMES.items()
        if theirs.endswith(".conv.weight")
    }
    clash = {"conv2"}  # our row; the importer's is torchvision's 1x1 convolution
    for theirs, ours in (caffe.NAMES | lucid | kernels).items():
        if not ours.startswith("auxiliary") and theirs not in clash:
            layer = {"conv2": "conv2/conv2", "conv2_reduce": "conv2/conv2_reduce"}.get(ours, ours.replace(".", "/"))
            assert find_layer(PAPER, theirs) == (layer, False), theirs


def test_a_name_of_two_programs_is_that_of_the_network_s_own() -> None:
    assert find_layer(build_architecture(ArchitectureSpec("inception5h")), "maxpool1") == ("pool2", False)
    assert find_layer(build_architecture(ArchitectureSpec("torchvision")), "maxpool1") == ("pool1", False)
    with pytest.raises(InputError, match="'maxpool1' is pool2 in lucid and pool1/pool in torchvision"):
        find_layer(PAPER, "maxpool1")


def test_a_row_of_one_layer_is_found_by_the_layer_s_name_too() -> None:
    """So that `pool1/pool` means the pool in variants without LRN, where the row is nothing else."""
    table = build_architecture(ArchitectureSpec("batchnorm"))
    assert find_layer(table, "pool1/pool") == find_layer(table, "maxpool0") == ("pool1", False)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("4a/3x4", "the variant 'paper' has no layer called '4a/3x4'; did you mean '4a/3x3'?"),
        ("xyz", "`googlenet info MODEL --layers` lists the names"),
        ("3x3", "9 layers are called '3x3': say which, for example '3a/3x3'"),
        ("pool3_pre_relu", "pool3 does not end in a ReLU, so it has no value before one: ask for its output"),
        ("softmax2", "`linear` is what the softmax reads"),
        ("loss1/conv", "auxiliary classifiers run in training only"),
    ],
)
def test_what_is_said_of_other_names(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        find_layer(PAPER, text)
    assert sentence in str(error.value)


def test_a_layer_that_another_variant_has_is_named() -> None:
    naive = build_architecture(ArchitectureSpec("naive"))
    with pytest.raises(
        InputError, match="'naive' has no layer '4a/3x3_reduce', which is what 'mixed4a_3x3_bottleneck'"
    ):
        find_layer(naive, "mixed4a_3x3_bottleneck")


def test_two_layers_that_would_be_called_alike_are_numbered() -> None:
    pool1, others = PAPER.rows[1], PAPER.rows[2:]
    twice = replace(pool1, layers=(MaxPool(3, 2), MaxPool(3, 1, 1)))
    found = layer_names(replace(PAPER, rows=(PAPER.rows[0], twice, *others)))
    assert [name for name in found if name.startswith("pool1")] == ["pool1/pool", "pool1/pool_2", "pool1"]


def test_names_are_those_of_the_reference_s_layers() -> None:
    """Shapes of the 83 layers that another implementation computed; only its probabilities are not a layer here."""
    if not REFERENCE.is_file():
        pytest.skip(f"needs {REFERENCE}")
    reference = np.load(REFERENCE)
    theirs = {key.removesuffix("|shape"): reference[key] for key in reference.files if key.endswith("|shape")}
    ours = layer_names(PAPER)
    for name, shape in theirs.items():
        if name != "prob":
            height, width, channels = ours[find_layer(PAPER, name)[0]].shape
            assert list(shape) in ([2, channels, height, width], [2, channels]), name
