"""A file is what its bytes say, whatever its name and whatever the length of its header happens to be."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from PIL import Image

from googlenet.artifacts import MODEL_FORMATS, encode_onnx, open_model
from googlenet.artifacts.open import format_of
from googlenet.dataset import open_dataset
from googlenet.errors import InputError, ModelFileError
from googlenet.graph import build_graph
from googlenet.importers import Provenance, import_file
from googlenet.model import Model, file_format, save_model
from googlenet.protobuf import encode
from tests.artifacts.exported_models import small_model


def with_header_of(content: bytes, length: int) -> bytes:
    """The safetensors file with blanks behind its header until that is `length` bytes long."""
    end = 8 + int.from_bytes(content[:8], "little")
    return length.to_bytes(8, "little") + content[8:end].ljust(length) + content[end:]


def test_a_header_of_any_length_is_told_from_every_other_format() -> None:
    for length in range(2, 2**17):
        assert file_format(length.to_bytes(8, "little") + b'{"__metadata__":{"googlenet":') == "safetensors", length
    for shift in range(17, 24):
        assert file_format((1 << shift).to_bytes(8, "little") + b"{}") == "safetensors"


def test_a_saved_model_opens_again_whatever_the_low_byte_of_its_header_is(tmp_path: Path) -> None:
    """One length in 32 began with the byte that ONNX files begin with."""
    path = tmp_path / "model.safetensors"
    save_model(small_model(width=0.01), path)
    content = path.read_bytes()
    shortest = -(-int.from_bytes(content[:8], "little") // 256) * 256
    for low in range(256):
        path.write_bytes(with_header_of(content, shortest + low))
        assert format_of(path) is MODEL_FORMATS["model"], low
        if low in (0x00, 0x08, 0x10, 0x50, 0x80):  # those that files of other formats begin with, too
            assert isinstance(open_model(path), Model)


def test_a_state_dict_is_imported_whatever_the_low_byte_of_its_header_is(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    content = safetensors.numpy.save({"fc.weight": np.zeros((2, 3), np.float32)})
    for low in range(256):
        path.write_bytes(with_header_of(content, 512 + low))
        with pytest.raises(ModelFileError, match="the weights are not those of"):
            import_file(path, Provenance())


def archived(write: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def as_tar(file: io.BytesIO) -> None:
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"), io.BytesIO())


def as_pt2(file: io.BytesIO) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data/weights/weight_0", bytes(99))


STATE = {"fc.weight": torch.zeros(2, 3)}

FILES: dict[str, Callable[[], bytes]] = {
    "safetensors": lambda: safetensors.numpy.save({"a": np.zeros(3, np.float32)}),
    "zip": lambda: archived(lambda file: torch.save(STATE, file)),
    "pickle": lambda: archived(lambda file: torch.save(STATE, file, _use_new_zipfile_serialization=False)),
    "ONNX": lambda: encode_onnx(build_graph(small_model(width=0.01))),
    "Caffe": lambda: b"".join(encode("caffe.NetParameter", name=b"GoogLeNet", layer=[b"\x0a\x05conv1"])),
    "TensorFlow": lambda: b"".join(
        encode("tensorflow.GraphDef", node=[encode("tensorflow.NodeDef", name=b"input", op=b"Placeholder")])
    ),
    "picture": lambda: archived(lambda file: Image.new("RGB", (3, 3)).save(file, "PNG")),
    "tar": lambda: archived(as_tar),
    "text": lambda: b'{"schema_version": 1}\n',
    "empty": lambda: b"",
    "": lambda: b"\xfe\xff" * 300,
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_is_its_own(name: str) -> None:
    assert file_format(FILES[name]()) == name


OTHERS: dict[str, Callable[[], bytes]] = {
    "zip": lambda: archived(as_pt2),
    "pickle": lambda: pickle.dumps({"a": 1}, protocol=4),
    "Caffe": lambda: b"".join(encode("caffe.NetParameter", layers=[b"\x22\x05conv1", b"\x22\x05conv2"])),
    "ONNX": lambda: b"\x08\x03\x12\x04CNTK\x1a\x03" + bytes(99),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_of_a_format_are_of_it(name: str) -> None:
    assert file_format(OTHERS[name]()) == name


@pytest.mark.parametrize("suffix", [".safetensors", ".onnx", ".pt2", ".pth", ".caffemodel", ""])
@pytest.mark.parametrize("name", FILES)
def test_a_files_name_does_not_make_a_format_of_it(name: str, suffix: str, tmp_path: Path) -> None:
    """None of these is a model; each is refused in one line as what it is, under whatever name."""
    path = tmp_path / f"file{suffix}"
    path.write_bytes(FILES[name]())
    with pytest.raises(ModelFileError) as caught:
        open_model(path)
    if name == "zip" and suffix == ".pt2":
        assert "archive" in str(caught.value)
    else:
        assert ("not exported by googlenet" in str(caught.value)) == (name == "ONNX")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "model.safetensors"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match=r"cannot read .*: it is a named pipe, not a regular file$"):
        open_model(pipe)
    with pytest.raises(InputError, match=r"cannot read .*: it is a named pipe, not a regular file$"):
        open_dataset(pipe)
    with pytest.raises(InputError, match="it is a device"):
        open_model(Path(os.devnull))
