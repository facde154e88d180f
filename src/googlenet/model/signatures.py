"""The format of a file, recognized by its first bytes, using only signatures that cannot occur by chance.

This is the only place that does so: for opening models, for importing files, and for errors that say what a file is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

BEGINNING = 512
"""Number of first bytes of a file that are needed; shorter files are fine."""

LARGEST_HEADER = 16 * 2**20
"""Longest safetensors header that is read, in bytes; a network of 150 layers needs about 20,000."""

FileFormat: TypeAlias = Literal[
    "empty",
    "safetensors",
    "zip",
    "pickle",
    "ONNX",
    "Caffe",
    "TensorFlow",
    "picture",
    "HDF5",
    "GGUF",
    "gzip",
    "tar",
    "LFS",
    "text",
    "",
]
"""The known formats; "" for all others."""

CLAUSES: dict[FileFormat, str] = {
    "empty": "it is empty",
    "safetensors": "it is a damaged safetensors file",
    "zip": "it is a zip archive, such as a PyTorch checkpoint (.pt, .pth)",
    "pickle": "it is a Python pickle, such as an old PyTorch file",
    "ONNX": "it looks like an ONNX model",
    "Caffe": "it looks like a Caffe model",
    "TensorFlow": "it looks like a TensorFlow graph",
    "picture": "it is a picture",
    "HDF5": "it is an HDF5 file, such as a Keras model",
    "GGUF": "it is a GGUF file",
    "gzip": "it is a gzip archive",
    "tar": "it is a tar archive",
    "LFS": "it is a Git LFS pointer: run `git lfs pull` to fetch the file itself",
    "text": "it is a text file",
    "": "its format is unknown",
}
"""What a file of a format is, as a clause of an error message."""

_SIGNATURES: tuple[tuple[bytes, FileFormat], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"GIF8", "picture"),
    (b"RIFF", "picture"),
    (b"\x89HDF\r\n", "HDF5"),
    (b"GGUF", "GGUF"),
    (b"\x1f\x8b", "gzip"),
    (b"version https://git-lfs", "LFS"),
    *((b"\x80" + bytes([protocol]), "pickle") for protocol in range(2, 6)),
)

_VARINT, _DELIMITED = 0, 2  # protobuf wire types

_ONNX_FIELDS = {1: _VARINT, 5: _VARINT, **dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), _DELIMITED)}
_CAFFE_FIELDS = {4: _VARINT, 5: _VARINT, 7: _VARINT, **dict.fromkeys((1, 2, 3, 6, 8, 100), _DELIMITED)}
"""Field number -> wire type, of onnx.ModelProto and of caffe.NetParameter."""

_NODE_FIELDS = dict.fromkeys(range(1, 6), _DELIMITED)
"""The same of tensorflow.NodeDef."""


def file_format(beginning: bytes) -> FileFormat:
    """The format of a file from its first `BEGINNING` bytes.

    Safetensors is checked first: its first byte is the lowest of a length and can equal that of any other format.
    """
    if not beginning:
        return "empty"
    if is_safetensors(beginning):
        return "safetensors"
    for signature, name in _SIGNATURES:
        if beginning.startswith(signature):
            return name
    if beginning[257:262] == b"ustar":
        return "tar"
    if is_text(beginning):
        return "text"
    if _is_onnx(beginning):
        return "ONNX"
    if _is_graph_def(beginning):
        return "TensorFlow"
    return "Caffe" if _is_caffe(beginning) else ""


def describe_file(beginning: bytes) -> str:
    """What a file is by its first `BEGINNING` bytes, as a clause "it is ..."."""
    return CLAUSES[file_format(beginning)]


def is_safetensors(beginning: bytes) -> bool:
    """Whether a plausible header length is followed by the beginning of a JSON object: six bytes are known."""
    length = int.from_bytes(beginning[:8], "little")
    return 2 <= length <= LARGEST_HEADER and re.match(rb'\{\s*["}]', beginning[8:]) is not None


def is_text(beginning: bytes) -> bool:
    """Whether these bytes are all printable ASCII, tabs or line ends."""
    return all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in beginning)


def _is_onnx(beginning: bytes) -> bool:
    """Whether it begins with a small version number, followed by another field of the message."""
    return beginning[0] == 0x08 and 0 < int.from_bytes(beginning[1:2]) < 64 and _has(_ONNX_FIELDS, beginning)


def _is_caffe(beginning: bytes) -> bool:
    """Whether it begins with the network's name or a layer, followed by another field of the message."""
    return beginning.startswith((b"\x0a", b"\x12", b"\xa2\x06")) and _has(_CAFFE_FIELDS, beginning)


def _is_graph_def(beginning: bytes) -> bool:
    """Whether it begins with a node that has a name and an operator; a Caffe network begins with its name as text."""
    if not beginning.startswith(b"\x0a"):
        return False
    _, inside = _varint(beginning, 1)
    return beginning[inside : inside + 1] == b"\x0a" and _has(_NODE_FIELDS, beginning[inside:])


def _has(fields: Mapping[int, int], beginning: bytes) -> bool:
    """Whether these bytes begin with two of these protobuf fields, or with one that extends beyond them."""
    place = 0
    for _ in range(2):
        if place >= len(beginning):
            break
        tag, place = _varint(beginning, place)
        if fields.get(tag >> 3) != tag & 7:
            return False
        length, place = _varint(beginning, place)
        place += length if tag & 7 == _DELIMITED else 0
    return True


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """The number of at most ten bytes at `place`, and the place after it; beyond the end, zeros are read."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place] if place < len(data) else 0
        value, place = value | (byte & 0x7F) << shift, place + 1
        if byte < 0x80:
            break
    return value, place
