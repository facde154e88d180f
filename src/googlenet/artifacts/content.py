"""The types that all formats of exported files share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from googlenet.architecture import ArchitectureSpec
from googlenet.errors import ModelFileError
from googlenet.graph import Graph
from googlenet.images import Preprocessing
from googlenet.json_text import parse_json
from googlenet.model import DESCRIPTION_KEY

Content: TypeAlias = tuple[bytes, ...]
"""The bytes of an exported model: of its single file, or of each file in its folder."""


class NetworkCheck(Protocol):
    """Compares the content of an exported file with the networks in its description.

    `quantized`: whether the description states int8. Raises ModelFileError if they differ.
    """

    def __call__(self, specs: Sequence[ArchitectureSpec], preprocessing: Preprocessing, *, quantized: bool) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class CheckedContent:
    """A structurally valid content: its metadata, and the sha256 of everything else (the graph).

    `content`: the part that is passed to a runtime. `check`: the checks that need the description. `graph`: the one in
    an ONNX file.
    """

    metadata: Mapping[str, str]
    sha256: str
    content: Content
    check: NetworkCheck
    graph: Graph | None = None


def check_age(metadata: Mapping[str, str], where: str) -> None:
    """Raise ModelFileError for what was exported by schema 1, whose outputs and description had other names.

    Asked before anything else is: a file whose only fault is its age must not be called damaged or somebody else's.
    """
    try:
        version = parse_json(metadata[DESCRIPTION_KEY])["schema_version"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return  # `read_description` says what is wrong
    if version == 1:
        raise ModelFileError(
            f"{where} was exported by an earlier googlenet, whose exported files this one does not read: export it "
            "again from its model, which is still read"
        )
