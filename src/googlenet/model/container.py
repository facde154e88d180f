"""The safetensors container: its metadata, its tensor table and the tensors, validated before anything is allocated.

A file is 8 bytes with the length of the header, the header (JSON: tensor name -> dtype, shape, byte range), the
tensors. We have our own reader because the model's checks run between header and data; files are written by the
safetensors library.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BufferedReader
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from googlenet.errors import ModelFileError
from googlenet.json_text import parse_json
from googlenet.model.signatures import BEGINNING, LARGEST_HEADER, describe_file

MOST_TENSORS = 10_000
ALIGNMENT = 8  # bytes: the format requires tensors to begin at a multiple of this

NUMPY_DTYPES = {"F32": "<f4", "F16": "<f2", "U8": "|u1"}
"""The dtypes allowed in a model file, by their names in the container."""

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**48)]


class StoredTensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of the tensor table; `data_offsets` is the byte range, relative to the end of the header."""

    dtype: Literal["F32", "F16", "U8"]
    shape: Annotated[tuple[_Count, ...], msgspec.Meta(max_length=8)]
    data_offsets: tuple[_Count, _Count]


@dataclass(frozen=True, slots=True)
class Container:
    """The header of a file: its metadata and its tensors by name, in byte order."""

    metadata: dict[str, str]
    tensors: dict[str, StoredTensor]


def with_sorted_metadata(data: bytes) -> bytes:
    """A container with sorted metadata keys: the safetensors library writes them in random order.

    So the same model gives the same bytes. The tensors are not touched.
    """
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return b"".join((len(text).to_bytes(8, "little"), text, memoryview(data)[start:]))


def read_container(file: BufferedReader, path: Path, *, marker: str) -> Container:
    """Read and check the header of an open file, leaving it at the first byte of the tensors.

    The byte ranges must fit the shapes, follow each other without gaps or overlaps, and end with the file. Raises
    ModelFileError otherwise, and for a file without `marker` in its metadata, saying what kind of file it is.
    """
    size = file.seek(0, 2)
    file.seek(0)
    beginning = file.read(BEGINNING)
    length = int.from_bytes(beginning[:8], "little")
    if not 2 <= length <= min(LARGEST_HEADER, size - 8):
        raise ModelFileError(f"{path} is not a googlenet model: {describe_file(beginning)}")
    file.seek(8)
    text = file.read(length)
    if (count := text.count(b'"data_offsets"')) > MOST_TENSORS:  # before a parser makes an object of each
        raise ModelFileError(f"{path} is damaged: it has {count:,} tensors, more than the limit of {MOST_TENSORS:,}")
    try:
        header = parse_json(text)
        metadata = msgspec.convert(header.pop("__metadata__", {}), dict[str, str])
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ModelFileError(f"{path} is damaged: its header cannot be read") from error
    if marker not in metadata:
        checkpoint = f"{marker}_checkpoint" in metadata
        clause = (
            "a checkpoint for resuming a training" if checkpoint else "a safetensors file without a model description"
        )
        raise ModelFileError(f"{path} is not a googlenet model: it is {clause}")
    return Container(metadata, _checked_tensors(header, size - 8 - length, path))


def _checked_tensors(table: dict[str, Any], data_size: int, path: Path) -> dict[str, StoredTensor]:
    """Check that every byte of the data belongs to one tensor, and that byte ranges fit shapes."""
    tensors: dict[str, StoredTensor] = {}
    for name, row in table.items():
        try:
            tensors[name] = msgspec.convert(row, StoredTensor)
        except msgspec.ValidationError as error:
            raise ModelFileError(f"{path} is damaged: tensor {name!a}, {what_is_wrong(error)}") from error
    tensors = dict(sorted(tensors.items(), key=lambda item: item[1].data_offsets))
    position = 0
    for name, tensor in tensors.items():
        begin, end = tensor.data_offsets
        if begin != position or end - begin != prod(tensor.shape) * np.dtype(NUMPY_DTYPES[tensor.dtype]).itemsize:
            raise ModelFileError(f"{path} is damaged: the bytes of {name!a} do not fit its shape {tensor.shape}")
        position = end
    if position != data_size:
        raise ModelFileError(f"{path} is damaged: it has {data_size:,} bytes of tensors instead of {position:,}")
    return tensors


def read_tensors(file: BufferedReader, container: Container, path: Path) -> dict[str, NDArray[Any]]:
    """Read the tensors by name, read-only and in the dtypes of the file; call it after `read_container`."""
    size = sum(tensor.data_offsets[1] - tensor.data_offsets[0] for tensor in container.tensors.values())
    data = np.empty(size, np.uint8)  # gets huge pages, unlike a bytes object: saves milliseconds at every start
    if file.readinto(data.data) != size:
        raise ModelFileError(f"{path} changed while it was being read")
    data.flags.writeable = False
    return {
        name: np.frombuffer(
            data, NUMPY_DTYPES[tensor.dtype], count=prod(tensor.shape), offset=tensor.data_offsets[0]
        ).reshape(tensor.shape)
        for name, tensor in container.tensors.items()
    }


_OBJECTS = {"Object missing required": "missing", "Object contains unknown": "unknown"}


def what_is_wrong(error: msgspec.ValidationError) -> str:
    """A msgspec error as a clause: the key, unless it is the whole record, and what is wrong with it."""
    before, at, after = str(error).rpartition(" - at `$")
    what = before if at else after
    for theirs, ours in _OBJECTS.items():
        what = what.replace(theirs, ours)
    clause = ascii(what[:1].lower() + what[1:])[1:-1]
    return f"{after.strip('`.')!a}: {clause}" if at else clause
