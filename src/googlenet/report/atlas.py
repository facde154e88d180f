"""The atlas of a layer: one page with its units, the image made for each, and the pictures that excite it most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from googlenet.architecture import LayerInfo
from googlenet.dataset import Samples
from googlenet.files import write_atomically
from googlenet.images import BadImage, Rgb
from googlenet.parallel import map_in_order
from googlenet.quantities import count
from googlenet.report.page import render
from googlenet.report.thumbnails import Thumbnail, thumbnail
from googlenet.visualization.exciting import ExcitingPicture, ExcitingPictures, cut_patches

PAGE_BYTES = 7_900_000
TEXT_BYTES = 360
"""Of the most bytes of a page, how many are kept for the text beside each picture."""

ESTIMATED, MARGIN_FOR_ERROR = 24, 1.06
"""From how many units the size of a page is estimated, and by how much it may be wrong."""

BAD_LISTED = 200


@dataclass(frozen=True, slots=True)
class Tier:
    """How large and how good the pictures of a page are: longer sides in px, quality of WebP or JPEG."""

    made: int
    patch: int
    quality: int


TIERS = (
    *(Tier(192, 112, 66), Tier(160, 96, 60), Tier(136, 84, 54), Tier(120, 76, 48)),
    *(Tier(104, 66, 42), Tier(80, 52, 36), Tier(64, 40, 30)),
)
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
        ("feature maps", f"{height} x {width}", "values"),
        ("receptive field", seen, "of the input"),
    ]
    if atlas.found is not None:
        silent = sum(not row for row in atlas.found.pictures)
        rows.append(("pictures", count(atlas.found.seen), f"of {atlas.data}"))
        if silent:
            rows.append(("silent", count(silent, "unit"), "that no picture excites"))
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
    words = " ".join(dict.fromkeys((part, about, *(one.label for one in pictures)))).casefold()
    return ShownUnit(unit, about, thumbnails.get((unit, MADE)), atlas.made_values.get(unit), pictures, words)


MADE = -1
"""Stands for the made image of a unit where ranks of its pictures stand."""


def _thumbnails(atlas: Atlas, samples: Samples | None) -> dict[tuple[int, int], Thumbnail]:
    """The pictures of the page by unit and rank, of the best tier that has room.

    Where they take more than was estimated, those of the last ranks are left out.
    """
    chosen = _encoded(atlas, samples, _tier_for(atlas, samples))
    size = sum(map(_size, chosen.values()))
    while size > PAGE_BYTES:
        last = max(rank for _, rank in chosen)
        dropped = [place for place in chosen if place[1] == last]
        size -= sum(_size(chosen.pop(place)) for place in dropped)
    return chosen


def _tier_for(atlas: Atlas, samples: Samples | None) -> Tier:
    """The first tier whose pictures have room, estimated from those of a few units."""
    units = atlas.units[:: max(1, len(atlas.units) // ESTIMATED)]
    found = atlas.found
    if found is not None:
        found = replace(found, units=units, pictures=tuple(found[unit] for unit in units))
    few = replace(atlas, units=units, found=found)
    for tier in TIERS[:-1]:
        size = sum(map(_size, _encoded(few, samples, tier).values()))
        if MARGIN_FOR_ERROR * size * len(atlas.units) / len(units) <= PAGE_BYTES:
            return tier
    return TIERS[-1]


def _encoded(atlas: Atlas, samples: Samples | None, tier: Tier) -> dict[tuple[int, int], Thumbnail]:
    def encode(placed: _Placed) -> tuple[tuple[int, int], Thumbnail]:
        unit, rank, image = placed
        side = tier.made if rank == MADE else tier.patch
        return (unit, rank), thumbnail(image, side, quality=tier.quality)

    return dict(map_in_order(encode, _images(atlas, samples, tier)))


def _size(one: Thumbnail) -> int:
    return len(one.uri or one.reason) + TEXT_BYTES


def _images(atlas: Atlas, samples: Samples | None, tier: Tier) -> Iterator[_Placed]:
    """(unit, rank, image) of the made images and the patches."""
    for unit in atlas.units:
        if unit in atlas.made:
            yield unit, MADE, atlas.made[unit]
    if atlas.found is not None and samples is not None:
        yield from cut_patches(atlas.found, samples, tier.patch)


_Placed: TypeAlias = tuple[int, int, Rgb | BadImage]
"""A unit, a rank, and the picture there."""
