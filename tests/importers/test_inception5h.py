"""The network published as inception5h, from the state dict of a PyTorch port."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from googlenet.architecture import ArchitectureSpec, build_architecture, weight_shapes
from googlenet.errors import InputError, ModelFileError
from googlenet.importers import ImportedModel, Provenance, import_file
from googlenet.importers.inception5h import NAMES
from googlenet.model import ClassLabel

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


def test_its_1008_outputs_without_names_are_numbered_and_that_is_said(tmp_path: Path) -> None:
    found = imported(make_state(), tmp_path)
    assert [found.model.classes[index].id for index in (0, 999, 1007)] == ["output_0000", "output_0999", "output_1007"]
    assert found.assumptions[0] == "1,008 outputs and no list of classes: called output_0000 to output_1007"


def test_what_torchvision_alone_can_be_told_is_refused(tmp_path: Path) -> None:
    torch.save(make_state(), tmp_path / "net.pth")
    with pytest.raises(InputError, match=r"net\.pth is a state dict of inception5h"):
        import_file(tmp_path / "net.pth", Provenance(), transform_input=False)


def test_a_fine_tuned_one_needs_its_classes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 2 outputs and does not name their classes: --classes FILE does"):
        imported(make_state(2), tmp_path)
    labels = (ClassLabel("cat", "cat"), ClassLabel("dog", "dog"))
    assert imported(make_state(2), tmp_path, labels).model.classes == labels


def test_another_state_dict_with_the_same_key_is_refused_with_both_sides(tmp_path: Path) -> None:
    state = make_state()
    state["mixed9z_1x1_pre_relu_conv.weight"] = state.pop("mixed5b_1x1_pre_relu_conv.weight")
    sentence = r"missing: 5b\.1x1\.weight; left over: 'mixed9z_1x1_pre_relu_conv\.weight'"
    with pytest.raises(ModelFileError, match=sentence):
        imported(state, tmp_path)
