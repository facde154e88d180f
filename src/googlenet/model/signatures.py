"""What a file is that is not a model, told from its first bytes: a sentence that helps is worth a small table."""

from __future__ import annotations

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "it is a zip archive, such as a PyTorch checkpoint (.pt, .pth)"),
    (b"\x89PNG", "it is a picture"),
    (b"\xff\xd8\xff", "it is a picture"),
    (b"GIF8", "it is a picture"),
    (b"RIFF", "it is a picture"),
    (b"\x89HDF\r\n", "it is an HDF5 file, such as a Keras model"),
    (b"GGUF", "it is a GGUF file"),
    (b"\x1f\x8b", "it is a gzip archive"),
    (b"version https://git-lfs", "it is a Git LFS pointer, the file itself was not fetched: git lfs pull"),
    *((b"\x80" + bytes([protocol]), "it is a Python pickle, such as an old PyTorch file") for protocol in range(2, 6)),
)

_ONNX_VERSION_TAG = 0x08  # field 1 (ir_version) of onnx.ModelProto, a small number
_CAFFE_NAME_TAG = 0x0A  # field 1 (name) of caffe.NetParameter, a string


def describe_file(beginning: bytes) -> str:
    """Say what a file is from its first 512 bytes, as a clause "it is ..."."""
    if not beginning:
        return "it is empty"
    for signature, clause in _SIGNATURES:
        if beginning.startswith(signature):
            return clause
    if beginning[257:262] == b"ustar":
        return "it is a tar archive"
    if beginning[0] == _ONNX_VERSION_TAG and len(beginning) > 2 and beginning[1] < 64 and beginning[2] in b"\x12\x3a":
        return "it looks like an ONNX model"
    if beginning[0] == _CAFFE_NAME_TAG and len(beginning) > 2 and beginning[2 : 2 + beginning[1]].isalnum():
        return "it looks like a Caffe model"
    if is_text(beginning):
        return "it is a text file"
    return "its kind is unknown"


def is_text(beginning: bytes) -> bool:
    """Whether these bytes are all printable ASCII or ends of lines."""
    return all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in beginning)
