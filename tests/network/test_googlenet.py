"""The torch network: its heads, its maps, what it takes, and that all of it learns."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from googlenet.architecture import HEADS, PAPER, VARIANTS, ArchitectureSpec, build_architecture, row_shapes
from googlenet.architecture import layers as records
from googlenet.errors import InputError
from googlenet.network import GoogLeNet, HeadLogits, blocks

SMALL = build_architecture(ArchitectureSpec("small-32", classes=5, width=0.125))
NARROW_PAPER = build_architecture(ArchitectureSpec("paper", classes=5, width=0.125))


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_answer_is_one_named_tuple_in_training_and_in_use() -> None:
    network = GoogLeNet(SMALL)
    for training in (True, False):
        logits = network.train(training)(noise(2, 3, 32, 32))
        assert type(logits) is HeadLogits
        assert logits._fields == HEADS == ("main", "auxiliary_4a", "auxiliary_4d")
        assert logits.main.shape == (2, 5)


def test_side_heads_run_in_training_and_are_none_in_use() -> None:
    network = GoogLeNet(SMALL)
    training = network.train()(noise(2, 3, 32, 32))
    assert training.auxiliary_4a is not None
    assert training.auxiliary_4d is not None
    assert training.auxiliary_4a.shape == training.auxiliary_4d.shape == (2, 5)
    used = network.eval()(noise(2, 3, 32, 32))
    assert used.auxiliary_4a is None
    assert used.auxiliary_4d is None


@pytest.mark.parametrize(
    ("name", "after"), [("auxiliary_4b", "4b"), ("auxiliary_4a", "4d"), ("auxiliary_4a", "4z")], ids=str
)
def test_an_auxiliary_classifier_that_would_be_lost_is_refused(name: str, after: str) -> None:
    first, last = SMALL.auxiliaries
    table = replace(SMALL, auxiliaries=(replace(first, name=name, after=after), last))
    with pytest.raises(InputError, match=rf"the auxiliary classifier '\w+' after '{after}' cannot be built"):
        GoogLeNet(table)
    assert GoogLeNet(table, auxiliaries=False).train()(noise(2, 3, 32, 32)).main.shape == (2, 5)


def test_an_auxiliary_classifier_may_stand_after_any_row() -> None:
    first, last = SMALL.auxiliaries
    network = GoogLeNet(replace(SMALL, auxiliaries=(first, replace(last, after="4b"))))
    logits = network.train()(noise(2, 3, 32, 32))
    assert all(head is not None and head.shape == (2, 5) for head in logits)


def test_a_network_without_auxiliary_classifiers_has_none_in_training_either() -> None:
    network = GoogLeNet(SMALL, auxiliaries=False)
    assert network.train()(noise(2, 3, 32, 32))[1:] == (None, None)
    assert not [name for name, _ in network.named_parameters() if "auxiliary" in name]


def test_the_heads_differ_and_read_their_own_module() -> None:
    """A change of 4d's auxiliary classifier leaves the other heads alone, as one of 4b leaves the head on 4a alone."""
    network = GoogLeNet(NARROW_PAPER).train()
    x = noise(1, 3, 224, 224)

    def logits() -> list[Tensor]:
        torch.manual_seed(0)  # the same dropout each time
        with torch.no_grad():
            return [head.clone() for head in network(x)]

    before = logits()
    with torch.no_grad():
        network.get_parameter("auxiliary_4d.linear.bias").add_(1)
    after = logits()
    assert [torch.equal(one, other) for one, other in zip(before, after, strict=True)] == [True, True, False]
    with torch.no_grad():
        network.get_parameter("4b.1x1.bias").add_(1)
    last = logits()
    assert [torch.equal(one, other) for one, other in zip(after, last, strict=True)] == [False, True, False]


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_runs_at_its_own_input_size(variant: str) -> None:
    table = build_architecture(ArchitectureSpec(variant, classes=4, width=0.1))
    with torch.inference_mode():
        logits = GoogLeNet(table).train()(noise(2, 3, table.input_size, table.input_size))
    for head in logits:
        assert head is not None
        assert head.shape == (2, 4)
        assert torch.isfinite(head).all()


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_row_gives_the_size_that_the_table_says(variant: str) -> None:
    table = build_architecture(ArchitectureSpec(variant, classes=4, width=0.1))
    network = GoogLeNet(table, auxiliaries=False).eval()
    shapes = row_shapes(table)
    with torch.inference_mode():
        x = noise(1, 3, table.input_size, table.input_size)
        for name, layers in network.rows.items():
            x = blocks.run(network, layers, x)
            height, width, channels = shapes[name]
            assert x.shape in ((1, channels, height, width), (1, channels)), name


def test_features_are_the_maps_of_all_rows_up_to_the_last_module_as_their_info_says() -> None:
    network = GoogLeNet(PAPER, auxiliaries=False).eval()
    with torch.inference_mode():
        feature_maps = network.features(noise(1, 3, 224, 224))
    assert {name: tuple(feature.shape[1:]) for name, feature in feature_maps.items()} == {
        "conv1": (64, 112, 112),
        "pool1": (64, 56, 56),
        "conv2": (192, 56, 56),
        "pool2": (192, 28, 28),
        "3a": (256, 28, 28),
        "3b": (480, 28, 28),
        "pool3": (480, 14, 14),
        "4a": (512, 14, 14),
        "4b": (512, 14, 14),
        "4c": (512, 14, 14),
        "4d": (528, 14, 14),
        "4e": (832, 14, 14),
        "pool4": (832, 7, 7),
        "5a": (832, 7, 7),
        "5b": (1024, 7, 7),
    }
    info = network.feature_info
    assert info.module_name() == list(feature_maps)
    assert info.channels() == [maps.shape[1] for maps in feature_maps.values()]
    assert info.reduction() == [224 // maps.shape[2] for maps in feature_maps.values()]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_feature_pyramid_is_built_on_the_deepest_maps_of_each_stride(variant: str) -> None:
    table = build_architecture(ArchitectureSpec(variant, classes=4, width=0.1))
    network = GoogLeNet(table, auxiliaries=False).eval()
    pyramid = network.feature_info.last_of_each_stride()
    names, strides = pyramid.module_name(), pyramid.reduction()
    assert strides == sorted(set(network.feature_info.reduction()))
    assert names[-1] == "5b"
    with torch.inference_mode():
        maps = network.features(noise(1, 3, 64, 64), names)
    assert list(maps) == names
    assert [one.shape[1] for one in maps.values()] == pyramid.channels()
    assert [64 / one.shape[2] for one in maps.values()] == strides


def test_features_by_name_end_with_the_last_of_them() -> None:
    network = GoogLeNet(NARROW_PAPER).eval()
    network.get_submodule("pool2").register_forward_hook(lambda *_: pytest.fail("ran behind what was asked for"))
    with torch.inference_mode():
        assert list(network.features(noise(1, 3, 20, 20), ["conv2", "conv1"])) == ["conv1", "conv2"]
        assert network.features(noise(1, 3, 20, 20), []) == {}


def test_features_that_there_are_not_are_answered_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"no feature maps are called '6a'; there are conv1, pool1, "):
        GoogLeNet(NARROW_PAPER).features(noise(1, 3, 64, 64), ["6a"])


def test_features_are_those_that_the_classifier_reads() -> None:
    network = GoogLeNet(SMALL).eval()
    x = noise(2, 3, 32, 32)
    with torch.inference_mode():
        average = network.features(x)["5b"].mean((2, 3))
        logits = average @ network.get_parameter("linear.weight").T + network.get_parameter("linear.bias")
        torch.testing.assert_close(network(x).main, logits, rtol=1e-4, atol=1e-5)


def test_features_of_the_fully_connected_variant_take_sizes_that_its_head_does_not() -> None:
    network = GoogLeNet(build_architecture(ArchitectureSpec("fully-connected", width=0.125))).eval()
    with torch.inference_mode():
        assert network.features(noise(1, 3, 320, 320))["5b"].shape[2:] == (10, 10)
    with pytest.raises(InputError, match="accepts 223 to 254 px"):
        network(noise(1, 3, 320, 320))


def test_any_size_that_the_grid_allows_is_taken_in_use() -> None:
    network = GoogLeNet(NARROW_PAPER).eval()
    with torch.inference_mode():
        for height, width in ((31, 31), (100, 57), (300, 224)):
            assert network(noise(1, 3, height, width)).main.shape == (1, 5)


def test_too_small_an_input_is_answered_with_the_least_size() -> None:
    network = GoogLeNet(NARROW_PAPER).eval()
    for call in (network, network.features):
        with pytest.raises(
            InputError, match="an input of 30 px is too small: the variant 'paper' accepts 31 px or more"
        ):
            call(noise(1, 3, 64, 30))


def test_training_at_a_size_that_the_auxiliary_classifiers_do_not_take_is_answered_with_the_cure() -> None:
    network = GoogLeNet(NARROW_PAPER).train()
    for height, width in ((128, 128), (224, 300), (300, 224)):
        with pytest.raises(InputError, match="accepts 223 to 270 px; adaptive_auxiliary_pooling=true"):
            network(noise(1, 3, height, width))


def test_with_adaptive_side_pooling_the_paper_variant_trains_at_128_px() -> None:
    table = build_architecture(ArchitectureSpec("paper", classes=5, width=0.125, adaptive_auxiliary_pooling=True))
    logits = GoogLeNet(table).train()(noise(1, 3, 128, 128))
    assert all(head is not None and head.shape == (1, 5) for head in logits)


@pytest.mark.parametrize("channels", [1, 5])
def test_any_number_of_input_channels(channels: int) -> None:
    table = build_architecture(ArchitectureSpec("small-32", classes=3, channels=channels, width=0.125))
    with torch.inference_mode():
        assert GoogLeNet(table).eval()(noise(2, channels, 32, 32)).main.shape == (2, 3)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_gradient_reaches_every_parameter_and_a_step_along_it_lowers_the_loss_as_it_says(variant: str) -> None:
    table = build_architecture(ArchitectureSpec(variant, classes=4, width=0.125))
    network = GoogLeNet(table).double().train()
    x = noise(4, 3, table.input_size, table.input_size).double()

    def loss_now() -> Tensor:
        torch.manual_seed(0)  # the same dropout each time
        return loss(network(x), torch.tensor([0, 1, 2, 3]))

    before = loss_now()
    before.backward()  # type: ignore[no-untyped-call]
    gradients = {name: one.grad for name, one in network.named_parameters() if one.grad is not None and one.grad.any()}
    assert gradients.keys() == dict(network.named_parameters()).keys()
    with torch.no_grad():
        for name, one in network.named_parameters():
            one.sub_(1e-7 * gradients[name] / gradients[name].norm())
        foretold = 1e-7 * sum(float(gradient.norm()) for gradient in gradients.values())
        assert float(before - loss_now()) == pytest.approx(foretold, rel=1e-3)


@pytest.mark.parametrize(
    ("variant", "input_size"), [("small-32", 28), ("small-32", 47), ("small-64", 48), ("small-64", 96)]
)
def test_the_small_family_learns_a_batch_with_all_heads(variant: str, input_size: int) -> None:
    network = GoogLeNet(build_architecture(ArchitectureSpec(variant, classes=4, width=0.125))).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    x, labels = noise(8, 3, input_size, input_size), torch.arange(8) % 4
    losses = []
    for _ in range(3):
        torch.manual_seed(0)  # the same dropout each time
        value = loss(network(x), labels)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(value.detach()))
    assert losses[0] > losses[1] > losses[2]


def loss(logits: HeadLogits, labels: Tensor) -> Tensor:
    heads = [head for head in logits if head is not None]
    assert len(heads) == 3
    return torch.stack([torch.nn.functional.cross_entropy(head, labels) for head in heads]).sum()


def slow_lrn(x: NDArray[np.float64], size: int, alpha: float, beta: float, k: float) -> NDArray[np.float64]:
    """Krizhevsky 2012: each value over the sum of squares of its `size` nearest channels, those that there are."""
    channels = x.shape[1]
    result = np.empty_like(x)
    for channel in range(channels):
        first, last = max(0, channel - size // 2), min(channels - 1, channel + size // 2)
        squares = (x[:, first : last + 1] ** 2).sum(axis=1)
        result[:, channel] = x[:, channel] / (k + alpha / size * squares) ** beta
    return result


@pytest.mark.parametrize(
    "record", [records.LocalResponseNorm(), records.LocalResponseNorm(9, 1e-4, 0.5), records.LocalResponseNorm(3, 2.0)]
)
def test_lrn_is_the_formula(record: records.LocalResponseNorm) -> None:
    x = 30 * noise(2, 12, 4, 3)
    expected = slow_lrn(x.double().numpy(), record.size, record.alpha, record.beta, record.k)
    assert np.abs(expected - x.numpy()).max() > 1e-2
    got = blocks.MODULES[records.LocalResponseNorm](record, (4, 3, 12))(x)
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("size", [1.0, 30.0, 300.0])
def test_lrn_in_bfloat16_is_within_half_a_percent_forwards_and_backwards(size: float) -> None:
    module = blocks.MODULES[records.LocalResponseNorm](records.LocalResponseNorm(), (8, 8, 64))
    # Numbers that bfloat16 has, so that what differs was lost inside.
    x = (noise(4, 64, 8, 8) * size).relu().contiguous(memory_format=torch.channels_last).bfloat16()
    gradient = noise(4, 64, 8, 8, seed=2).contiguous(memory_format=torch.channels_last).bfloat16()

    def values(precision: torch.dtype) -> tuple[Tensor, Tensor]:
        given = x.detach().to(precision, copy=True).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16):
            y = module(given)
        y.backward(gradient.to(precision))
        assert given.grad is not None
        assert y.dtype == given.grad.dtype == precision
        assert given.grad.is_contiguous(memory_format=torch.channels_last)
        return y.detach().double(), given.grad.double()

    for got, exact in zip(values(torch.bfloat16), values(torch.float64), strict=True):
        assert (got - exact).norm() < 0.005 * exact.norm()


@pytest.mark.parametrize(
    "record", [records.LocalResponseNorm(), records.LocalResponseNorm(9, 1e-4, 0.5), records.LocalResponseNorm(3, 2.0)]
)
def test_the_gradient_of_lrn_is_torchs_own(record: records.LocalResponseNorm) -> None:
    module = blocks.MODULES[records.LocalResponseNorm](record, (4, 3, 12))

    def gradient(function: Callable[[Tensor], Tensor]) -> Tensor:
        x = (30 * noise(2, 12, 4, 3)).requires_grad_()
        (function(x) * noise(2, 12, 4, 3, seed=2)).sum().backward()  # type: ignore[no-untyped-call]
        assert x.grad is not None
        return x.grad

    def slow(x: Tensor) -> Tensor:
        return torch.nn.functional.local_response_norm(x, record.size, record.alpha, record.beta, record.k)

    torch.testing.assert_close(gradient(module), gradient(slow), rtol=1e-4, atol=1e-6)


def test_a_modules_output_is_its_branches_in_the_order_of_figure_2() -> None:
    network = GoogLeNet(build_architecture(ArchitectureSpec(classes=5, width=0.25))).eval()
    module = network.get_submodule("3a")
    x = noise(1, 48, 9, 9).relu()

    def convolve(name: str, value: Tensor, padding: int = 0) -> Tensor:
        weight, bias = network.get_parameter(f"3a.{name}.weight"), network.get_parameter(f"3a.{name}.bias")
        return torch.nn.functional.conv2d(value, weight, bias, padding=padding).relu()

    with torch.inference_mode():
        pooled = torch.nn.functional.max_pool2d(x, 3, 1, 1)
        expected = torch.cat(
            [
                convolve("1x1", x),
                convolve("3x3", convolve("3x3_reduce", x), 1),
                convolve("5x5", convolve("5x5_reduce", x), 2),
                convolve("pool_projection", pooled),
            ],
            dim=1,
        )
        torch.testing.assert_close(module(x), expected)
        torch.testing.assert_close(x, noise(1, 48, 9, 9).relu())  # the input is left as it was


def test_uneven_padding_is_put_before_and_after_as_the_table_says() -> None:
    record = records.Convolution("c", 1, 1, padding=(2, 3))
    module = blocks.Convolution(record, (1, 1, 1))
    with torch.inference_mode():
        module.weight.fill_(1.0)
        module.bias.zero_() if module.bias is not None else None
        output = module(torch.full((1, 1, 1, 1), 7.0))
    assert output.shape == (1, 1, 6, 6)
    assert output[0, 0].nonzero().tolist() == [[2, 2]]


def test_a_copy_answers_as_its_original() -> None:
    network = GoogLeNet(SMALL).eval()
    x = noise(1, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(copy.deepcopy(network)(x).main, network(x).main)
