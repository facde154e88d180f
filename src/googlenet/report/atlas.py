"""The atlas of a layer: one page with its units, the image made for each, and the pictures that excite it most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from googlenet.architecture import LayerInfo
from googlenet.dataset import Samples
from googlenet.files import write_atomically
from googlenet.images import BadImage, Rgb
from googlenet.parallel import map_in_order
from googlenet.report.page import count, render
from googlenet.report.thumbnails import Thumbnail, thumbnail
from googlenet.visualization.exciting import ExcitingPicture, ExcitingPictures, cut_patches

PAGE_BYTES = 7_900_000
TEXT_BYTES = 360
"""Of the most bytes of a page, how many are kept for the text beside each picture."""

BAD_LISTED = 200


@dataclass(frozen=True, slots=True)
class Tier:
    """How large and how good the pictures of a page are: longer sides in px, quality of WebP or JPEG."""

    made: int
    patch: int
    quality: int


TIERS = (Tier(192, 112, 66), Tier(144, 88, 56), Tier(112, 72, 44), Tier(96, 60, 40), Tier(64, 40, 30))
"""From the best to the smallest; a page has the first whose pictures have room."""


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """What is shown of a layer.

    `layers`: for each unit of the layer, the layer that computes it (`unit_layers`). `made`: (S, S, 3) uint8 RGB images
    by unit, with the activation of each in `made_values`. `found`: the exciting pictures of `data`, if there are any;
    `names`: what a class of the data is called, where that is not its own name. `titles`: what a unit is called, where
    it has a name beside its number, as the last layer's units have.
    """

    model: str
    layer: LayerInfo
    layers: Sequence[LayerInfo]
    units: tuple[int, ...]
    made: Mapping[int, Rgb] = field(default_factory=dict)
    made_values: Mapping[int, float] = field(default_factory=dict)
    data: str = ""
    found: ExcitingPictures | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A patch with the class and the name of its picture, and the unit's activation in it."""

    name: str
    label: str
    value: float
    picture: Thumbnail


@dataclass(frozen=True, slots=True)
class ShownUnit:
    """A unit of the page: its number, its name or its layer, the image made for it, and its pictures.

    `words`: what the search looks through, in lower case.
    """

    number: int
    about: str
    made: Thumbnail | None
    made_value: float | None
    pictures: tuple[ShownPicture, ...]
    words: str


def write_atlas(atlas: Atlas, path: Path, samples: Samples | None = None) -> None:
    """Write the page about a layer, one HTML file of at most 8 MB for 512 units.

    `samples`: the data in which `atlas.found` was found. Raises MissingExtraError without the extra `report`,
    InputError if the file cannot be written.
    """
    units = _shown_units(atlas, samples)
    labels = dict.fromkeys(one.label for unit in units for one in unit.pictures)
    found = atlas.found
    page = render(
        "atlas.html.j2",
        title=f"{atlas.layer.name} of {atlas.model}: its units",
        contents=[("units", "Units")] + [("unreadable", "Unreadable pictures")] * bool(found and found.bad_pictures),
        atlas=atlas,
        units=units,
        labels=sorted(labels),
        stats=_stats(atlas),
        bad_pictures=() if found is None else found.bad_pictures[:BAD_LISTED],
        bad_count=0 if found is None else len(found.bad_pictures),
    )
    write_atomically(path, page.encode("utf-8", errors="replace"))


def _stats(atlas: Atlas) -> list[tuple[str, str, str]]:
    """The figures at the head of the page."""
    height, width, channels = atlas.layer.shape
    sizes = sorted({layer.receptive_field.size for layer in atlas.layers})
    seen = f"{sizes[0]} px" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]} px"
    rows = [
        ("units", count(len(atlas.units)), f"of {count(channels)}" if len(atlas.units) < channels else ""),
        ("each has a map of", f"{height} x {width}", "values"),
        ("a value sees", seen, "of the input"),
    ]
    if atlas.found is not None:
        silent = sum(not row for row in atlas.found.pictures)
        rows.append(("pictures", count(atlas.found.seen), f"of {atlas.data}"))
        if silent:
            rows.append(("excited by none", count(silent, "unit"), ""))
    return rows


def _shown_units(atlas: Atlas, samples: Samples | None) -> list[ShownUnit]:
    rows: dict[int, tuple[ExcitingPicture, ...]] = dict.fromkeys(atlas.units, ())
    if atlas.found is not None and samples is not None:
        rows |= dict(zip(atlas.found.units, atlas.found.pictures, strict=True))
    thumbnails = _thumbnails(atlas, samples)
    return [_shown_unit(atlas, unit, rows[unit], thumbnails) for unit in atlas.units]


def _shown_unit(
    atlas: Atlas, unit: int, row: Sequence[ExcitingPicture], thumbnails: Mapping[tuple[int, int], Thumbnail]
) -> ShownUnit:
    pictures = tuple(
        ShownPicture(one.name, atlas.names.get(one.label, one.label), one.value, thumbnails[unit, rank])
        for rank, one in enumerate(row)
        if (unit, rank) in thumbnails
    )
    part = atlas.layers[unit].name
    about = atlas.titles.get(unit, part if part != atlas.layer.name else "")
    words = " ".join(dict.fromkeys((about, *(one.label for one in pictures)))).casefold()
    return ShownUnit(unit, about, thumbnails.get((unit, MADE)), atlas.made_values.get(unit), pictures, words)


MADE = -1
"""Stands for the made image of a unit where ranks of its pictures stand."""


def _thumbnails(atlas: Atlas, samples: Samples | None) -> dict[tuple[int, int], Thumbnail]:
    """The pictures of the page by unit and rank, of the best tier that has room.

    Where even the smallest pictures have no room, those of the last ranks are left out.
    """
    sets: dict[Tier, dict[tuple[int, int], Thumbnail]] = {tier: {} for tier in TIERS}
    sizes = dict.fromkeys(TIERS, 0)

    def reduce(placed: _Placed) -> tuple[tuple[int, int], dict[Tier, Thumbnail]]:
        unit, rank, image = placed
        sides = {tier: tier.made if rank == MADE else tier.patch for tier in tuple(sets)}
        return (unit, rank), {tier: thumbnail(image, side, quality=tier.quality) for tier, side in sides.items()}

    for place, reduced in map_in_order(reduce, _images(atlas, samples)):
        for tier in tuple(sets):
            sets[tier][place] = reduced[tier]
            sizes[tier] += _size(reduced[tier])
            if sizes[tier] > PAGE_BYTES and len(sets) > 1:
                del sets[tier]
    tier, chosen = next(iter(sets.items()))
    while sizes[tier] > PAGE_BYTES:
        last = max(rank for _, rank in chosen)
        dropped = [place for place in chosen if place[1] == last]
        sizes[tier] -= sum(_size(chosen.pop(place)) for place in dropped)
    return chosen


def _size(one: Thumbnail) -> int:
    return len(one.uri or one.reason) + TEXT_BYTES


def _images(atlas: Atlas, samples: Samples | None) -> Iterator[_Placed]:
    """(unit, rank, image) of the made images and the patches."""
    for unit in atlas.units:
        if unit in atlas.made:
            yield unit, MADE, atlas.made[unit]
    if atlas.found is not None and samples is not None:
        yield from cut_patches(atlas.found, samples, TIERS[0].patch)


_Placed: TypeAlias = tuple[int, int, Rgb | BadImage]
"""A unit, a rank, and the picture there."""
