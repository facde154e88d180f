"""Importers of other programs' weight files: one module per format, listed in `IMPORTERS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from googlenet.lazy import lazy_exports

if TYPE_CHECKING:
    from googlenet.importers.imported import Imported, MappedLayer
    from googlenet.importers.registry import (
        IMPORTERS,
        ImportedModel,
        Importer,
        Provenance,
        import_file,
        read_classes,
        with_known_answer,
    )
    from googlenet.importers.torchvision import write_torchvision

__all__ = [
    "IMPORTERS",
    "Imported",
    "ImportedModel",
    "Importer",
    "MappedLayer",
    "Provenance",
    "import_file",
    "read_classes",
    "with_known_answer",
    "write_torchvision",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "imported": (
            "Imported",
            "MappedLayer",
        ),
        "registry": (
            "IMPORTERS",
            "ImportedModel",
            "Importer",
            "Provenance",
            "import_file",
            "read_classes",
            "with_known_answer",
        ),
        "torchvision": ("write_torchvision",),
    },
)
