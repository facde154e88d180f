"""Export: models as one file for another runtime, compared with float32 before it is kept."""

from googlenet.export.export import (
    Candidate,
    Choice,
    ExportRequest,
    ExportResult,
    check_place,
    default_name,
    export_models,
    not_exported,
)
from googlenet.export.int8 import to_int8
from googlenet.export.pictures import GatePictures, gather_pictures, generated_pictures
from googlenet.export.targets import EXPORT_TARGETS, PRECISIONS, ExportTarget

__all__ = [
    "EXPORT_TARGETS",
    "PRECISIONS",
    "Candidate",
    "Choice",
    "ExportRequest",
    "ExportResult",
    "ExportTarget",
    "GatePictures",
    "check_place",
    "default_name",
    "export_models",
    "gather_pictures",
    "generated_pictures",
    "not_exported",
    "to_int8",
]
