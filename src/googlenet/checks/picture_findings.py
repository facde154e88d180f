"""What can be seen in one picture, or in its size beside the sizes of the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from googlenet.checks.finding import Finding
from googlenet.checks.kinds import finding
from googlenet.checks.observation import Observation
from googlenet.checks.pictures import Pictures
from googlenet.images import PICTURE_FORMATS

DARK = 64  # grey level that 99 % of the pixels do not exceed
BRIGHT = 240  # grey level that 95 % of the pixels reach
FEW_LEVELS = 16  # of 256 grey levels
LEAST_SHARE = 0.0005  # of the pixels: rarer levels are noise of the compression
ASPECT = 4  # sides that differ by more: a square crop then shows less than a quarter
HUGE_PIXELS = 50_000_000
TIMES_SMALLER = 4  # than the median of the set ...
SMALL = 64  # ... and at most this many px: the network's input is larger
TINY = 8  # px: no object can be seen, whatever the others are
TIMES_LARGER = 10
MOST = 0.5  # a property of more than this share of the pictures belongs to the set
MOST_AT_LEAST = 10  # pictures

_NAMED: dict[str, str] = {suffix: row.name for row in PICTURE_FORMATS for suffix in row.suffixes}

_ROTATED = {
    2: "mirrored",
    3: "upside down",
    4: "upside down and mirrored",
    5: "rotated by 90 degrees and mirrored",
    6: "rotated by 90 degrees",
    7: "rotated by 90 degrees and mirrored",
    8: "rotated by 90 degrees",
}


def undecodable(name: str, seen: Observation) -> str | None:
    """The reason, if the picture cannot be read."""
    return seen.bad


def wrong_extension(name: str, seen: Observation) -> str | None:
    """What the content is, if the suffix says another format."""
    suffix = os.path.splitext(name)[1].lower()
    said = _NAMED.get(suffix)
    return f"{seen.format} named {suffix}" if seen.format and said not in (None, seen.format) else None


def rotated(name: str, seen: Observation) -> str | None:
    """How the picture is stored, if EXIF says that it is not upright."""
    if seen.orientation not in _ROTATED:
        return None
    return f"stored {_ROTATED[seen.orientation]} (EXIF orientation {seen.orientation})"


def dark_or_blank(name: str, seen: Observation) -> str | None:
    """Which it is: blank, dark or overexposed."""
    if seen.bad:
        return None
    if seen.is_blank:
        return f"blank: all of it has nearly the same brightness, {seen.level(0.5)} of 255"
    if seen.level(0.99) < DARK:
        return f"dark: 99 % of the pixels are at most {seen.level(0.99)} of 255 bright"
    if seen.level(0.05) >= BRIGHT:
        return f"overexposed: 95 % of the pixels are at least {seen.level(0.05)} of 255 bright"
    return None


def few_levels(name: str, seen: Observation) -> str | None:
    """How many levels there are, if only a few are used; nothing for pictures that are dark or blank anyway."""
    if seen.note:
        return seen.note
    levels = int((seen.histogram > LEAST_SHARE).sum())
    return None if seen.bad or levels > FEW_LEVELS or dark_or_blank(name, seen) else f"{levels} of 256 levels of grey"


PICTURE_CHECKS: dict[str, Callable[[str, Observation], str | None]] = {
    "undecodable": undecodable,
    "wrong_extension": wrong_extension,
    "rotated": rotated,
    "dark_or_blank": dark_or_blank,
    "few_levels": few_levels,
}
"""The checks of one picture by kind: (name, what was seen) -> the finding's detail, or None."""


def extreme_sizes(pictures: Pictures, sizes: NDArray[np.int32]) -> list[Finding]:
    """Findings about sizes (N, 2), upright, in px; those of bad pictures are 0."""
    good = sizes[:, 0] > 0
    if not good.any():
        return []
    shorter, longer = np.median(sizes[good].min(axis=1)), np.median(sizes[good].max(axis=1))
    least = max(TINY, min(SMALL, shorter / TIMES_SMALLER))
    median = f"where the median is {longer:,.0f} x {shorter:,.0f}"
    found = []
    for index in np.flatnonzero(good):
        short, long = sorted(map(int, sizes[index]))
        size = "{:,} x {:,} px".format(*sizes[index])
        if short < least:
            detail = f"tiny: {size}, {median}"
        elif long > ASPECT * short:
            detail = f"its sides differ by a factor of {long / short:.1f}: {size}"
        elif short * long > HUGE_PIXELS or long > TIMES_LARGER * longer:
            detail = f"huge: {size}, {median}"
        else:
            continue
        found.append(finding("extreme_size", [pictures.name(int(index))], detail))
    return found


def merge_common(findings: Iterable[Finding], pictures: int) -> list[Finding]:
    """Replace the findings of a kind by a single one, if most of the pictures have it: then it is how the set is.

    What cannot be read stays one finding a picture.
    """
    by_kind: dict[str, list[Finding]] = {}
    for one in findings:
        by_kind.setdefault(one.kind, []).append(one)
    merged: list[Finding] = []
    for kind, rows in by_kind.items():
        if kind == "undecodable" or len(rows) <= max(MOST * pictures, MOST_AT_LEAST):
            merged += rows
        else:
            detail = f"{len(rows):,} of {pictures:,} pictures: {rows[0].detail}, for example"
            merged.append(Finding(kind, "note", tuple(path for row in rows for path in row.paths), detail))
    return merged
