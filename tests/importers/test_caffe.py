"""Caffe's models, in each encoding that exists, become the same weights; another network is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from googlenet.architecture import INCEPTION_MODULES, build_architecture
from googlenet.errors import ModelFileError
from googlenet.importers import Provenance, import_file
from googlenet.importers.caffe import NAMES, read_caffemodel
from googlenet.network import GoogLeNet, network_with_weights, to_network_input
from googlenet.network.blocks import Convolution
from googlenet.protobuf import message_class

if TYPE_CHECKING:
    from tests.importers.conftest import Weights

Write = Callable[..., bytes]


def assert_same(got: Weights, expected: Weights) -> None:
    assert got.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(got[name], array, err_msg=name)


def changed(weights: Weights, **arrays: NDArray[np.float32] | None) -> Weights:
    """The weights with some replaced, added or (None) left out; `__` in a name stands for a dot."""
    new = weights | {name.replace("__", "."): array for name, array in arrays.items()}
    return {name: array for name, array in new.items() if array is not None}


@pytest.mark.parametrize("encoding", ["V1", "new"])
@pytest.mark.parametrize("numbers", ["packed", "unpacked", "double"])
def test_every_encoding_gives_the_same_weights(
    encoding: str, numbers: str, weights: Weights, write_caffemodel: Write
) -> None:
    found = read_caffemodel(write_caffemodel(weights, encoding=encoding, numbers=numbers), where="net")
    assert_same(found.weights, weights)
    assert (found.spec.variant, found.spec.classes) == ("paper", 1000)
    assert found.preprocessing.channel_order == "BGR"
    assert [(row.theirs, row.ours, row.shape) for row in found.layers][::57] == [
        ("conv1/7x7_s2", "conv1", (64, 3, 7, 7)),
        ("loss3/classifier", "linear", (1000, 1024)),
    ]


@pytest.mark.parametrize("encoding", ["V1", "new"])
def test_auxiliary_classifiers_come_along(
    encoding: str, weights_with_auxiliaries: Weights, write_caffemodel: Write
) -> None:
    found = read_caffemodel(write_caffemodel(weights_with_auxiliaries, encoding=encoding), where="net")
    assert_same(found.weights, weights_with_auxiliaries)
    assert found.spec.classes == 10


def test_the_auxiliary_classifiers_are_caffes_by_name_and_by_the_channels_they_read(
    weights_with_auxiliaries: Weights, write_caffemodel: Write
) -> None:
    """In Caffe loss1 reads 4a, of 512 channels, and loss2 reads 4d, of 528."""
    found = read_caffemodel(write_caffemodel(weights_with_auxiliaries), where="net")
    rows = {row.theirs: (row.ours, row.shape) for row in found.layers if row.theirs.startswith(("loss1", "loss2"))}
    assert rows == {
        "loss1/conv": ("auxiliary_4a.convolution", (128, 512, 1, 1)),
        "loss1/fc": ("auxiliary_4a.fully_connected", (1024, 2048)),
        "loss1/classifier": ("auxiliary_4a.linear", (10, 1024)),
        "loss2/conv": ("auxiliary_4d.convolution", (128, 528, 1, 1)),
        "loss2/fc": ("auxiliary_4d.fully_connected", (1024, 2048)),
        "loss2/classifier": ("auxiliary_4d.linear", (10, 1024)),
    }


@pytest.mark.parametrize(
    ("renamed", "bottoms"),
    [
        ({"loss3/classifier": "fc_cars"}, {}),
        ({f"loss{i}/classifier": f"loss{i}/classifier_model" for i in (1, 2, 3)}, {}),
        (
            {"loss1/classifier": "age_low", "loss2/classifier": "age_mid", "loss3/classifier": "age"},
            {"age_low": "loss1/fc", "age_mid": "loss2/fc", "age": "pool5/7x7_s1"},
        ),
    ],
)
def test_a_renamed_classifier_is_known_by_its_place(
    renamed: dict[str, str], bottoms: dict[str, str], weights_with_auxiliaries: Weights, write_caffemodel: Write
) -> None:
    data = write_caffemodel(weights_with_auxiliaries, renamed=renamed, bottoms=bottoms)
    found = read_caffemodel(data, where="net")
    assert_same(found.weights, weights_with_auxiliaries)
    assert {row.theirs: row.ours for row in found.layers}[renamed["loss3/classifier"]] == "linear"


def test_auxiliary_classifiers_of_other_classes_are_left_out_and_that_is_said(
    weights_with_auxiliaries: Weights, write_caffemodel: Write
) -> None:
    tuned = changed(
        weights_with_auxiliaries, linear__weight=np.ones((4, 1024), np.float32), linear__bias=np.ones(4, np.float32)
    )
    found = read_caffemodel(write_caffemodel(tuned, renamed={"loss3/classifier": "fc4"}), where="net")
    assert found.spec.classes == 4
    assert not [name for name in found.weights if name.startswith("auxiliary")]
    assert found.assumptions[0] == ("the auxiliary classifiers are dropped: they have 10 outputs, the main one has 4")


def test_another_network_is_refused_with_what_is_missing_and_what_is_left_over(
    weights: Weights, write_caffemodel: Write
) -> None:
    """A layer that happens to have one of our own names is not taken for ours."""
    other = {name: array for name, array in weights.items() if not name.startswith(("5b", "conv1"))}
    other["conv1.weight"], other["conv1.bias"] = weights["conv1.weight"], weights["conv1.bias"]
    data = write_caffemodel(other, renamed={"conv1/7x7_s2": "conv1"})
    with pytest.raises(ModelFileError) as caught:
        read_caffemodel(data, where="alexnet.caffemodel")
    sentence = str(caught.value)
    assert sentence.startswith("alexnet.caffemodel: the weights are not those of 'paper' with 1,000 classes (missing: ")
    assert "missing: conv1.weight, conv1.bias, 5b.1x1.weight and 11 more" in sentence
    assert "unexpected: 'conv1'.weight, 'conv1'.bias" in sentence


def test_without_a_classifier_no_number_of_classes_is_claimed(weights: Weights, write_caffemodel: Write) -> None:
    headless = {name: array for name, array in weights.items() if not name.startswith("linear")}
    with pytest.raises(ModelFileError, match=r"are not those of 'paper' \(missing: linear\.weight, linear\.bias\)"):
        read_caffemodel(write_caffemodel(headless), where="net")


@pytest.mark.parametrize("numbers", ["raw float16", "raw float32", "raw float64"])
def test_blobs_of_nvidias_caffe_are_read(numbers: str, weights: Weights, write_caffemodel: Write) -> None:
    found = read_caffemodel(write_caffemodel(weights, numbers=numbers), where="net")
    dtype = numbers.removeprefix("raw ")
    assert_same(found.weights, {name: array.astype(dtype).astype(np.float32) for name, array in weights.items()})


@pytest.mark.parametrize(
    ("kind", "raw", "clause"),
    [
        (3, bytes(4), r"a blob of the layer 'fc' has integers \(raw_data_type 3\); expected floats"),
        (2, bytes(3), "is damaged: a blob of the layer 'fc' has 3 bytes of float16"),
        (2, bytes(4), r"is damaged: a blob of the layer 'fc' has 2 values for the shape \(1,\)"),
    ],
)
def test_raw_data_of_another_kind_or_length_is_refused(kind: int, raw: bytes, clause: str) -> None:
    shape = message_class("caffe.BlobShape")(dim=[1]).SerializeToString()
    blob = message_class("caffe.BlobProto")(shape=shape, raw_data_type=kind, raw_data=raw).SerializeToString()
    layer = message_class("caffe.LayerParameter")(name=b"fc", blobs=[blob]).SerializeToString()
    with pytest.raises(ModelFileError, match=clause):
        read_caffemodel(message_class("caffe.NetParameter")(layer=[layer]).SerializeToString(), where="net")


def test_a_kernel_of_another_shape_is_named(weights: Weights, write_caffemodel: Write) -> None:
    other = changed(weights, conv2__weight=np.zeros((192, 64, 5, 5), np.float32))
    with pytest.raises(ModelFileError, match=r"conv2\.weight \(192, 64, 5, 5\) instead of \(192, 64, 3, 3\)"):
        read_caffemodel(write_caffemodel(other), where="net")


def test_two_layers_of_one_name_are_refused(weights: Weights, write_caffemodel: Write) -> None:
    data = write_caffemodel(weights, renamed={"inception_3a/1x1": "inception_3b/1x1"})
    with pytest.raises(ModelFileError, match="two layers with weights are called 'inception_3b/1x1'"):
        read_caffemodel(data, where="net")


@pytest.mark.parametrize("shape", [(2, 5), (), (-2, -3), (2**40, 2**40), (0,), (1,) * 9])
def test_a_blob_that_does_not_hold_what_its_shape_says_is_damage(shape: tuple[int, ...]) -> None:
    blob = message_class("caffe.BlobProto")(
        shape=message_class("caffe.BlobShape")(dim=shape).SerializeToString(), data=[1.0] * 6
    )
    layer = message_class("caffe.LayerParameter")(name=b"fc", type=b"InnerProduct", blobs=[blob.SerializeToString()])
    net = message_class("caffe.NetParameter")(layer=[layer.SerializeToString()])
    with pytest.raises(ModelFileError, match="net is damaged: a blob of the layer 'fc' has 6 values"):
        read_caffemodel(net.SerializeToString(), where="net")


def test_a_shape_of_a_thousand_sides_is_damage() -> None:
    shape = message_class("caffe.BlobShape")(dim=[1] * 1000).SerializeToString()
    blob = message_class("caffe.BlobProto")(shape=shape, data=[1.0]).SerializeToString()
    layer = message_class("caffe.LayerParameter")(name=b"fc", blobs=[blob]).SerializeToString()
    with pytest.raises(ModelFileError, match="the shape of a blob of the layer 'fc' has too many dimensions"):
        read_caffemodel(message_class("caffe.NetParameter")(layer=[layer]).SerializeToString(), where="net")


def test_a_network_description_without_weights_is_told_as_such() -> None:
    net = message_class("caffe.NetParameter")(name=b"GoogLeNet")
    with pytest.raises(ModelFileError, match="net contains no layers with weights"):
        read_caffemodel(net.SerializeToString(), where="net")


@pytest.mark.parametrize("empty", [b"\xa2\x06\x00", b"\x12\x00"])
def test_a_million_empty_layers_are_damage(empty: bytes) -> None:
    with pytest.raises(ModelFileError, match=r"a caffe\.NetParameter in it has 1,000,000 entries in 'layers?'"):
        read_caffemodel(empty * 1_000_000, where="net")


@pytest.mark.parametrize("share", [1e-6, 0.1, 0.999])
def test_a_file_that_was_cut_off_is_damaged(share: float, weights: Weights, write_caffemodel: Write) -> None:
    data = write_caffemodel(weights)
    with pytest.raises(ModelFileError, match="net is damaged"):
        read_caffemodel(data[: int(share * len(data))], where="net")


def test_the_real_weights_of_bvlc_are_read(bvlc: Path) -> None:
    found = import_file(bvlc, Provenance())
    assert found.format == "caffe"
    assert sum(array.size for array in found.model.weights.values()) == 6_998_552
    assert found.model.classes[0].id == "n01440764"
    assert found.model.about.source_sha256 == "ac5fa81a5079ff33126e50f4c107792d754d19868a4ab99b84282cec4da6af93"
    assert [sentence[:13] for sentence in found.assumptions] == ["1,000 outputs", "the file does"]


def test_every_layer_says_what_another_implementation_says_of_the_same_weights(bvlc: Path) -> None:
    """Activations of two pictures by OpenCV's reader of Caffe models, convolutions before their ReLU.

    The worst error is below 2e-5 of the layer's largest value.
    """
    reference = np.load(bvlc.with_name("bvlc_googlenet_reference_activations.npz"))
    model = import_file(bvlc, Provenance()).model
    network = network_with_weights(build_architecture(model.spec), model.weights).eval()
    seen: dict[str, torch.Tensor] = {}
    for name, module in _modules_by_their_names(network).items():
        module.register_forward_hook(partial(_keep, seen, name))
    with torch.inference_mode():
        logits = network(to_network_input(torch.from_numpy(reference["image_rgb_uint8"]), model.preprocessing)).main
    seen["prob"] = torch.softmax(logits, dim=1)
    names = {key.partition("|")[0] for key in reference.files if "|" in key}
    assert len(names) == 84
    assert seen.keys() == names
    errors = {}
    for name in names:
        ours = seen[name].numpy().reshape(-1)
        assert ours.size == np.prod(reference[f"{name}|shape"])
        difference = np.abs(ours[reference[f"{name}|index"]] - reference[f"{name}|value"]).max()
        errors[name] = float(difference / reference[f"{name}|max"])
    assert max(errors.values()) < 2e-5, errors


def _keep(seen: dict[str, torch.Tensor], name: str, module: torch.nn.Module, inputs: Any, output: torch.Tensor) -> None:
    """Keep what a layer gives; a convolution's without the ReLU that ours has inside."""
    if isinstance(module, Convolution):
        output = module.before_relu(inputs[0])
    seen[name] = output.clone()


def _modules_by_their_names(network: GoogLeNet) -> dict[str, torch.nn.Module]:
    ours = dict(network.named_modules())
    found = {theirs: ours[name] for theirs, name in NAMES.items() if name in ours}
    for row, layers in network.rows.items():
        if row.startswith("pool"):
            found[f"{row}/3x3_s2"] = ours[layers[0]]
        if row in INCEPTION_MODULES:
            found[f"inception_{row}/output"] = ours[row]
            (pool,) = (child for child in ours[row].children() if isinstance(child, torch.nn.MaxPool2d))
            found[f"inception_{row}/pool"] = pool
    return found | {
        "pool1/norm1": ours[network.rows["pool1"][1]],
        "conv2/norm2": ours[network.rows["conv2"][2]],
        "pool5/7x7_s1": ours[network.rows["average_pool"][0]],
    }
