"""The network starts so that it really trains: signals stay alive, classes are about equal, the start is a seed's."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from googlenet.architecture import PAPER, ArchitectureSpec, build_architecture
from googlenet.network import GoogLeNet

SMALL = build_architecture(ArchitectureSpec("small-32", classes=5, width=0.125))


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def parameters(network: GoogLeNet) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def paper() -> GoogLeNet:
    return GoogLeNet(PAPER)


def smooth_pictures(count: int) -> Tensor:
    """Blobs of colour of about unit variance, more like photographs than noise is: (count, 3, 224, 224)."""
    return 1.5 * torch.nn.functional.interpolate(noise(count, 3, 14, 14), size=224, mode="bilinear")


@torch.inference_mode()
def test_signals_neither_die_nor_explode_on_their_way_through_the_papers_22_layers(paper: GoogLeNet) -> None:
    for name, feature in paper.eval().features(smooth_pictures(4)).items():
        assert 0.2 < float(feature.std()) < 5, name
        assert 0.3 < float((feature > 0).float().mean()) < 0.7, name
        assert float((feature > 0).any(dim=0).flatten(1).any(dim=1).float().mean()) > 0.75, name  # channels that speak


@torch.inference_mode()
def test_every_head_of_the_paper_tells_pictures_apart_from_the_start(paper: GoogLeNet) -> None:
    """Heads that see no difference are those that stay at ln(classes)."""
    torch.manual_seed(0)
    for name, head in paper.train()(smooth_pictures(2))._asdict().items():
        assert 0.1 < float(head.std()) < 4, name
        assert float((head[0] - head[1]).abs().mean()) > 0.02, name


@torch.inference_mode()
@pytest.mark.parametrize("variant", ["paper", "torchvision", "batchnorm", "small-32", "small-64"])
def test_the_first_loss_of_every_head_is_about_that_of_guessing(variant: str) -> None:
    table = build_architecture(ArchitectureSpec(variant, classes=10, width=0.25))
    torch.manual_seed(0)
    for head in GoogLeNet(table).train()(noise(4, 3, table.input_size, table.input_size)):
        assert abs(float(torch.nn.functional.cross_entropy(head, torch.arange(4))) - 2.303) < 0.7  # ln 10


def test_a_layer_starts_with_the_variance_of_he(paper: GoogLeNet) -> None:
    weight = paper.get_parameter("4e.3x3.weight")  # 320 x 160 x 3 x 3 values
    assert float(weight.detach().std()) == pytest.approx((2 / (160 * 9)) ** 0.5, rel=0.01)
    assert abs(float(weight.detach().mean())) < 1e-3
    assert not paper.get_parameter("4e.3x3.bias").any()


def test_batch_normalisation_starts_as_the_identity() -> None:
    state = parameters(GoogLeNet(SMALL))
    starts = {"weight": 1.0, "bias": 0.0, "running_mean": 0.0, "running_var": 1.0}
    seen = 0
    for name, tensor in state.items():
        if ".normalization." in name and not name.endswith("num_batches_tracked"):
            assert (tensor == starts[name.rpartition(".")[2]]).all(), name
            seen += 1
    assert seen == 4 * 59


def test_a_seed_gives_one_start_and_another_seed_another() -> None:
    def start(seed: int) -> dict[str, Tensor]:
        return parameters(GoogLeNet(SMALL, generator=torch.Generator().manual_seed(seed)))

    assert same(start(1), start(1))
    one, other = start(1), start(2)
    assert all(not torch.equal(one[name], other[name]) for name in one if name.endswith("x3.weight"))


def test_the_start_neither_reads_nor_moves_torchs_own_seed() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = parameters(GoogLeNet(SMALL))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert same(one, parameters(GoogLeNet(SMALL)))


def test_auxiliary_classifiers_do_not_change_the_start_of_the_main_path() -> None:
    """They come last in the table, so that a training with them and one without start from the same network."""
    without = parameters(GoogLeNet(SMALL, auxiliaries=False))
    assert same(without, parameters(GoogLeNet(SMALL)))
