"""The network as a torch module like any other: traced, compiled, exported, copied, trained in parallel, changed."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
import torch.fx
from torch import Tensor, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel

from googlenet.architecture import VARIANTS, Architecture, ArchitectureSpec, build_architecture, weight_shapes
from googlenet.architecture.layers import BATCH_NORM_EPSILON, Convolution, Layer, map_layers
from googlenet.network import GoogLeNet, HeadLogits, tap


def tiny() -> Architecture:
    """Every kind of layer, few of each, because compilers take their time for each.

    The paper's stem, its module 3a with batch normalisation, an auxiliary classifier on that, and the head.
    """
    table = build_architecture(ArchitectureSpec("paper", classes=3, width=0.125, adaptive_auxiliary_pooling=True))
    kept = ("conv1", "pool1", "conv2", "3a", "average_pool", "dropout", "linear")
    rows = [row for row in table.rows if row.name in kept]

    def normalize(layer: Layer) -> Layer:
        return replace(layer, batch_norm=BATCH_NORM_EPSILON) if isinstance(layer, Convolution) else layer

    rows[3] = replace(rows[3], layers=map_layers(rows[3].layers, normalize))
    return replace(table, input_size=32, rows=tuple(rows), auxiliaries=(replace(table.auxiliaries[0], after="3a"),))


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


X = noise(4, 3, 32, 32)


@pytest.fixture(params=["eval", "train"])
def network(request: pytest.FixtureRequest) -> GoogLeNet:
    return GoogLeNet(tiny()).train(request.param == "train")


def answer(network: nn.Module, x: Tensor = X) -> HeadLogits:
    torch.manual_seed(0)  # the same dropout each time
    logits = network(x)
    assert type(logits) is HeadLogits
    return logits


def assert_same_answer(got: nn.Module, expected: nn.Module) -> None:
    for one, other in zip(answer(got), answer(expected), strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other)


def assert_same_gradients(got: nn.Module, expected: nn.Module) -> None:
    for network in (got, expected):
        sum(head.square().sum() for head in answer(network) if head is not None).backward()  # type: ignore[union-attr]
    gradients = {name: one.grad for name, one in expected.named_parameters() if one.grad is not None}
    found = {name: one.grad for name, one in got.named_parameters() if one.grad is not None}
    assert len(found) == len(gradients)
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, gradients[name.removeprefix("_orig_mod.").removeprefix("module.")])


def test_fx_traces_it_layer_by_layer_with_its_gradient(network: GoogLeNet) -> None:
    traced = torch.fx.symbolic_trace(copy.deepcopy(network))
    assert {"3a.1x1.relu", "3a.pool", "linear"} <= {str(node.target) for node in traced.graph.nodes}
    assert_same_answer(traced, copy.deepcopy(network))
    assert_same_gradients(traced, network)


def test_torch_compile_takes_all_of_it_as_one_graph(network: GoogLeNet) -> None:
    torch.compiler.reset()
    backend = "aot_eager" if network.training else "eager"  # the second is quicker and has the gradients of torch
    compiled = torch.compile(copy.deepcopy(network), fullgraph=True, backend=backend)
    assert isinstance(compiled, nn.Module)
    assert_same_gradients(compiled, network)


@pytest.mark.filterwarnings(
    "ignore:No complete tensor found:UserWarning"
)  # of torch, about memory that is channels last
def test_torch_export_takes_it_for_any_number_of_pictures_and_saves_it(network: GoogLeNet) -> None:
    exported = torch.export.export(network, (X,), dynamic_shapes=({0: torch.export.Dim("N")},))
    file = io.BytesIO()
    torch.export.save(exported, file)
    file.seek(0)
    module = torch.export.load(file).module()
    assert_same_answer(module, network)
    assert answer(module, X[:2]).main.shape == (2, 3)


@pytest.mark.filterwarnings("ignore:.*node names.*:UserWarning")
@pytest.mark.skipif(
    find_spec("torchvision") is None, reason="torchvision is not installed; the test of fx stands for it"
)
def test_torchvision_extracts_features_by_the_names_of_modules() -> None:
    from torchvision.models.feature_extraction import create_feature_extractor

    network = GoogLeNet(tiny()).eval()
    extractor = create_feature_extractor(network, {"conv1": "conv1", "3a.5x5": "3a/5x5", "3a": "3a"})
    features = extractor(X)
    for name, expected in tap(network, X, features).items():
        assert torch.equal(features[name], expected)


def test_copies_and_pickles_answer_as_their_original(network: GoogLeNet) -> None:
    assert_same_answer(copy.deepcopy(network), network)
    assert_same_answer(pickle.loads(pickle.dumps(network)), network)
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    file.seek(0)
    other = GoogLeNet(tiny(), generator=torch.Generator().manual_seed(5)).train(network.training)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert_same_answer(other, network)


def test_data_parallel_without_a_gpu_is_the_network_itself(network: GoogLeNet) -> None:
    assert_same_answer(DataParallel(network), network)


@pytest.fixture
def one_process(tmp_path: Path) -> Iterator[None]:
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.usefixtures("one_process")
@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this build of torch has no gloo")
def test_distributed_data_parallel_gives_every_parameter_its_gradient() -> None:
    network = GoogLeNet(tiny()).train()
    parallel = DistributedDataParallel(copy.deepcopy(network))
    assert_same_gradients(parallel, network)
    assert all(one.grad is not None for one in parallel.parameters())


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_state_has_the_names_that_model_files_have(variant: str) -> None:
    table = build_architecture(ArchitectureSpec(variant, classes=4, width=0.1))
    counters = {name for name in GoogLeNet(table).state_dict() if name.endswith("num_batches_tracked")}
    assert GoogLeNet(table).state_dict().keys() - counters == weight_shapes(table).keys()


def test_the_modules_say_what_they_are() -> None:
    network = GoogLeNet(build_architecture(ArchitectureSpec("inception5h", classes=1008)), auxiliaries=False)
    kinds = {name: f"{module!r}".splitlines()[:2] for name, module in network.named_modules()}
    assert kinds["conv1"] == [
        "Convolution(",
        "  3, 64, kernel_size=(7, 7), stride=(2, 2), padding_before_and_after=(2, 3)",
    ]
    assert kinds["4a.3x3"][1] == "  96, 204, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1)"
    assert kinds["4a"][1] == "  in_channels=480, out_channels=508"
    assert kinds["conv2_response_norm"] == ["LocalResponseNorm(size=11, alpha=0.0011, beta=0.5, k=2)"]
    assert kinds["linear"] == ["Linear(in_features=1024, out_features=1008, bias=True)"]
    assert kinds[""][1] == "  variant='inception5h', input_size=224"
    convolutions = sum(isinstance(module, nn.Conv2d) for module in network.modules())
    pools = sum(isinstance(module, nn.MaxPool2d) for module in network.modules())
    assert (convolutions, pools) == (57, 13)
    assert len(kinds) == 1 + 9 + 2 * convolutions + pools + 2 + len(["average_pool", "dropout", "flatten", "linear"])


@pytest.mark.parametrize("head", [nn.Linear(128, 7), nn.Sequential(nn.Dropout(0.1), nn.Linear(128, 7)), nn.Identity()])
def test_the_classifier_can_be_replaced_by_any_module(head: nn.Module) -> None:
    network = GoogLeNet(build_architecture(ArchitectureSpec("small-32", width=0.125)), auxiliaries=False).eval()
    features = network.forward_features(X).features
    network.linear = head.eval()
    torch.testing.assert_close(network(X).main, head(features))
    network(X).main.sum().backward()


def test_building_leaves_torchs_random_numbers_alone_and_a_layer_can_be_drawn_anew() -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    network = GoogLeNet(tiny())
    assert torch.equal(torch.rand(1), expected)
    before = network.get_parameter("conv1.weight").clone()
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.reset_parameters()
    assert not torch.equal(network.get_parameter("conv1.weight"), before)
