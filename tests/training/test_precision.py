"""In which numbers a training computes: what `auto` means, and how near an update in bfloat16 is to one in float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

from googlenet.architecture import VARIANTS, build_architecture, input_sizes, with_dropout
from googlenet.architecture.layers import LocalResponseNorm as NormRecord
from googlenet.network import GoogLeNet
from googlenet.network.response_norm import LocalResponseNorm
from googlenet.recipes import Recipe
from googlenet.training.optimizer import build_optimizer
from googlenet.training.precision import CPU_FEATURES, Precision, settle_precision
from googlenet.training.step import StepSettings, train_step

ROUNDING = 2.0**-8  # of bfloat16, relative, from one number to the next


@pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:1", "mps"])
@pytest.mark.parametrize("named", get_args(Precision))
def test_a_precision_that_is_named_is_the_one_whatever_the_machine(named: Precision, device: str) -> None:
    assert settle_precision(named, device) == named


@pytest.mark.parametrize("feature", CPU_FEATURES)
def test_auto_is_bfloat16_on_a_processor_that_multiplies_it(monkeypatch: pytest.MonkeyPatch, feature: str) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {feature: True}, raising=False)
    assert settle_precision("auto", "cpu") == "bfloat16"


@pytest.mark.parametrize("features", [{}, {"avx512_f": True}, dict.fromkeys(CPU_FEATURES, False), {"bf16": True}])
def test_auto_is_float32_on_other_processors(monkeypatch: pytest.MonkeyPatch, features: dict[str, bool]) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: features, raising=False)
    assert settle_precision("auto", "cpu") == "float32"


def test_auto_is_float32_where_torch_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert settle_precision("auto", "cpu") == "float32"
    assert settle_precision("auto", "mps") == "float32"


@pytest.mark.parametrize(("supported", "precision"), [(True, "bfloat16"), (False, "float32")])
def test_auto_on_a_gpu_is_what_the_gpu_supports(
    monkeypatch: pytest.MonkeyPatch, supported: bool, precision: Precision
) -> None:
    def is_supported(*, including_emulation: bool) -> bool:
        return supported or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_supported)
    assert settle_precision("auto", "cuda:0") == precision


class Update:
    """How one step moves weights and statistics of a narrow network without dropout, on pictures of coloured clouds."""

    def __init__(self, variant: str, precision: Precision, *, weights_in: torch.dtype = torch.float32) -> None:
        """The starting weights are first rounded to `weights_in`."""
        recipe = Recipe(variant=variant, width=0.25, weight_decay=0.0)
        table = with_dropout(build_architecture(recipe.spec(5)), 0.0)
        network = GoogLeNet(table, auxiliaries=False, generator=torch.Generator().manual_seed(1)).train()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.copy_(parameter.to(weights_in))
        before = {name: value.clone() for name, value in network.state_dict().items()}
        coarse = torch.rand(16, 3, 5, 5, generator=torch.Generator().manual_seed(2))
        images = (255 * F.interpolate(coarse, size=(64, 64), mode="bilinear")).permute(0, 2, 3, 1).to(torch.uint8)
        self.optimizer = build_optimizer(network, recipe)
        train_step(
            network,
            self.optimizer,
            images,
            torch.arange(16) % 5,
            preprocessing=recipe.preprocessing(),
            settings=StepSettings(0.1, 0.0, precision),
        )
        self.network = network
        self.moves = {name: value - before[name] for name, value in network.state_dict().items()}

    @property
    def weights(self) -> Tensor:
        """All moves of parameters, one after the other."""
        return torch.cat([self.moves[name].flatten() for name, _ in self.network.named_parameters()])

    @property
    def statistics(self) -> Tensor:
        """All moves of running means and variances."""
        return torch.cat([move.flatten() for name, move in self.moves.items() if ".running_" in name])


def difference(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / one.norm())


def test_an_update_in_bfloat16_is_as_near_to_float32_as_the_weights_allow() -> None:
    exact = Update("paper", "float32")
    # However exact the arithmetic, weights that are rounded once give this much of another update; ReLUs that change
    # their mind make most of it.
    least = difference(exact.weights, Update("paper", "float32", weights_in=torch.bfloat16).weights)
    assert ROUNDING < difference(exact.weights, Update("paper", "bfloat16").weights) < 2 * least < 0.1


def test_the_statistics_of_a_batch_in_bfloat16_are_those_in_float32_to_some_roundings() -> None:
    exact, rounded = Update("batchnorm", "float32"), Update("batchnorm", "bfloat16")
    assert ROUNDING / 10 < difference(exact.statistics, rounded.statistics) < 8 * ROUNDING


@pytest.mark.parametrize("variant", ["paper", "batchnorm"])
def test_weights_gradients_statistics_and_momentum_stay_float32(variant: str) -> None:
    update = Update(variant, "bfloat16")
    kept = [*update.network.state_dict().values()]
    kept += [parameter.grad for parameter in update.network.parameters() if parameter.grad is not None]
    kept += [value for state in update.optimizer.state.values() for value in state.values()]
    assert {value.dtype for value in kept if value.is_floating_point()} == {torch.float32}


# From "CUDA Ops that can autocast to float32" of PyTorch's documentation of torch.amp: those a network might use.
FLOAT32_ON_CUDA = {"__pow__", "__rdiv__", "__rpow__", "__rtruediv__", "cross_entropy", "cumsum", "exp", "log"} | {
    *("log_softmax", "nll_loss", "norm", "normalize", "pow", "prod", "reciprocal", "rsqrt", "softmax", "sum")
}


class CudaAutocast(TorchFunctionMode):
    """Makes autocast on the CPU compute in float32 what CUDA's does; `cast` counts how often it had to."""

    cast = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func.__name__ in FLOAT32_ON_CUDA and torch.is_autocast_enabled("cpu"):
            self.cast += 1
            args, kwargs = tree_map(_in_float32, (args, kwargs or {}))
        return func(*args, **(kwargs or {}))


def _in_float32(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) and value.dtype == torch.bfloat16 else value


def test_the_list_of_cuda_is_played_where_autocast_is_on() -> None:
    x = torch.ones(2, dtype=torch.bfloat16)
    with CudaAutocast():
        assert x.rsqrt().dtype == torch.bfloat16
        with torch.autocast("cpu", torch.bfloat16):
            assert {x.rsqrt().dtype, x.pow(2).dtype, (x**2).dtype, x.sum().dtype} == {torch.float32}


@pytest.mark.parametrize("beta", [0.75, 0.5, 0.6])
def test_a_response_norm_is_the_same_whatever_autocast_casts(beta: float) -> None:
    norm = LocalResponseNorm(NormRecord(5, 1e-4, beta, 1.0), 16)
    x = torch.randn(2, 16, 5, 5, generator=torch.Generator().manual_seed(1)).mul(50).to(torch.bfloat16)

    def result_and_gradient() -> tuple[Tensor, Tensor | None]:
        leaf = x.clone().requires_grad_()
        result = norm(leaf)
        result.square().sum().backward()
        return result, leaf.grad

    plain = result_and_gradient()
    with CudaAutocast(), torch.autocast("cpu", torch.bfloat16):
        cast = result_and_gradient()
    for one, other in zip(plain, cast, strict=True):
        assert one is not None
        assert other is not None
        assert one.dtype == other.dtype == torch.bfloat16
        assert torch.equal(one, other)


@pytest.mark.parametrize("variant", [name for name, one in VARIANTS.items() if input_sizes(one.build())[1] is None])
def test_an_update_in_bfloat16_is_the_same_with_the_list_of_cuda(variant: str) -> None:
    plain = Update(variant, "bfloat16")
    with CudaAutocast():
        cast = Update(variant, "bfloat16")
    assert torch.equal(plain.weights, cast.weights)
