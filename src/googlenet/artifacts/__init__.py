"""Opening a MODEL of any format, and the formats of exported files, one module per format.

Names are imported lazily: running a model needs the encoder of graphs, but none of the readers of exported files.
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
    from googlenet.artifacts.linear_layer import LastLayer, last_layer
    from googlenet.artifacts.onnx_encoding import OPSET, encode_onnx
    from googlenet.artifacts.onnx_graph import decode_onnx
    from googlenet.artifacts.open import (
        MODEL_FORMATS,
        AnyModel,
        ModelFormat,
        describe_model,
        model_files,
        open_model,
        open_models,
    )

__all__ = [
    "EXPORT_FORMATS",
    "MODEL_FORMATS",
    "OPSET",
    "Agreement",
    "AnyModel",
    "Content",
    "Description",
    "ExportFormat",
    "ExportedModel",
    "ExportedNetwork",
    "LastLayer",
    "ModelFormat",
    "Precision",
    "Target",
    "decode_onnx",
    "describe_content",
    "describe_model",
    "encode_onnx",
    "last_layer",
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
        "linear_layer": (
            "LastLayer",
            "last_layer",
        ),
        "onnx_encoding": (
            "OPSET",
            "encode_onnx",
        ),
        "onnx_graph": ("decode_onnx",),
        "open": (
            "MODEL_FORMATS",
            "AnyModel",
            "ModelFormat",
            "describe_model",
            "model_files",
            "open_model",
            "open_models",
        ),
    },
)
