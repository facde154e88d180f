"""What `googlenet visualize` shows beside made images: the pictures of DATA that excite the same units most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from googlenet.cli.terminal import warn
from googlenet.errors import InputError
from googlenet.quantities import count

if TYPE_CHECKING:
    from googlenet.model import Model
    from googlenet.visualization import MadeImage, Request
    from googlenet.visualization.search import Searched

PLAIN = ("layer", "neuron", "size", "steps", "seed")
"""What may be asked for where each unit has one image that excites it."""

BAD_SAID = 20


def check_beside(request: Request, *, data: str | None, html: Path | None, is_folder: bool, force: bool) -> None:
    """Raise InputError where pictures or a page are asked for that have no place, before anything is opened."""
    from googlenet.files import check_not_replaced

    asked = "--html" if html is not None else "--data"
    plain = type(request)(**{name: getattr(request, name) for name in PLAIN})
    others = [field.name for field in fields(request) if getattr(request, field.name) != getattr(plain, field.name)]
    if others:
        option = {"dream": "--from"}.get(others[0], f"--{others[0]}")
        raise InputError(f"{asked} and {option} contradict each other: it shows one image a unit, made to excite it")
    if html is not None:
        from googlenet.report import check_page

        check_page(html)
        check_not_replaced(html, option="--html", force=force)
    if data is not None and is_folder and html is None:
        raise InputError("--data needs a sheet or a page to show its pictures on: --out FILE.png or --html FILE.html")


def search(
    model: Model,
    request: Request,
    data: str,
    most: int | None,
    *,
    device: str | None,
    threads: int | None,
    on_progress: Callable[[int, int], None],
) -> Searched:
    """Find the `most` exciting pictures for each unit of a request; those that cannot be read are named."""
    from googlenet.architecture import build_architecture
    from googlenet.visualization import aims_of_units
    from googlenet.visualization.search import MOST, open_pictures, search_pictures

    layer, aims = aims_of_units(build_architecture(model.spec), model.classes, request.layer)
    searched = search_pictures(
        model,
        open_pictures(model, data),
        layer.name,
        units=[aim.unit for aim in aims if aim.unit is not None],
        most=most or MOST,
        device=device,
        threads=threads,
        on_progress=on_progress,
    )
    bad = searched.found.bad_pictures
    for name, reason in bad[:BAD_SAID]:
        warn(f"{name}: {reason}")
    if len(bad) > BAD_SAID:
        warn(f"and {count(len(bad) - BAD_SAID, 'other picture')} cannot be read")
    return searched


def write_beside(images: Sequence[MadeImage], searched: Searched, out: Path) -> None:
    """Write the sheet of made images with the pictures beside each."""
    from googlenet.files import write_atomically
    from googlenet.images import png_bytes
    from googlenet.visualization.beside import draw_beside

    titles = [image.aim.name for image in images]
    made = [(image.pixels, image.highest) for image in images]
    write_atomically(out, png_bytes(draw_beside(titles, made, searched.found, searched.samples, searched.names)))


def write_page(
    model: Model, name: str, layer: str, images: Sequence[MadeImage], searched: Searched | None, out: Path
) -> None:
    """Write the atlas: the made images, and the pictures if there are any."""
    from googlenet.architecture import build_architecture, layer_names
    from googlenet.report import Atlas, write_atlas
    from googlenet.visualization.units import unit_layers

    architecture, size = build_architecture(model.spec), model.preprocessing.input_size
    by_unit = {image.aim.unit: image for image in images if image.aim.unit is not None}
    atlas = Atlas(
        name,
        layer_names(architecture, size)[layer],
        unit_layers(architecture, layer, size),
        tuple(by_unit),
        made={unit: image.pixels for unit, image in by_unit.items()},
        made_values={unit: image.highest for unit, image in by_unit.items()},
        data="" if searched is None else searched.data,
        found=None if searched is None else searched.found,
        names={} if searched is None else searched.names,
        titles={unit: image.aim.name for unit, image in by_unit.items() if image.aim.name != f"{layer}:{unit}"},
    )
    write_atlas(atlas, out, None if searched is None else searched.samples)


def pictures_of(unit: int | None, searched: Searched | None) -> dict[str, Any]:
    """The pictures of a unit as values for JSON; nothing without DATA."""
    if searched is None or unit is None:
        return {}
    return {"pictures": [one.to_dict() for one in searched.found[unit]]}
