"""The table of findings: how severe each kind is, what it means, what it costs to look for, and what to exclude."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from googlenet.checks.finding import Finding, Severity

Cost: TypeAlias = Literal["names", "files", "pictures", "model"]
"""What a check reads: names and counts; files of equal size; every picture, decoded; features of every picture."""

Exclude: TypeAlias = Literal["all", "all but the first", "suggested", "none"]
"""Which pictures of a finding go into `exclude.txt`; suggested ones are commented out, for the user to decide."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A row: `meaning` is what a finding of this kind says, and what to do about it."""

    severity: Severity
    cost: Cost
    exclude: Exclude
    meaning: str


KINDS: dict[str, Kind] = {
    "undecodable": Kind("error", "pictures", "all", "The picture cannot be read, and training leaves it out."),
    "conflicting_label": Kind(
        "error", "files", "all", "The same picture is in several classes, of which at most one is right."
    ),
    "leak": Kind(
        "error",
        "files",
        "all but the first",
        "The same picture is in several splits, so that a score on one split says less about new pictures.",
    ),
    "missing_class": Kind(
        "error", "names", "none", "A split lacks a class, which is then never learnt or never measured."
    ),
    "duplicate": Kind(
        "warning",
        "files",
        "all but the first",
        "The same picture occurs more than once, byte for byte or pixel for pixel.",
    ),
    "suspect_label": Kind(
        "warning", "model", "suggested", "A classifier that was fitted without the picture takes it for another class."
    ),
    "confusable_name": Kind(
        "warning", "names", "none", "Names of classes differ so little that they may be meant to be one class."
    ),
    "dark_or_blank": Kind("warning", "pictures", "suggested", "The picture shows hardly anything."),
    "few_levels": Kind(
        "warning", "pictures", "suggested", "The picture has so few levels of grey that most of its detail is lost."
    ),
    "extreme_size": Kind(
        "warning",
        "pictures",
        "suggested",
        "The picture is far smaller or larger than the others, or many times as long as wide.",
    ),
    "near_duplicate": Kind(
        "warning",
        "pictures",
        "suggested",
        "Pictures are almost the same: scaled, compressed, cropped a little, or taken one after the other.",
    ),
    "wrong_extension": Kind(
        "note", "pictures", "none", "The file's name says another format than its content; it can be read here."
    ),
    "rotated": Kind(
        "note",
        "pictures",
        "none",
        "The picture is stored rotated, and EXIF says so: it is shown upright here, but not by every program.",
    ),
    "imbalance": Kind(
        "note",
        "names",
        "none",
        "Some classes have many times the pictures of others and will be predicted more often.",
    ),
}
"""The kinds by name, the most severe first."""

_SEVERITIES = {severity: place for place, severity in enumerate(get_args(Severity))}
_KINDS = {kind: place for place, kind in enumerate(KINDS)}


def finding(kind: str, paths: Iterable[str], detail: str) -> Finding:
    """A finding of a kind of the table."""
    return Finding(kind, KINDS[kind].severity, tuple(paths), detail)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The most severe first, then as in the table; those of one kind stay in the order in which they come."""
    return tuple(sorted(findings, key=lambda one: (_SEVERITIES[one.severity], _KINDS[one.kind])))
