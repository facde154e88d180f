"""The program that an export writes beside an ONNX file, for people who have no googlenet: `onnx_example.py`, named."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from googlenet.files import write_atomically

NAMES = (('MODEL = "model.onnx"', "MODEL = {model!a}"), ("python THIS_FILE", "python {example}"))
"""What `onnx_example.py` says of the two files -> what the program says."""


def example_path(out: Path) -> Path:
    """Where the example of an exported file belongs."""
    return out.with_name(f"{out.stem}_example.py")


def write_example(out: Path, folder: Path) -> Path:
    """Write the example of the exported file `out` into a folder, under its own name; InputError where that fails."""
    name = example_path(out).name
    text = files("googlenet.export").joinpath("onnx_example.py").read_text(encoding="utf-8")
    shown = name if name.isascii() and name.isprintable() else "THIS_FILE"
    for before, after in NAMES:
        text = text.replace(before, after.format(model=out.name, example=shown), 1)
    path = folder / name
    write_atomically(path, text.encode())
    return path
