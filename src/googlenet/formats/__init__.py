"""Other people's files and our models, one file a format.

Names are imported when they are first used: whoever runs a model writes one graph and reads no foreign file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from googlenet.formats.exported import (
        EXPORT_FORMATS,
        Agreement,
        Description,
        ExportedModel,
        ExportedNetwork,
        ExportFormat,
        Precision,
        Target,
        describe_content,
        read_exported,
        write_exported,
    )
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
    from googlenet.formats.onnx_graph import decode_onnx
    from googlenet.formats.opening import (
        MODEL_KINDS,
        AnyModel,
        ModelKind,
        describe_model,
        model_files,
        open_model,
        open_models,
    )
    from googlenet.formats.torchvision import write_torchvision

_FILES = {
    "exported": (
        "EXPORT_FORMATS",
        "Agreement",
        "Description",
        "ExportFormat",
        "ExportedModel",
        "ExportedNetwork",
        "Precision",
        "Target",
        "describe_content",
        "read_exported",
        "write_exported",
    ),
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
    "onnx_graph": ("decode_onnx",),
    "opening": ("MODEL_KINDS", "AnyModel", "ModelKind", "describe_model", "model_files", "open_model", "open_models"),
    "torchvision": ("write_torchvision",),
}
_FILE_OF = {name: file for file, names in _FILES.items() for name in names}

__all__ = [
    "EXPORT_FORMATS",
    "IMPORTERS",
    "MODEL_KINDS",
    "OPSET",
    "Agreement",
    "AnyModel",
    "Description",
    "ExportFormat",
    "ExportedModel",
    "ExportedNetwork",
    "Imported",
    "ImportedModel",
    "Importer",
    "MappedLayer",
    "ModelKind",
    "Origin",
    "Precision",
    "Target",
    "decode_onnx",
    "describe_content",
    "describe_model",
    "encode_onnx",
    "import_file",
    "model_files",
    "open_model",
    "open_models",
    "read_classes",
    "read_exported",
    "with_known_answer",
    "write_exported",
    "write_torchvision",
]


def __getattr__(name: str) -> Any:
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_FILE_OF[name]}"), name)
    return value
