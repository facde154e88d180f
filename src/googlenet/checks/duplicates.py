"""Pictures that are the same, byte for byte or pixel for pixel, or almost; what that means for labels, splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from googlenet.checks.finding import Finding
from googlenet.checks.kinds import finding
from googlenet.checks.observation import Observation, digest_of, to_grey
from googlenet.checks.perceptual_hash import close_pairs, similarity, small
from googlenet.checks.pictures import SPLIT_ORDER, Pictures, Place
from googlenet.dataset import quote_names
from googlenet.images import BadImage
from googlenet.parallel import map_in_order

LEAST_SIMILARITY = 0.95
"""Correlation of near duplicates: 99 % of pictures that were cropped by 2 % a side, or made brighter, reach it."""

LEAST_SIDE = 32  # px: smaller pictures of one class are all alike


@dataclass(slots=True)
class Hashes:
    """What is kept of every picture, by index: 33 bytes of each, zeros of one that cannot be read."""

    digests: NDArray[np.uint8]
    perceptual: NDArray[np.uint64]
    sizes: NDArray[np.int32]
    flat: NDArray[np.bool_]

    @classmethod
    def of(cls, pictures: int) -> Hashes:
        """Make room for so many pictures."""
        return cls(
            np.zeros((pictures, 16), np.uint8),
            np.zeros(pictures, np.uint64),
            np.zeros((pictures, 2), np.int32),
            np.zeros(pictures, np.bool_),
        )

    def keep(self, index: int, seen: Observation) -> None:
        """Keep the hashes of a picture; nothing of one that cannot be read."""
        if not seen.bad:
            self.digests[index] = np.frombuffer(seen.digest, np.uint8)
            self.perceptual[index] = seen.perceptual
            self.sizes[index] = seen.size
            self.flat[index] = seen.is_blank

    @property
    def good(self) -> NDArray[np.intp]:
        """The indices of the pictures that could be read."""
        return np.flatnonzero(self.sizes[:, 0])


class Groups:
    """Disjoint groups of indices, merged pair by pair."""

    def __init__(self) -> None:
        """No groups yet."""
        self._parent: dict[int, int] = {}

    def merge(self, one: int, other: int) -> None:
        """Put two indices, and their groups, into one."""
        first, second = self.root(one), self.root(other)
        self._parent[max(first, second)] = min(first, second)

    def root(self, index: int) -> int:
        """The first member of an index's group."""
        self._parent.setdefault(index, index)
        while (parent := self._parent[index]) != index:
            self._parent[index] = self._parent[parent]
            index = parent
        return index

    def all(self) -> Iterator[list[int]]:
        """Yield the groups of at least two, their members in order."""
        members: dict[int, list[int]] = defaultdict(list)
        for index in sorted(self._parent):
            members[self.root(index)].append(index)
        yield from (group for group in members.values() if len(group) > 1)


@dataclass(slots=True, eq=False)
class _Closer:
    """What is read again of candidates alone: a checksum of their pixels, and their greys, reduced."""

    pixels: bytes
    greys: NDArray[np.uint8]


def duplicate_findings(pictures: Pictures, hashes: Hashes) -> list[Finding]:
    """Findings about pictures that are the same or nearly so.

    Equal files are found by their checksums; what else is close by its perceptual hash is decoded once more.
    """
    groups, copies = Groups(), []
    for first, *others in _equal_rows(hashes.digests, hashes.good):
        copies += others
        for other in others:
            groups.merge(first, other)
    firsts = np.setdiff1d(hashes.good, copies)
    closer = _look_closer(sorted({index for pair in _candidates(hashes, firsts) for index in pair}), pictures)
    near = Groups()
    for one, other in _candidates(hashes, firsts):  # again, because all pairs may be many
        if one not in closer or other not in closer:
            continue
        this, that = closer[one], closer[other]
        if this.pixels == that.pixels:
            groups.merge(one, other)
        elif _may_be_near(hashes, one, other) and similarity(this.greys, that.greys) >= LEAST_SIMILARITY:
            near.merge(one, other)
    same = [finding_of_group(map(pictures.place, group)) for group in groups.all()]
    # A picture and its exact copy are one member of a group of near duplicates.
    alike = [sorted({groups.root(index) for index in group}) for group in near.all()]
    mixed_first = sorted(
        (_kept_first(map(pictures.place, group)) for group in alike if len(group) > 1),
        key=lambda group: (-len(_classes(group)), -len(_splits(group))),
    )
    return [*same, *map(_near_finding, mixed_first)]


def finding_of_group(copies: Iterable[Place]) -> Finding:
    """The finding about copies of one picture: a conflicting label, a leak, or else a duplicate."""
    kept_first = _kept_first(copies)
    names = [place.name for place in kept_first]
    classes, splits = _classes(kept_first), _splits(kept_first)
    across = f", in {' and '.join(splits)}" if len(splits) > 1 else ""
    if len(classes) > 1:
        return finding(
            "conflicting_label", names, f"{len(names):,} copies in the classes {quote_names(classes, 3)}{across}"
        )
    kind = "leak" if across else "duplicate"
    return finding(kind, names, f"{len(names):,} copies in the class '{classes[0]}'{across}")


def _near_finding(alike: Sequence[Place]) -> Finding:
    classes, splits = _classes(alike), _splits(alike)
    of = "the class" if len(classes) == 1 else "the classes"
    across = f", in {' and '.join(splits)}" if len(splits) > 1 else ""
    detail = f"{len(alike):,} pictures that are almost the same, in {of} {quote_names(classes, 3)}{across}"
    return finding("near_duplicate", [place.name for place in alike], detail)


def _kept_first(places: Iterable[Place]) -> list[Place]:
    return sorted(places, key=lambda place: place.rank)


def _classes(places: Iterable[Place]) -> list[str]:
    return sorted({place.class_name for place in places})


def _splits(places: Iterable[Place]) -> list[str]:
    return sorted({place.home for place in places}, key=SPLIT_ORDER.index)


def _equal_rows(digests: NDArray[np.uint8], good: NDArray[np.intp]) -> Iterator[list[int]]:
    """Yield the indices of equal digests, groups of at least two."""
    if len(good) == 0:
        return
    rows = np.ascontiguousarray(digests[good]).view(f"V{digests.shape[1]}").ravel()
    order = np.argsort(rows, kind="stable")
    for group in np.split(order, np.flatnonzero(rows[order][1:] != rows[order][:-1]) + 1):
        if len(group) > 1:
            yield [int(good[place]) for place in group]


def _candidates(hashes: Hashes, among: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of pictures with close hashes that may have the same pixels, or be near duplicates."""
    for first, second in close_pairs(hashes.perceptual[among]):
        one, other = int(among[first]), int(among[second])
        same_size = bool((hashes.sizes[one] == hashes.sizes[other]).all())
        if (same_size and hashes.perceptual[one] == hashes.perceptual[other]) or _may_be_near(hashes, one, other):
            yield one, other


def _may_be_near(hashes: Hashes, one: int, other: int) -> bool:
    return not (hashes.flat[one] or hashes.flat[other]) and bool(hashes.sizes[[one, other]].min() >= LEAST_SIDE)


def _look_closer(indices: Sequence[int], pictures: Pictures) -> dict[int, _Closer]:
    def decode(index: int) -> _Closer | None:
        samples, own = pictures.locate(index)
        image = samples.decode(own)
        if isinstance(image, BadImage):  # it has vanished meanwhile
            return None
        return _Closer(digest_of(repr(image.shape).encode() + image.tobytes()), small(to_grey(image)))

    looked = zip(indices, map_in_order(decode, indices), strict=True)
    return {index: closer for index, closer in looked if closer is not None}
