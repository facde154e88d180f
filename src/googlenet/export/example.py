"""Writes `onnx_example.py` beside an exported ONNX file, for use without googlenet."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from googlenet.files import write_atomically

NAMES = (('MODEL = "model.onnx"', "MODEL = {model!a}"), ("python THIS_FILE", "python {example}"))
"""Text in `onnx_example.py` -> its replacement."""


def example_path(out: Path) -> Path:
    """The path of the example of an exported file."""
    return out.with_name(f"{out.stem}_example.py")


def write_example(out: Path, folder: Path) -> Path:
    """Write the example of the exported file `out` into a folder; raises InputError if that fails."""
    name = example_path(out).name
    text = files("googlenet.export").joinpath("onnx_example.py").read_text(encoding="utf-8")
    shown = name if name.isascii() and name.isprintable() else "THIS_FILE"
    for before, after in NAMES:
        text = text.replace(before, after.format(model=out.name, example=shown), 1)
    path = folder / name
    write_atomically(path, text.encode())
    return path
