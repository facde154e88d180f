"""State dicts as training code leaves them: in a checkpoint, under prefixes, with a classifier of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from googlenet.architecture import ArchitectureSpec, build_architecture, weight_shapes
from googlenet.errors import ModelFileError
from googlenet.importers import ImportedModel, Provenance, import_file
from googlenet.importers.torchvision import to_state_dict
from googlenet.model import ClassLabel

State = dict[str, Tensor]
LABELS = (ClassLabel("cat", "cat"), ClassLabel("dog", "dog"))


@pytest.fixture(scope="module")
def state() -> State:
    """A state dict of torchvision's googlenet with 2 classes, without auxiliary classifiers."""
    shapes = weight_shapes(build_architecture(ArchitectureSpec("torchvision", classes=2)), auxiliaries=False)
    generator = np.random.default_rng(7)
    weights = {name: generator.random(shape, np.float32) for name, shape in shapes.items()}
    return {name: torch.from_numpy(array) for name, array in to_state_dict(weights).items()}


def imported(content: object, folder: Path) -> ImportedModel:
    torch.save(content, folder / "net.pth")
    return import_file(folder / "net.pth", Provenance(), classes=LABELS)


def prefixed(prefix: str) -> Callable[[State], State]:
    return lambda state: {f"{prefix}{name}": tensor for name, tensor in state.items()}


def compiled_in_parts(state: State) -> State:
    return {name.replace("inception3a.", "inception3a._orig_mod."): tensor for name, tensor in state.items()}


def lightning(state: State) -> dict[str, Any]:
    weights = prefixed("model.")(state) | {"criterion.weight": torch.ones(2)}
    return {"epoch": 3, "global_step": 120, "state_dict": weights, "optimizer_states": [{"state": {0: torch.ones(1)}}]}


def with_averages(state: State) -> dict[str, Any]:
    return {"model": {name: torch.zeros_like(tensor) for name, tensor in state.items()}, "model_ema": state, "epoch": 9}


@pytest.mark.parametrize(
    ("wrap", "sentences"),
    [
        (lambda state: {"state_dict": state}, ["the state dict is the file's 'state_dict'"]),
        (lambda state: {"a": {"b": state}, "n": 1}, ["the state dict is the file's 'a.b'"]),
        (prefixed("module."), ["'module.' in the names is what training code has added: taken off"]),
        (
            prefixed("module._orig_mod."),
            ["'module.', '_orig_mod.' in the names is what training code has added: taken off"],
        ),
        (compiled_in_parts, ["'_orig_mod.' in the names is what training code has added: taken off"]),
        (
            prefixed("student.net._fsdp_wrapped_module."),
            ["'student.net.', '_fsdp_wrapped_module.' in the names is what training code has added: taken off"],
        ),
        (
            lightning,
            [
                "the state dict is the file's 'state_dict'",
                "'model.' in the names is what training code has added: taken off",
                "tensors outside of 'model.' were skipped: 'criterion.weight' (1 in all)",
            ],
        ),
        (
            lambda state: {"net": state, "schema": {name: torch.zeros_like(one) for name, one in state.items()}},
            ["the state dict is the file's 'net', not 'schema'"],
        ),
        (with_averages, ["the state dict is the file's 'model_ema', not 'model'"]),
    ],
)
def test_what_training_code_wraps_around_a_state_dict_is_taken_off_and_said(
    wrap: Callable[[State], object], sentences: list[str], state: State, tmp_path: Path
) -> None:
    found = imported(wrap(state), tmp_path)
    assert found.format == "torchvision"
    np.testing.assert_array_equal(found.model.weights["3a.1x1.weight"], state["inception3a.branch1.conv.weight"])
    assert list(found.assumptions[:-1]) == sentences


def test_torchs_own_wrappers_are_read(state: State, tmp_path: Path) -> None:
    """As torch itself names what it wraps: nn.DataParallel, the averaged model of swa_utils with its counter."""

    class Leaf(nn.Module):
        def __init__(self, tensors: State) -> None:
            super().__init__()
            children: dict[str, State] = {}
            for name, tensor in tensors.items():
                head, dot, rest = name.partition(".")
                if dot:
                    children.setdefault(head, {})[rest] = tensor
                else:
                    self.register_buffer(name, tensor)
            for name, below in children.items():
                self.add_module(name, Leaf(below))

    network = Leaf(state)
    for wrapped in (nn.DataParallel(network), AveragedModel(network)):
        assert wrapped.state_dict().keys().isdisjoint(state)
        found = imported(wrapped.state_dict(), tmp_path)
        np.testing.assert_array_equal(found.model.weights["linear.bias"], state["fc.bias"])
        assert any("taken off" in sentence for sentence in found.assumptions)


def test_a_classifier_in_a_sequential_is_known_by_its_place(state: State, tmp_path: Path) -> None:
    tuned = {name.replace("fc.", "fc.1."): tensor for name, tensor in state.items()}
    found = imported(tuned, tmp_path)
    np.testing.assert_array_equal(found.model.weights["linear.bias"], state["fc.bias"])
    assert found.assumptions[0] == "'fc.1' is taken as 'fc', with nothing but dropout beside it"


def test_a_classifier_of_two_layers_is_refused_and_no_number_of_classes_is_claimed(
    state: State, tmp_path: Path
) -> None:
    tuned = {name.replace("fc.", "fc.3."): tensor for name, tensor in state.items()}
    tuned |= {"fc.0.weight": torch.ones(1024, 1024), "fc.0.bias": torch.ones(1024)}
    with pytest.raises(ModelFileError) as caught:
        imported(tuned, tmp_path)
    assert "the weights are not those of 'torchvision' (missing: linear.weight, linear.bias; unexpected: '" in str(
        caught.value
    )


def test_forgotten_auxiliary_classifiers_are_left_out_and_that_is_said(state: State, tmp_path: Path) -> None:
    """Whoever replaces `fc` alone has 1,000 outputs in `aux1` and `aux2`."""
    shapes = weight_shapes(build_architecture(ArchitectureSpec("torchvision", classes=1000)))
    heads = {name: np.zeros(shape, np.float32) for name, shape in shapes.items() if name.startswith("auxiliary")}
    found = imported(state | {name: torch.from_numpy(one) for name, one in to_state_dict(heads).items()}, tmp_path)
    assert not found.model.has_auxiliary_classifiers
    assert found.assumptions[0] == (
        "the auxiliary classifiers are dropped: they have 1,000 outputs, the main one has 2"
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            {f"layer1.{number}.bn": torch.ones(1) for number in range(5)},
            "is a state dict of a network that is unknown here: it has 5 tensors, 'layer1.0.bn', 'layer1.1.bn', "
            "'layer1.2.bn' ...; what can be imported: ",
        ),
        ({"state_dict": {"fc.weight": torch.ones(1), "head.weight": torch.ones(1)}}, "it has 2 tensors, 'fc.weight', "),
        ({"epoch": 3, "optimizer": {"lr": 0.1}}, "'epoch' is an int; expected a state dict"),
        (
            {"sparse": torch.eye(3).to_sparse()},
            "'sparse' is a Tensor; expected a state dict",
        ),
        ([torch.ones(1)], "contains a list; expected a state dict"),
    ],
)
def test_what_is_no_googlenet_is_refused_with_what_was_found(content: object, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError) as caught:
        imported(content, tmp_path)
    assert sentence in str(caught.value)


def test_a_network_that_was_pickled_whole_is_refused_by_its_class(tmp_path: Path) -> None:
    torch.save(nn.Linear(1, 1), tmp_path / "net.pth")
    with pytest.raises(ModelFileError, match=r"holds 'torch\.nn\..*Linear', and nothing but tensors is ever unpickled"):
        import_file(tmp_path / "net.pth", Provenance())


def test_a_dictionary_that_holds_itself_ends(tmp_path: Path) -> None:
    content: dict[str, Any] = {"epoch": 1}
    content |= {str(number): content for number in range(1000)}
    with pytest.raises(ModelFileError, match="'epoch' is an int"):
        imported(content, tmp_path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_torchscript_program_is_named(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(nn.Linear(1, 1)), str(tmp_path / "net.pth"))
    with pytest.raises(ModelFileError, match="is a TorchScript program; expected a state dict"):
        import_file(tmp_path / "net.pth", Provenance())
