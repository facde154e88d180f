"""The page of `googlenet check`: findings by kind, with the pictures that they are about."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from googlenet.checks import KINDS, SPLIT_ORDER, CheckResult, Finding, Kind
from googlenet.dataset import Dataset
from googlenet.files import write_atomically
from googlenet.images import Size
from googlenet.parallel import map_in_order
from googlenet.report.page import render
from googlenet.report.pictures import read_samples
from googlenet.report.thumbnails import Thumbnail, thumbnail

SIDE = 160  # px of a thumbnail
SHOWN = 18  # findings of a kind that are shown with pictures
OF_ONE = 6  # pictures of one finding
LISTED = 1000  # findings of a kind that are listed by name below those

HEADINGS = {
    "undecodable": "Cannot be read",
    "conflicting_label": "One picture, several classes",
    "leak": "One picture, several splits",
    "missing_class": "Missing classes",
    "duplicate": "Duplicates",
    "suspect_label": "Suspect labels",
    "confusable_name": "Confusable names",
    "dark_or_blank": "Dark or blank",
    "few_levels": "Few levels of grey",
    "extreme_size": "Extreme sizes",
    "near_duplicate": "Near duplicates",
    "wrong_extension": "Wrong extensions",
    "rotated": "Rotated by EXIF",
    "imbalance": "Imbalance",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding with thumbnails of its first pictures: (name, thumbnail)."""

    finding: Finding
    pictures: tuple[tuple[str, Thumbnail], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """All findings of a kind: some with pictures, more by name, and how many are left out."""

    name: str
    heading: str
    kind: Kind
    count: int
    shown: tuple[Shown, ...]
    listed: tuple[Finding, ...]
    omitted: int


def write_check_report(result: CheckResult, dataset: Dataset, path: Path, *, command: str | None = None) -> None:
    """Write the page about the findings in `dataset` to `path`, one HTML file.

    `command`: how to train without the pictures that should be left out. Raises MissingExtraError if jinja2 is not
    installed, InputError if the file cannot be written.
    """
    sections = [_section(kind, findings, dataset) for kind, findings in result.by_kind().items()]
    severities = Counter(finding.severity for finding in result.findings)
    page = render(
        "check.html.j2",
        title=f"Check of {result.data}",
        contents=[(section.name, section.heading) for section in sections],
        result=result,
        severities=severities,
        splits=[(split, len(dataset.splits[split])) for split in SPLIT_ORDER if split in dataset.splits],
        command=command,
        sections=sections,
    )
    write_atomically(path, page.encode("utf-8", errors="replace"))


def _section(name: str, findings: list[Finding], dataset: Dataset) -> Section:
    first, rest = findings[:SHOWN], findings[SHOWN:]
    of_one = 0 if name == "undecodable" else OF_ONE  # there is nothing to see
    read, known = read_samples(*dataset.splits.values()), dataset.names
    wanted = [[path for path in one.paths[:of_one] if path in known] for one in first]
    flat = [path for paths in wanted for path in paths]
    thumbnails = map_in_order(lambda path: thumbnail(read(path, _enough), SIDE), flat)
    return Section(
        name,
        HEADINGS[name],
        KINDS[name],
        len(findings),
        tuple(
            Shown(one, tuple((path, next(thumbnails)) for path in paths))
            for one, paths in zip(first, wanted, strict=True)
        ),
        tuple(rest[:LISTED]),
        max(0, len(rest) - LISTED),
    )


def _enough(width: int, height: int) -> Size:
    return SIDE, SIDE
