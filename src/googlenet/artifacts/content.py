"""The types that all formats of exported files share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from googlenet.architecture import ArchitectureSpec
from googlenet.graph import Graph
from googlenet.images import Preprocessing

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
