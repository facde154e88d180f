"""Checkpoints: everything that is needed to resume a training bit for bit, in one safetensors file without code."""

from __future__ import annotations

import json
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from googlenet.errors import ModelFileError
from googlenet.files import write_atomically
from googlenet.model import shape_differences
from googlenet.network import GoogLeNet
from googlenet.training.averaging import WeightAverage, floating_state
from googlenet.training.state import TrainingState

KEY = "googlenet_checkpoint"
SCHEMA_VERSION = 1


def save_checkpoint(
    path: Path,
    network: GoogLeNet,
    optimizer: torch.optim.Optimizer,
    average: WeightAverage,
    training_state: TrainingState,
) -> None:
    """Write a checkpoint atomically; raises InputError for a full disk, which leaves the previous one untouched."""
    tensors = {f"network/{name}": tensor for name, tensor in floating_state(network).items()}
    tensors |= {f"average/{name}": tensor for name, tensor in average.values.items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {
            f"optimizer/{index}/{name}": value for name, value in state.items() if isinstance(value, torch.Tensor)
        }
    training_state.average_count = average.count
    header = {"schema_version": SCHEMA_VERSION, "progress": training_state.to_dict()}
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(path, safetensors.torch.save(contiguous, {KEY: json.dumps(header)}))


def load_checkpoint(
    path: Path, network: GoogLeNet, optimizer: torch.optim.Optimizer, average: WeightAverage
) -> TrainingState:
    """Load a checkpoint into network, optimiser and average; raises ModelFileError for a damaged file."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})[KEY])
            if header["schema_version"] != SCHEMA_VERSION:
                raise ModelFileError(
                    f"the checkpoint {path} has schema version {header['schema_version']}, this version of googlenet "
                    f"reads {SCHEMA_VERSION}: resume with the version that wrote it, or delete it to restart the run"
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - the file is no mapping
        training_state = TrainingState.from_dict(header["progress"])
    except (safetensors.SafetensorError, OSError, LookupError, TypeError, ValueError) as error:
        raise ModelFileError(f"the checkpoint {path} cannot be read ({error}); delete it to restart the run") from None
    state = floating_state(network)
    weights, means = _group(tensors, "network/"), _group(tensors, "average/")
    for what, values in {"weights": weights, "averaged weights": means or state}.items():
        if found := shape_differences(_shapes(state), _shapes(values)):
            raise ModelFileError(
                f"the {what} in the checkpoint {path} do not fit the network in the run's settings ({found})"
            )
    with torch.no_grad():
        for name, value in state.items():
            value.copy_(weights[name])
    average.values = {
        name: value.to(state[name].device).to(memory_format=_layout(state[name])) for name, value in means.items()
    }
    average.count = training_state.average_count
    _restore_optimizer(optimizer, _group(tensors, "optimizer/"))
    return training_state


def save_weights(path: Path, network: GoogLeNet) -> None:
    """Write only a network's weights, atomically."""
    tensors = {name: tensor.cpu().contiguous() for name, tensor in floating_state(network).items()}
    write_atomically(path, safetensors.torch.save(tensors))


def load_weights(path: Path, network: GoogLeNet) -> None:
    """Load weights that `save_weights` wrote; raises ModelFileError for a damaged file."""
    try:
        tensors = safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise ModelFileError(
            f"the weights of the best epoch, {path}, cannot be read ({error}); restore them, or restart the run"
        ) from None
    state = floating_state(network)
    if found := shape_differences(_shapes(state), _shapes(tensors)):
        raise ModelFileError(
            f"the weights of the best epoch, {path}, do not fit the network that is trained ({found}); "
            "restore them, or restart the run"
        )
    with torch.no_grad():
        for name, value in state.items():
            value.copy_(tensors[name])


def _shapes(tensors: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in tensors.items()}


def _group(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    saved = optimizer.state_dict()
    for key, value in tensors.items():
        index, _, name = key.partition("/")
        saved["state"].setdefault(int(index), {})[name] = value
    optimizer.load_state_dict(saved)
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                state[name] = value.to(memory_format=_layout(parameter))


def _layout(tensor: Tensor) -> torch.memory_format:
    """The memory format of a tensor: with another one, sums would differ in the last bit."""
    channels_last = tensor.ndim == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if channels_last else torch.contiguous_format
