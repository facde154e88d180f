"""Outputs of layers by name: which, in what shape, how far the network runs, and that gradients flow."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from googlenet.architecture import VARIANTS, ArchitectureSpec, build_architecture, layer_names
from googlenet.errors import InputError
from googlenet.network import GoogLeNet, blocks, tap

NARROW = build_architecture(ArchitectureSpec("paper", classes=5, width=0.125))


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def network() -> GoogLeNet:
    """With biases other than zero, so that what comes before a ReLU is not symmetrical."""
    network = GoogLeNet(NARROW, auxiliaries=False).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.fill_(-0.05)
    return network


def seen_by_hooks(network: GoogLeNet, x: Tensor, modules: dict[str, str]) -> dict[str, Tensor]:
    """What a whole run gives at these modules, copied before anything could change it."""
    seen: dict[str, Tensor] = {}
    hooks = [
        network.get_submodule(module).register_forward_hook(lambda _m, _x, y, name=name: seen.update({name: y.clone()}))
        for name, module in modules.items()
    ]
    network(x)
    for hook in hooks:
        hook.remove()
    return seen


@torch.inference_mode()
def test_the_outputs_are_those_of_a_whole_run(network: GoogLeNet) -> None:
    x = noise(2, 3, 64, 64)
    modules = {
        "conv1": "conv1",
        "pool1": "pool1_response_norm",
        "conv2/conv2_reduce": "conv2_reduce",
        "conv2/conv2": "conv2",
        "conv2": "conv2_response_norm",
        "4a": "4a",
        "4a/3x3_reduce": "4a.3x3_reduce",
        "4c/pool": "4c.pool",
        "4c/pool_projection": "4c.pool_projection",
        "5b/5x5": "5b.5x5",
        "average_pool": "average_pool",
        "linear": "linear",
    }
    got, expected = tap(network, x, reversed(modules)), seen_by_hooks(network, x, modules)
    assert list(got) == list(reversed(modules))
    assert all(torch.equal(got[name], expected[name]) for name in modules)


@torch.inference_mode()
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_name_of_every_variant_gives_an_output_and_that_of_a_row_has_the_shape_of_the_table(variant: str) -> None:
    table = build_architecture(ArchitectureSpec(variant, classes=4, width=0.1))
    network = GoogLeNet(table, auxiliaries=False).eval()
    x = noise(1, 3, table.input_size, table.input_size)
    known = layer_names(table)
    outputs = tap(network, x, known)
    assert torch.equal(outputs["linear"], network(x).main)
    for name, layer in known.items():
        height, width, channels = layer.shape
        assert outputs[name].shape in ((1, channels, height, width), (1, channels)), name
    before = tap(network, x, [name for name, layer in known.items() if layer.has_relu], before_relu=True)
    for name, output in before.items():
        assert torch.equal(output.relu(), outputs[name]), name
        assert (output < 0).any(), name


@torch.inference_mode()
def test_a_module_is_the_concatenation_of_its_branches_before_their_relus_too(network: GoogLeNet) -> None:
    branches = ["4a/1x1", "4a/3x3", "4a/5x5", "4a/pool_projection"]
    for before_relu in (False, True):
        outputs = tap(network, noise(1, 3, 64, 64), ["4a", *branches], before_relu=before_relu)
        assert torch.equal(outputs["4a"], torch.cat([outputs[branch] for branch in branches], 1))
        assert bool((outputs["4a"] < 0).any()) == before_relu


def test_nothing_behind_the_last_layer_is_computed_nor_its_modules_other_branches(network: GoogLeNet) -> None:
    ran: list[str] = []
    hooks = [
        module.register_forward_hook(lambda *_, name=name: ran.append(name))
        for name, module in network.named_modules()
        if isinstance(module, blocks.Convolution | nn.MaxPool2d | nn.Linear)
    ]
    tap(network, noise(1, 3, 64, 64), ["conv2/conv2_reduce", "3b/5x5"])
    for hook in hooks:
        hook.remove()
    assert [name for name in ran if name.startswith("3b")] == ["3b.5x5_reduce", "3b.5x5"]
    assert "3a.pool_projection" in ran
    assert not [name for name in ran if name.startswith(("pool3", "4", "5", "linear"))]


@pytest.mark.parametrize("before_relu", [False, True])
def test_gradients_reach_the_picture(network: GoogLeNet, before_relu: bool) -> None:
    x = noise(1, 3, 64, 64).requires_grad_()
    value = tap(network, x, ["4a/3x3"], before_relu=before_relu)["4a/3x3"][0, 1].mean()
    value.backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    step = 1e-3 * x.grad / x.grad.norm()
    with torch.no_grad():
        higher = tap(network, x + step, ["4a/3x3"], before_relu=before_relu)["4a/3x3"][0, 1].mean()
    assert float(higher - value.detach()) == pytest.approx(1e-3 * float(x.grad.norm()), rel=0.05)


def test_a_replaced_layer_is_the_one_that_is_tapped() -> None:
    network = GoogLeNet(NARROW, auxiliaries=False).eval()
    network.add_module("pool2", nn.AvgPool2d(3, 2))
    got = tap(network, noise(1, 3, 64, 64), ["conv2", "pool2"])
    assert torch.equal(got["pool2"], nn.AvgPool2d(3, 2)(got["conv2"]))


def test_a_layer_near_the_input_takes_inputs_that_are_too_small_for_the_network(network: GoogLeNet) -> None:
    assert tap(network, noise(1, 3, 15, 15), ["conv1"])["conv1"].shape[2:] == (8, 8)
    with pytest.raises(InputError, match="an input of 15 px is too small"):
        tap(network, noise(1, 3, 15, 15), ["5b"])


@torch.inference_mode()
def test_names_of_other_programs_are_taken_and_say_whether_before_the_relu(network: GoogLeNet) -> None:
    x = noise(1, 3, 64, 64)
    theirs = tap(network, x, ["mixed4a_3x3", "inception_4a/3x3", "mixed4a_3x3_pre_relu", "4a.3x3"])
    after = tap(network, x, ["4a/3x3"])["4a/3x3"]
    before = tap(network, x, ["4a/3x3"], before_relu=True)["4a/3x3"]
    expected = {"mixed4a_3x3": after, "inception_4a/3x3": after, "mixed4a_3x3_pre_relu": before, "4a.3x3": after}
    assert list(theirs) == list(expected)
    assert all(torch.equal(theirs[name], expected[name]) for name in expected)


def test_no_names_no_outputs(network: GoogLeNet) -> None:
    assert tap(network, noise(1, 3, 64, 64), []) == {}


def test_one_name_need_not_be_a_list(network: GoogLeNet) -> None:
    assert list(tap(network, noise(1, 3, 64, 64), "conv1")) == ["conv1"]
    assert list(network.features(noise(1, 3, 64, 64), "conv1")) == ["conv1"]


@pytest.mark.parametrize(
    ("name", "before_relu", "message"),
    [
        ("4a/3x3_reduc", False, r"no layer called '4a/3x3_reduc'; did you mean '4a/3x3_reduce'\?"),
        ("pool2", True, "pool2 does not end in a ReLU"),
        ("conv2", True, "conv2 does not end in a ReLU"),
    ],
)
def test_names_that_cannot_be_tapped(network: GoogLeNet, name: str, message: str, before_relu: bool) -> None:
    with pytest.raises(InputError, match=message):
        tap(network, noise(1, 3, 64, 64), [name], before_relu=before_relu)
