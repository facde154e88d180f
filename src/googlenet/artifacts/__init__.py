"""Model files of every format: the one door to a MODEL, and the files that are exported, one file a format.

Names are imported when they are first used: whoever runs a model writes one graph and opens no exported file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from googlenet.lazy import lazy_exports

if TYPE_CHECKING:
    from googlenet.artifacts.content import Content
    from googlenet.artifacts.exported import (
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
    from googlenet.artifacts.onnx_encoding import OPSET, encode_onnx
    from googlenet.artifacts.onnx_graph import decode_onnx
    from googlenet.artifacts.open import (
        MODEL_KINDS,
        AnyModel,
        ModelKind,
        describe_model,
        model_files,
        open_model,
        open_models,
    )

__all__ = [
    "EXPORT_FORMATS",
    "MODEL_KINDS",
    "OPSET",
    "Agreement",
    "AnyModel",
    "Content",
    "Description",
    "ExportFormat",
    "ExportedModel",
    "ExportedNetwork",
    "ModelKind",
    "Precision",
    "Target",
    "decode_onnx",
    "describe_content",
    "describe_model",
    "encode_onnx",
    "model_files",
    "open_model",
    "open_models",
    "read_exported",
    "write_exported",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "exported": (
            "EXPORT_FORMATS",
            "Agreement",
            "Description",
            "ExportedModel",
            "ExportedNetwork",
            "ExportFormat",
            "Precision",
            "Target",
            "describe_content",
            "read_exported",
            "write_exported",
        ),
        "content": ("Content",),
        "onnx_encoding": (
            "OPSET",
            "encode_onnx",
        ),
        "onnx_graph": ("decode_onnx",),
        "open": (
            "MODEL_KINDS",
            "AnyModel",
            "ModelKind",
            "describe_model",
            "model_files",
            "open_model",
            "open_models",
        ),
    },
)
