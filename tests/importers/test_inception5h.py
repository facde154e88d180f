"""The network published as inception5h, from the state dict of a PyTorch port."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from googlenet.architecture import ArchitectureSpec, build_architecture, weight_shapes
from googlenet.dataset import open_dataset, relabel
from googlenet.engines import open_engine
from googlenet.errors import InputError, ModelFileError
from googlenet.evaluation import evaluate
from googlenet.importers import ImportedModel, Provenance, import_file, read_classes
from googlenet.importers.inception5h import NAMES
from googlenet.model import ClassLabel
from googlenet.pretrained import imagenet_classes, inception5h_classes

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
WEIGHTS, PICTURES = SHARED / "inception5h.pth", SHARED / "imagenet-sample.tar"
OUTPUTS_OF_REAL_WEIGHTS = SHARED / "inception5h_classes.txt"

State = dict[str, torch.Tensor]

# Names and shapes as the ports have them: written out where the network is not the paper's, or a name is not plain.
SHAPES = {
    "conv2d0_pre_relu_conv.weight": (64, 3, 7, 7),
    "conv2d1_pre_relu_conv.bias": (64,),
    "conv2d2_pre_relu_conv.weight": (192, 64, 3, 3),
    "mixed3a_3x3_bottleneck_pre_relu_conv.weight": (96, 192, 1, 1),
    "mixed3a_pool_reduce_pre_relu_conv.weight": (32, 192, 1, 1),
    "mixed4a_3x3_pre_relu_conv.weight": (204, 96, 3, 3),
    "mixed4b_1x1_pre_relu_conv.weight": (160, 508, 1, 1),
    "mixed5a_5x5_bottleneck_pre_relu_conv.weight": (48, 832, 1, 1),
    "mixed5a_5x5_pre_relu_conv.weight": (128, 48, 5, 5),
    "softmax2_pre_activation_matmul.weight": (1008, 1024),
}


def make_state(classes: int = 1008) -> State:
    shapes = weight_shapes(build_architecture(ArchitectureSpec("inception5h", classes=classes)), auxiliaries=False)
    generator = torch.Generator().manual_seed(5)
    return {theirs: torch.rand(shapes[ours], generator=generator) for theirs, ours in NAMES.items()}


def imported(state: State, folder: Path, classes: tuple[ClassLabel, ...] | None = None) -> ImportedModel:
    torch.save(state, folder / "inception5h.pth")
    return import_file(folder / "inception5h.pth", Provenance(), classes=classes)


def test_the_names_and_shapes_are_the_ports() -> None:
    state = make_state()
    assert {name: tuple(state[name].shape) for name in SHAPES} == SHAPES
    assert sum(tensor.numel() for tensor in state.values()) == 7_066_380


def test_each_weight_comes_under_its_own_name_with_the_published_preprocessing(tmp_path: Path) -> None:
    state = make_state()
    found = imported(state, tmp_path)
    assert found.format == "inception5h"
    assert found.model.spec == ArchitectureSpec("inception5h", classes=1008)
    for theirs, ours in NAMES.items():
        np.testing.assert_array_equal(found.model.weights[ours], state[theirs].numpy(), err_msg=theirs)
    preprocessing = found.model.preprocessing
    assert (preprocessing.channel_order, preprocessing.mean, preprocessing.scale) == ("RGB", (117.0,) * 3, (1.0,) * 3)
    assert [(row.theirs, row.ours) for row in found.layers][-1] == ("softmax2_pre_activation_matmul", "linear")


def test_its_1008_outputs_have_the_classes_of_the_published_weights_and_that_is_said(tmp_path: Path) -> None:
    found = imported(make_state(), tmp_path)
    assert [found.model.classes[index] for index in (0, 1, 1000)] == [
        ClassLabel("dummy", "dummy class for index 0"),
        ClassLabel("n02119789", "kit fox, Vulpes macrotis"),
        ClassLabel("n03255030", "dumbbell"),
    ]
    assert {one.id for one in imagenet_classes()} == {one.id for one in found.model.classes[1:1001]}
    assert found.assumptions[0].startswith("1,008 outputs and no class names: assumed to be inception5h's")


@pytest.mark.skipif(not OUTPUTS_OF_REAL_WEIGHTS.is_file(), reason=f"needs {OUTPUTS_OF_REAL_WEIGHTS}")
def test_the_classes_are_in_the_order_of_the_real_weights() -> None:
    theirs = read_classes(str(OUTPUTS_OF_REAL_WEIGHTS))
    assert inception5h_classes()[1:1001] == theirs[1:1001]
    assert [one.name for one in inception5h_classes()[1001:]] == [one.name for one in theirs[1001:]]


@pytest.mark.parametrize(
    ("port_lrn", "variant", "sentence"),
    [
        (False, "inception5h", "assumed to be that of the published graph, 11 channels, k 2 (use --port-lrn"),
        (True, "inception5h-port", "the LRN of the PyTorch ports (--port-lrn): 9 channels, k 1"),
    ],
)
def test_which_lrn_is_taken_for_granted_is_said_and_can_be_chosen(
    port_lrn: bool, variant: str, sentence: str, tmp_path: Path
) -> None:
    torch.save(make_state(), tmp_path / "net.pth")
    found = import_file(tmp_path / "net.pth", Provenance(), port_lrn=port_lrn)
    assert found.model.spec.variant == variant
    assert [one for one in found.assumptions if "LRN" in one] == [found.assumptions[-1]]
    assert sentence in found.assumptions[-1]


def test_the_lrn_of_a_port_is_for_inception5h_alone(bvlc: Path) -> None:
    with pytest.raises(InputError, match=r"--port-lrn is for inception5h; .* is a Caffe GoogLeNet \(\.caffemodel\)"):
        import_file(bvlc, Provenance(), port_lrn=True)


def test_what_torchvision_alone_can_be_told_is_refused(tmp_path: Path) -> None:
    torch.save(make_state(), tmp_path / "net.pth")
    with pytest.raises(InputError, match=r"net\.pth is a state dict of inception5h"):
        import_file(tmp_path / "net.pth", Provenance(), transform_input=False)


def test_a_fine_tuned_one_needs_its_classes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 2 outputs but no class names: give --classes FILE"):
        imported(make_state(2), tmp_path)
    labels = (ClassLabel("cat", "cat"), ClassLabel("dog", "dog"))
    assert imported(make_state(2), tmp_path, labels).model.classes == labels


def test_another_state_dict_with_the_same_key_is_refused_with_both_sides(tmp_path: Path) -> None:
    state = make_state()
    state["mixed9z_1x1_pre_relu_conv.weight"] = state.pop("mixed5b_1x1_pre_relu_conv.weight")
    sentence = r"missing: 5b\.1x1\.weight; unexpected: 'mixed9z_1x1_pre_relu_conv\.weight'"
    with pytest.raises(ModelFileError, match=sentence):
        imported(state, tmp_path)


@pytest.mark.skipif(not (WEIGHTS.is_file() and PICTURES.is_file()), reason=f"needs {WEIGHTS} and {PICTURES}")
def test_the_real_weights_know_pictures_of_imagenet_and_less_surely_with_the_lrn_of_the_ports() -> None:
    """20 of the 500 pictures that docs/results.md has: loss 0.520 against 0.940, top-5 97.6 % against 96.6 %."""
    model = import_file(WEIGHTS, Provenance(), classes=read_classes(str(OUTPUTS_OF_REAL_WEIGHTS))).model
    pictures = relabel(open_dataset(str(PICTURES), split_rule=None).splits["all"], [one.id for one in model.classes])
    sample = pictures.select(range(0, 500, 25))
    published, port = (
        evaluate(
            open_engine(replace(model, spec=replace(model.spec, variant=variant))),
            model.preprocessing,
            sample,
            split="all",
        )
        for variant in ("inception5h", "inception5h-port")
    )
    assert published.pictures == 20
    assert published.top5 >= 0.9
    assert published.loss < 0.75 * port.loss
