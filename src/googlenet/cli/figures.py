"""The figures of `googlenet visualize`: the first layer's filters, and a picture's tour through the modules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from googlenet.cli.terminal import report, say, say_json
from googlenet.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

    from googlenet.model import Model

FILTERS, TOUR = FIGURES = ("filters", "tour")
"""What may stand in the place of a layer."""


def check_figure(
    figure: str, out: Path | None, picture: Path | None, others: Mapping[str, object], *, force: bool
) -> Path:
    """The file of a figure; raises InputError, before anything is opened, without one and for options without effect.

    `others`: options by name, those that were not given with a false value.
    """
    from googlenet.files import check_can_write, check_not_replaced

    if given := [option for option, value in others.items() if value]:
        raise InputError(f"{given[0]} has no effect on {figure}: leave it out")
    if figure == TOUR and picture is None:
        raise InputError("a tour needs a picture: name it with --from IMAGE")
    if figure == FILTERS and picture is not None:
        raise InputError("the filters depend on the model alone: leave out --from")
    if out is None:
        raise InputError(f"name the file for the {figure}: --out FILE.png")
    check_can_write(out, what="a figure is a PNG file", suffixes=(".png",))
    check_not_replaced(out, option="--out", force=force)
    return out


def draw_figure(
    figure: str,
    model: Model,
    name: str,
    out: Path,
    picture: Path | None,
    *,
    as_json: bool,
    device: str | None,
    threads: int | None,
) -> None:
    """Draw one of `FIGURES` into `out`; `picture` is that of a tour."""
    from googlenet.files import write_atomically
    from googlenet.images import png_bytes

    about: dict[str, Any] = {"model": name, "figure": figure, "out": str(out)}
    if picture is None:
        from googlenet.visualization.filters import draw_filters

        drawn = draw_filters(model, name=name)
    else:
        drawn, layers = _tour(model, picture, device=device, threads=threads)
        about |= {"image": str(picture), "layers": layers}
        if not as_json:
            say(*(_line(layer) for layer in layers))
    write_atomically(out, png_bytes(drawn))
    if as_json:
        say_json(about)
    else:
        report(f"saved: {out}")


def _line(layer: dict[str, Any]) -> str:
    return f"{layer['name']}: most active units {', '.join(str(one['unit']) for one in layer['units'])}"


def _tour(
    model: Model, picture: Path, *, device: str | None, threads: int | None
) -> tuple[Image.Image, list[dict[str, Any]]]:
    """The figure, and the most active units of each module."""
    from googlenet.architecture import build_architecture, layer_names
    from googlenet.classifier import Classifier
    from googlenet.images import BadImage, read_picture, take_crops
    from googlenet.visualization.tour import draw_tour, most_active

    read = read_picture(picture)
    if isinstance(read, BadImage):
        raise InputError(f"{picture}: {read.reason}")
    architecture = build_architecture(model.spec)
    known = layer_names(architecture, model.preprocessing.input_size)
    layers = [known[row.name] for row in architecture.rows if row.kind == "inception"]
    classifier = Classifier.load(model, device=device, threads=threads)
    activations = classifier.activations(read, [layer.name for layer in layers])
    (square,) = take_crops(read, model.preprocessing, 1).squares
    answer = ", ".join(f"{one.name} {one.probability:.1%}" for one in classifier.predict(read, top=2).ranking)
    drawn = draw_tour(square, activations, layers, name=picture.name, answer=answer)
    rows = [
        {
            "name": layer.name,
            "units": [
                {"unit": unit, "activation": round(float(activations[layer.name][unit].max()), 4)}
                for unit in most_active(activations[layer.name])
            ],
        }
        for layer in layers
    ]
    return drawn, rows
