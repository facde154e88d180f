"""Other people's files and our models, one file a format."""

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
from googlenet.formats.opening import MODEL_KINDS, AnyModel, ModelKind, describe_model, open_model, open_models
from googlenet.formats.torchvision import write_torchvision

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
    "describe_content",
    "describe_model",
    "encode_onnx",
    "import_file",
    "open_model",
    "open_models",
    "read_classes",
    "read_exported",
    "with_known_answer",
    "write_exported",
    "write_torchvision",
]
