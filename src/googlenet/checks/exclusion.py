"""Which pictures of the findings should be left out of a training, as sections of `exclude.txt`."""

from __future__ import annotations

from googlenet.checks.finding import CheckResult, Finding
from googlenet.checks.kinds import KINDS
from googlenet.dataset import ExcludeSection


def exclude_sections(result: CheckResult) -> list[ExcludeSection]:
    """A section for each kind that has pictures to leave out; each picture is in one section only.

    Left out are pictures that cannot be read, all copies of one picture but the first (that of the test or validation
    pictures, if there is one), and all copies under conflicting labels. Others are suggested.
    """
    sections: list[ExcludeSection] = []
    listed: set[str] = set()
    for suggested in (False, True):
        for kind, findings in result.by_kind().items():
            if (KINDS[kind].exclude == "suggested") is not suggested:
                continue
            names = [name for one in findings for name in _left_out(one) if name not in listed]
            names = list(dict.fromkeys(names))
            listed.update(names)
            if names:
                advice = " Remove the # before those that are to be left out." if suggested else ""
                sections.append(ExcludeSection(f"{kind}: {KINDS[kind].meaning}{advice}", tuple(names), suggested))
    return sections


def _left_out(finding: Finding) -> tuple[str, ...]:
    """The pictures of a finding to leave out, or to suggest; none of one that is about most of the pictures."""
    match KINDS[finding.kind].exclude:
        case "all":
            return finding.paths
        case "all but the first":
            return finding.paths[1:]
        case "suggested" if finding.severity != "note":
            return finding.paths[1:] if len(finding.paths) > 1 else finding.paths
    return ()
