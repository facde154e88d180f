"""A state dict in a `.pth` or `.safetensors` file: names and shapes first, values on demand.

A `.pth` is a pickle. It is read by torch with `weights_only`: anything but tensors is refused and never executed.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
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

FORBIDDEN = re.compile(r"GLOBAL ([\w.]+)")  # in torch's message about what it does not unpickle
MOST_DICTIONARIES = 100  # searched for a state dict


@dataclass(frozen=True, slots=True)
class LazyTensor:
    """A tensor of known shape that has not been read yet; `read` returns its values as float32."""

    shape: tuple[int, ...]
    read: Callable[[], NDArray[np.float32]]


StateDict = Mapping[str, LazyTensor]


def open_state_dicts(path: Path) -> dict[str, StateDict]:
    """Read the names and shapes of every state dict in a file, by the path of keys to it: "" is the file itself.

    Raises ModelFileError for a damaged file, for one without a state dict and for one whose tensors would be larger
    than the file, MissingExtraError for a `.pth` if torch is not installed.
    """
    with path.open("rb") as file:
        found = file_format(file.read(BEGINNING))
    states = {"": _from_safetensors(path)} if found == "safetensors" else _from_torch(_load_pickle(path), path)
    values = max(sum(prod(tensor.shape) for tensor in state.values()) for state in states.values())
    if values > path.stat().st_size:  # a tensor with stride 0 can repeat one value a billion times
        raise ModelFileError(f"{path} is damaged: its tensors have {values:,} values, more than the file has bytes")
    return states


def read_all(state: StateDict) -> dict[str, NDArray[np.float32]]:
    """The values of tensors; check names and shapes first."""
    return {name: tensor.read() for name, tensor in state.items()}


def _from_safetensors(path: Path) -> StateDict:
    try:
        arrays = safetensors.numpy.load_file(path)
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(f"{path} is damaged, or contains tensors that are not floats: {_line(error)}") from error
    return {name: LazyTensor(array.shape, partial(np.array, array, np.float32)) for name, array in arrays.items()}


def _load_pickle(path: Path) -> Any:
    try:
        import torch
    except ModuleNotFoundError:
        raise MissingExtraError("torch", extra="train", purpose=f"reading {path}") from None
    _check_archive(path)
    try:
        with warnings.catch_warnings(action="ignore"):  # caused by damaged files
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen types of exceptions for damaged files
        raise ModelFileError(
            f"{path} {_why_not_loaded(str(error))}; "
            "expected a state dict, as written by torch.save(network.state_dict(), ...)"
        ) from error


def _why_not_loaded(sentence: str) -> str:
    """Why torch did not load a file, as a clause."""
    if found := FORBIDDEN.search(sentence):
        return f"contains {found[1]!a}, but only tensors are unpickled"
    return "is damaged or contains other objects than tensors, which are not unpickled"


def _check_archive(path: Path) -> None:
    """Refuse compressed archives: torch does not write them, and they could expand to any size."""
    try:
        if not zipfile.is_zipfile(path):
            return
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except Exception as error:  # zipfile raises a dozen types of exceptions
        raise ModelFileError(f"{path} is damaged: its archive cannot be read") from error
    if any(entry.filename.endswith("/constants.pkl") for entry in entries):
        raise ModelFileError(f"{path} is a TorchScript program; expected a state dict (.pth)")
    if any(entry.file_size > entry.compress_size for entry in entries):
        raise ModelFileError(f"{path} is a compressed zip archive; expected a state dict (.pth)")


def _from_torch(loaded: Any, path: Path) -> dict[str, StateDict]:
    if states := dict(_state_dicts(loaded, "", set())):
        return states
    if not isinstance(loaded, dict) or not loaded:
        raise ModelFileError(f"{path} contains {_type_name(loaded)}; expected a state dict (tensors by name)")
    name, value = next((name, value) for name, value in loaded.items() if not _is_named_tensor(name, value))
    raise ModelFileError(f"{path}: {str(name)!a} is {_type_name(value)}; expected a state dict (dense tensors by name)")


def _state_dicts(value: Any, place: str, seen: set[int]) -> Iterator[tuple[str, StateDict]]:
    """The state dicts in a checkpoint, with the path of keys to them.

    `seen`: ids of visited dictionaries, because one can contain itself.
    """
    if not isinstance(value, dict) or not value or id(value) in seen or len(seen) >= MOST_DICTIONARIES:
        return
    seen.add(id(value))
    if all(_is_named_tensor(name, tensor) for name, tensor in value.items()):
        yield place, {name: LazyTensor(tuple(one.shape), partial(_as_float32, one)) for name, one in value.items()}
        return
    for key, inner in value.items():
        if isinstance(key, str):
            yield from _state_dicts(inner, f"{place}.{key}" if place else key, seen)


def _is_named_tensor(name: object, value: object) -> bool:
    import torch

    if not isinstance(name, str) or not isinstance(value, torch.Tensor):
        return False
    return value.layout == torch.strided and not value.is_complex() and not value.is_quantized


def _as_float32(tensor: torch.Tensor) -> NDArray[np.float32]:
    return np.array(tensor.detach().float().numpy(), np.float32)


def _type_name(value: object) -> str:
    name = type(value).__name__
    return f"an {name}" if name[0].lower() in "aeiou" else f"a {name}"


def _line(error: BaseException) -> str:
    return ascii(str(error))[1:-1][:120]


def write_state_dict(state: Mapping[str, NDArray[Any]], file: BinaryIO) -> None:
    """Write arrays as a state dict that torch.load reads with weights_only; raises MissingExtraError."""
    try:
        import torch
    except ModuleNotFoundError:
        raise MissingExtraError("torch", extra="train", purpose="writing a .pth") from None
    torch.save({name: torch.from_numpy(np.array(array)) for name, array in state.items()}, file)
