"""A state dict in a `.pth` or `.safetensors` file: names and shapes first, values when they are asked for.

A `.pth` is a pickle. Torch reads it, and tensors alone: anything else in it is refused and never run.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from googlenet.errors import MissingExtraError, ModelFileError
from googlenet.model import BEGINNING, file_format

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class LazyTensor:
    """A tensor that is not read yet: `read` gives its values as float32, of the shape that is known before."""

    shape: tuple[int, ...]
    read: Callable[[], NDArray[np.float32]]


StateDict = Mapping[str, LazyTensor]


def open_state_dict(path: Path) -> StateDict:
    """Read the names and shapes of a state dict, whose file is judged first.

    Raises ModelFileError for a damaged file, for one that holds anything but tensors by name and for one whose tensors
    would be larger than itself, MissingExtraError for a `.pth` where torch is not installed.
    """
    with path.open("rb") as file:
        format = file_format(file.read(BEGINNING))
    state = _from_safetensors(path) if format == "safetensors" else _from_torch(_load_pickle(path), path)
    values = sum(prod(tensor.shape) for tensor in state.values())
    if values > path.stat().st_size:  # a pickle can say that a tensor repeats one value a billion times
        raise ModelFileError(f"{path} is damaged: its tensors have {values:,} values, more than the file has bytes")
    return state


def read_all(state: StateDict) -> dict[str, NDArray[np.float32]]:
    """The values of tensors whose names and shapes have been checked."""
    return {name: tensor.read() for name, tensor in state.items()}


def _from_safetensors(path: Path) -> StateDict:
    try:
        arrays = safetensors.numpy.load_file(path)
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(f"{path} is damaged, or holds tensors that are no floats: {_line(error)}") from error
    return {name: LazyTensor(array.shape, partial(np.array, array, np.float32)) for name, array in arrays.items()}


def _load_pickle(path: Path) -> Any:
    try:
        import torch
    except ModuleNotFoundError:
        raise MissingExtraError("torch", extra="train", purpose=f"reading {path}") from None
    _refuse_compressed(path)
    try:
        with warnings.catch_warnings(action="ignore"):  # about what a damaged file made it do
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what torch raises for a damaged file is any of a dozen kinds
        raise ModelFileError(
            f"{path} is damaged or holds more than tensors, which is never unpickled; "
            f"a state dict was expected, as torch.save(network.state_dict(), ...) writes it"
        ) from error


def _refuse_compressed(path: Path) -> None:
    """Torch does not compress; an archive that is would unpack to any size."""
    try:
        if not zipfile.is_zipfile(path):
            return
        with zipfile.ZipFile(path) as archive:
            compressed = any(entry.file_size > entry.compress_size for entry in archive.infolist())
    except Exception as error:  # the library knows a dozen ways in which an archive can be broken
        raise ModelFileError(f"{path} is damaged: its archive cannot be read") from error
    if compressed:
        raise ModelFileError(f"{path} is a compressed zip archive; a state dict was expected (.pth)")


def _from_torch(state: Any, path: Path) -> StateDict:
    import torch

    if not isinstance(state, dict) or not state:
        raise ModelFileError(f"{path} holds {_kind(state)}; a state dict was expected, tensors by name")
    tensors = {}
    for name, value in state.items():
        plain = isinstance(value, torch.Tensor) and value.layout == torch.strided and not value.is_complex()
        if not (isinstance(name, str) and plain) or value.is_quantized:
            raise ModelFileError(
                f"{path}: {str(name)!a} is {_kind(value)}; a state dict was expected, plain tensors by name"
            )
        tensors[name] = LazyTensor(tuple(value.shape), partial(_as_float32, value))
    return tensors


def _as_float32(tensor: torch.Tensor) -> NDArray[np.float32]:
    return np.array(tensor.detach().float().numpy(), np.float32)


def _kind(value: object) -> str:
    return f"a {type(value).__name__}"


def _line(error: BaseException) -> str:
    return ascii(str(error))[1:-1][:120]


def write_state_dict(state: Mapping[str, NDArray[Any]], file: BinaryIO) -> None:
    """Write arrays as the state dict that torch.load reads back with weights_only; raises MissingExtraError."""
    try:
        import torch
    except ModuleNotFoundError:
        raise MissingExtraError("torch", extra="train", purpose="writing a .pth") from None
    torch.save({name: torch.from_numpy(np.array(array)) for name, array in state.items()}, file)
