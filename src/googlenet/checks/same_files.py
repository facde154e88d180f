"""Files with the same bytes, found without reading more than the files of equal size."""

from __future__ import annotations

from collections import defaultdict

from googlenet.checks.duplicates import finding_of_group
from googlenet.checks.finding import Finding
from googlenet.checks.observation import digest_of
from googlenet.checks.pictures import Pictures, Place
from googlenet.parallel import map_in_order

MOST_FILES = 100_000
MOST_BYTES = 2**29
"""More files or bytes than these are not looked at: a training should begin."""


def same_file_findings(pictures: Pictures) -> list[Finding]:
    """Findings about files that are copies of each other.

    At most `MOST_BYTES` are read, small files first; `googlenet check` reads all.
    """
    by_size: dict[int, list[int]] = defaultdict(list)
    for index in range(min(len(pictures), MOST_FILES)):
        samples, own = pictures.locate(index)
        if size := samples.size(own):
            by_size[size].append(index)
    left, chosen = MOST_BYTES, []
    for size, indices in sorted(by_size.items()):
        if len(indices) > 1 and (left := left - size * len(indices)) >= 0:
            chosen += indices

    def digest(index: int) -> bytes | None:
        samples, own = pictures.locate(index)
        data = samples.read(own)
        return digest_of(data) if isinstance(data, bytes) else None

    by_digest: dict[bytes, list[Place]] = defaultdict(list)
    chosen.sort()
    for index, found in zip(chosen, map_in_order(digest, chosen), strict=True):
        if found is not None:
            by_digest[found].append(pictures.place(index))
    return [finding_of_group(copies) for copies in by_digest.values() if len(copies) > 1]
