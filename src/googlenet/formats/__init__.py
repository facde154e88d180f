"""Other people's files and our models, one file a format."""

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
