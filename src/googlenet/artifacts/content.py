"""What every format of exported files is asked for: the types of the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from googlenet.architecture import ArchitectureSpec
from googlenet.errors import ModelFileError
from googlenet.graph import Graph
from googlenet.images import Preprocessing
from googlenet.model import DESCRIPTION_KEY, parse_json

Content: TypeAlias = tuple[bytes, ...]
"""The bytes of an exported model: of its one file, or of each file of its folder."""


class NetworkCheck(Protocol):
    """Compares what a content computes with the networks that it names.

    `rounded`: whether it is said to be in int8. Raises ModelFileError where it is another network's.
    """

    def __call__(self, specs: Sequence[ArchitectureSpec], preprocessing: Preprocessing, *, rounded: bool) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class CheckedContent:
    """A content that holds together: its metadata, and the sha256 of its graph, of all in it but the metadata.

    `content`: what of it a runtime may see. `check`: what is left to be asked when its networks are known. `graph`: the
    one in an ONNX file.
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
