"""`Finding`: one thing that is wrong with data, or worth knowing; `CheckResult`: all of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]
"""An error makes a training fail or its figures wrong; a warning is likely a mistake; a note is worth knowing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: a row of `KINDS`, the pictures that it is about (relative to DATA, as in `split.csv`), and why.

    A finding about a group of pictures names all of them, the one to keep first; one about a class names its folders.
    """

    kind: str
    severity: Severity
    paths: tuple[str, ...]
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON has it."""
        return asdict(self) | {"paths": list(self.paths)}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was found in `data`, the folder or file that paths are relative to; the most severe findings first."""

    data: str
    pictures: int
    classes: int
    findings: tuple[Finding, ...]

    def by_kind(self) -> dict[str, list[Finding]]:
        """The findings of each kind that has any, in order."""
        kinds: dict[str, list[Finding]] = {}
        for finding in self.findings:
            kinds.setdefault(finding.kind, []).append(finding)
        return kinds

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON has it."""
        return asdict(self) | {"findings": [finding.to_dict() for finding in self.findings]}
