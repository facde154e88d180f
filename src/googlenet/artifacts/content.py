"""What every format of exported files is asked for: the types of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Content: TypeAlias = tuple[bytes, ...]
"""The bytes of an exported model: of its one file, or of each file of its folder."""


@dataclass(frozen=True, slots=True)
class CheckedContent:
    """A content that holds together: its metadata, and the sha256 of its graph, of all in it but the metadata."""

    metadata: Mapping[str, str]
    sha256: str
