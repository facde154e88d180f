"""Weights go out as numpy arrays named after the table and come back into a network that answers the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from googlenet.architecture import VARIANTS, ArchitectureSpec, build_architecture, weight_shapes
from googlenet.network import GoogLeNet, network_with_weights, read_weights


def trained(variant: str) -> GoogLeNet:
    """A network that has seen a batch, so that its running statistics are not those of the start."""
    network = GoogLeNet(build_architecture(ArchitectureSpec(variant, classes=4, width=0.125)))
    input_size = network.architecture.input_size
    with torch.no_grad():
        network.train()(torch.randn(4, 3, input_size, input_size, generator=torch.Generator().manual_seed(1)))
    return network.eval()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_network_is_the_same_after_a_way_through_its_weights(variant: str) -> None:
    network = trained(variant)
    weights = read_weights(network)
    again = network_with_weights(network.architecture, weights).eval()
    input_size = network.architecture.input_size
    x = torch.randn(1, 3, input_size, input_size, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        assert torch.equal(again(x).main, network(x).main)
    back = read_weights(again)
    assert back.keys() == weights.keys()
    assert all(np.array_equal(back[name], weights[name]) for name in weights)


def test_weights_are_float32_copies_with_the_statistics_and_without_counters() -> None:
    network = trained("small-32")
    weights = read_weights(network)
    assert {array.dtype for array in weights.values()} == {np.dtype(np.float32)}
    assert weights["conv1.normalization.running_mean"].any()
    assert not [name for name in weights if name.endswith("num_batches_tracked")]
    weights["linear.bias"][:] = 77
    assert not (network.get_parameter("linear.bias") == 77).any()


def test_auxiliary_classifiers_may_be_left_out_and_are_then_not_built() -> None:
    network = trained("paper")
    weights = read_weights(network, auxiliaries=False)
    assert {name: array.shape for name, array in weights.items()} == weight_shapes(
        network.architecture, auxiliaries=False
    )
    again = network_with_weights(network.architecture, weights)
    assert again.auxiliaries == {}
    assert again.train()(torch.zeros(1, 3, 64, 64)).auxiliary_4a is None


def test_weights_of_another_network_are_refused_by_name() -> None:
    network = trained("paper")
    weights = read_weights(network)
    del weights["3a.1x1.bias"]
    with pytest.raises(RuntimeError, match=r"3a\.1x1\.bias"):
        network_with_weights(network.architecture, weights)
