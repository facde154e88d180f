"""Checks of data: what is wrong with the pictures, their classes and their splits, as findings. Nothing is deleted."""

from googlenet.checks.exclusion import exclude_sections
from googlenet.checks.find import find, quick_findings, quick_lines
from googlenet.checks.finding import CheckResult, Finding
from googlenet.checks.kinds import KINDS, Kind
from googlenet.checks.pictures import SPLIT_ORDER, Pictures
from googlenet.checks.suspect_labels import rank_suspects, read_features

__all__ = [
    "KINDS",
    "SPLIT_ORDER",
    "CheckResult",
    "Finding",
    "Kind",
    "Pictures",
    "exclude_sections",
    "find",
    "quick_findings",
    "quick_lines",
    "rank_suspects",
    "read_features",
]
