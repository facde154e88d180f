"""Other people's files and our models, one file a format.

Names are imported when they are first used: whoever runs a model writes one graph and reads no foreign file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from googlenet.formats.imported import Imported, MappedLayer
    from googlenet.formats.importing import (
        IMPORTERS,
        ImportedModel,
        Importer,
        Origin,
        import_file,
        read_classes,
        with_known_answer,
    )
    from googlenet.formats.onnx_file import OPSET, encode_onnx
    from googlenet.formats.torchvision import write_torchvision

_FILES = {
    "imported": ("Imported", "MappedLayer"),
    "importing": (
        "IMPORTERS",
        "ImportedModel",
        "Importer",
        "Origin",
        "import_file",
        "read_classes",
        "with_known_answer",
    ),
    "onnx_file": ("OPSET", "encode_onnx"),
    "torchvision": ("write_torchvision",),
}
_FILE_OF = {name: file for file, names in _FILES.items() for name in names}

__all__ = [
    "IMPORTERS",
    "OPSET",
    "Imported",
    "ImportedModel",
    "Importer",
    "MappedLayer",
    "Origin",
    "encode_onnx",
    "import_file",
    "read_classes",
    "with_known_answer",
    "write_torchvision",
]


def __getattr__(name: str) -> Any:
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_FILE_OF[name]}"), name)
    return value
