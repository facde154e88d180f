"""torchvision's own network, asked once where it is installed, and ours give the same logits from one state dict."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from googlenet.architecture import (
    ArchitectureSpec,
    auxiliary_weight_shapes,
    build_architecture,
    weight_shapes,
    with_dropout,
)
from googlenet.engines import open_engine
from googlenet.errors import ModelFileError
from googlenet.importers import Provenance, import_file
from googlenet.importers.state_dict import LazyTensor
from googlenet.importers.torchvision import read_torchvision, to_state_dict
from googlenet.model import ClassLabel
from googlenet.network import GoogLeNet, network_with_weights

HERE = Path(__file__).parent
ANSWER: dict[str, Any] = json.loads((HERE / "torchvision_answer.json").read_text())
MAKER = runpy.run_path(str(HERE / "make_torchvision_answer.py"))
formula = cast("Callable[[str, tuple[int, ...]], NDArray[np.float32]]", MAKER["formula"])

SPEC = ArchitectureSpec("torchvision", classes=MAKER["CLASSES"])
COUNTER = "num_batches_tracked"

State = dict[str, NDArray[np.float32]]


def our_weights(state: State) -> State:
    tensors = {name: LazyTensor(array.shape, partial(np.array, array)) for name, array in state.items()}
    return read_torchvision(tensors, where="net.pth").weights


@pytest.fixture(scope="module")
def state() -> State:
    """The state dict that torchvision's network had, but for the counters of batches."""
    shapes = {name: tuple(shape) for name, shape in ANSWER["state_dict"].items()}
    return {name: formula(name, shape) for name, shape in shapes.items() if not name.endswith(COUNTER)}


@pytest.fixture(scope="module")
def network(state: State) -> GoogLeNet:
    return network_with_weights(build_architecture(SPEC), our_weights(state))


@pytest.fixture(scope="module")
def x() -> torch.Tensor:
    return torch.from_numpy(formula("input", MAKER["INPUT_SHAPE"]))


def assert_same_logits(ours: torch.Tensor | None, theirs: list[list[float]]) -> None:
    assert ours is not None
    expected = np.array(theirs)
    assert expected.std() > 0.05  # an answer of zeros would agree with anything
    np.testing.assert_allclose(ours.detach().numpy(), expected, rtol=0, atol=1e-5 * float(np.abs(expected).max()))


def test_the_main_logits_are_torchvisions(network: GoogLeNet, x: torch.Tensor) -> None:
    with torch.inference_mode():
        logits = network.eval()(x)
    assert_same_logits(logits.main, ANSWER["logits"]["main"])
    assert logits.auxiliary_4a is None
    assert logits.auxiliary_4d is None


def test_the_side_logits_are_torchvisions_each_under_its_own_name(network: GoogLeNet, x: torch.Tensor) -> None:
    """aux1 reads 4a and aux2 reads 4d, although torchvision hands out aux2 first."""
    network.train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.Dropout):
            module.eval()
    with torch.inference_mode():
        logits = network(x)
    assert_same_logits(logits.main, ANSWER["logits"]["main_in_training"])
    assert_same_logits(logits.auxiliary_4a, ANSWER["logits"]["aux1"])
    assert_same_logits(logits.auxiliary_4d, ANSWER["logits"]["aux2"])


def test_dropout_changes_the_training_alone(state: State, x: torch.Tensor) -> None:
    architecture = with_dropout(build_architecture(SPEC), 0.9)
    with torch.inference_mode():
        logits = network_with_weights(architecture, our_weights(state)).eval()(x)
    assert_same_logits(logits.main, ANSWER["logits"]["main"])


def test_the_state_dict_has_the_names_and_shapes_of_our_table(state: State) -> None:
    ours = {name: array.shape for name, array in our_weights(state).items()}
    assert ours == weight_shapes(build_architecture(SPEC))


def test_there_and_back_is_the_same_without_the_counters(state: State) -> None:
    back = to_state_dict(our_weights(state))
    assert back.keys() == state.keys()
    for name, array in state.items():
        np.testing.assert_array_equal(back[name], array, err_msg=name)


def test_the_counters_of_batches_are_dropped(state: State) -> None:
    counters = {name: np.zeros((), np.float32) for name in ANSWER["state_dict"] if name.endswith(COUNTER)}
    assert len(counters) == 57 + 2  # a batch normalisation a convolution, auxiliary classifiers' included
    assert our_weights(state | counters).keys() == our_weights(state).keys()


def test_a_state_dict_without_auxiliary_classifiers_is_enough(state: State, x: torch.Tensor) -> None:
    main = {name: array for name, array in state.items() if not name.startswith("aux")}
    network = network_with_weights(build_architecture(SPEC), our_weights(main))
    with torch.inference_mode():
        assert_same_logits(network.eval()(x).main, ANSWER["logits"]["main"])
    assert not network.auxiliaries


@pytest.mark.parametrize("heads", [True, False])
def test_an_imported_file_gives_torchvisions_logits(heads: bool, state: State, x: torch.Tensor, tmp_path: Path) -> None:
    """As its users have it: written by torch.save, counters of batches included."""
    tensors = {name: torch.from_numpy(array) for name, array in state.items() if heads or not name.startswith("aux")}
    counters = [name for name in ANSWER["state_dict"] if name.endswith(COUNTER) and (heads or name[:3] != "aux")]
    tensors |= {name: torch.tensor(0) for name in counters}
    torch.save(tensors, tmp_path / "net.pth")
    labels = tuple(ClassLabel(str(index), str(index)) for index in range(SPEC.classes))
    model = import_file(tmp_path / "net.pth", Provenance(), classes=labels).model
    network = network_with_weights(build_architecture(model.spec), model.weights)
    with torch.inference_mode():
        assert_same_logits(network.eval()(x).main, ANSWER["logits"]["main"])
    assert model.has_auxiliary_classifiers == heads


@pytest.mark.parametrize("transform_input", [True, False])
def test_the_engine_answers_as_torchvision_does_behind_its_own_preparation(
    transform_input: bool, state: State, network: GoogLeNet, tmp_path: Path
) -> None:
    """ToTensor and Normalize as torchvision's users write them, then what its network does in `_transform_input`."""
    torch.save({name: torch.from_numpy(array) for name, array in state.items()}, tmp_path / "net.pth")
    labels = tuple(ClassLabel(str(index), str(index)) for index in range(SPEC.classes))
    model = import_file(tmp_path / "net.pth", Provenance(), classes=labels, transform_input=transform_input).model
    pictures = np.random.default_rng(3).integers(0, 256, (2, 224, 224, 3), np.uint8)
    mean, deviation = (torch.tensor(one).view(3, 1, 1) for one in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    normalized = (torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255 - mean) / deviation
    transformed = normalized * (deviation / 0.5) + (mean - 0.5) / 0.5
    with torch.inference_mode():
        theirs, others = (
            network.eval()(x).main.softmax(1).numpy()
            for x in ((transformed, normalized) if transform_input else (normalized, transformed))
        )
    ours = open_engine(model).run(pictures).probabilities
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert np.abs(ours - others).max() > 1e-3


def test_another_networks_state_dict_is_refused_with_what_is_left_over(state: State) -> None:
    with pytest.raises(ModelFileError, match=r"net\.pth: .* 'torchvision' .*unexpected: 'layer1\.0\.conv1\.weight'"):
        our_weights(state | {"layer1.0.conv1.weight": np.zeros(1, np.float32)})


def test_weights_of_another_variant_are_refused_with_what_is_left_over() -> None:
    paper = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(build_architecture(_paper())).items()}
    with pytest.raises(ModelFileError, match=r"not weights of the variant 'torchvision': unexpected conv1\.bias"):
        to_state_dict(paper)


def test_the_auxiliary_classifiers_read_the_channels_of_their_own_module() -> None:
    architecture = build_architecture(SPEC)
    kernels = {
        auxiliary.name: auxiliary_weight_shapes(architecture, auxiliary)[f"{auxiliary.name}.convolution.weight"]
        for auxiliary in architecture.auxiliaries
    }
    assert kernels == {"auxiliary_4a": (128, 512, 1, 1), "auxiliary_4d": (128, 528, 1, 1)}
    assert ANSWER["state_dict"]["aux1.conv.conv.weight"] == [128, 512, 1, 1]
    assert ANSWER["state_dict"]["aux2.conv.conv.weight"] == [128, 528, 1, 1]


def _paper() -> ArchitectureSpec:
    return ArchitectureSpec(width=0.1)
