"""`googlenet visualize`: images made to excite units of a layer, and pictures as a layer dreams them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.beside import check_beside, pictures_of, search, write_beside, write_page
from googlenet.cli.drawings import check_place
from googlenet.cli.figures import FIGURES, check_figure, draw_figure
from googlenet.cli.terminal import has_terminal, report, say, say_json, show_live
from googlenet.errors import EXIT_FINDINGS, InputError, MissingExtraError
from googlenet.quantities import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from googlenet.model import Model
    from googlenet.visualization import MadeImage, Request
    from googlenet.visualization.search import Searched

REFRESH_SECONDS = 0.25
LONGEST_NAME = 60  # characters of a file's name that come from a class's
SHOWN = 8  # lines of activations before the rest is left to --json


def visualize_command(
    model: Annotated[str, Argument(help="A model file, a run folder, or bvlc.")],
    layer: Annotated[
        str,
        Argument(
            metavar="LAYER[:UNITS]",
            help="A layer, and which of its units: 4c:0,5,10-20; of the last layer also classes: linear:tabby. Or a "
            "figure: filters (of the first layer), tour (of the picture --from through the modules).",
        ),
    ],
    out: Annotated[
        Path | None, Option(metavar="FILE.png|FOLDER", help="Write one sheet, or each image into a folder.")
    ] = None,
    html: Annotated[
        Path | None, Option(metavar="FILE.html", help="Write an atlas: a page with all units and a search.")
    ] = None,
    data: Annotated[
        str | None,
        Option(help="Show beside each image the pictures of DATA that excite its unit most, cut to what it sees."),
    ] = None,
    pictures: Annotated[
        int | None, Option(least=1, help="Pictures of DATA for each unit; default: 6.", metavar="N")
    ] = None,
    neuron: Annotated[bool, Option(help="Excite the unit at the centre alone, not everywhere.")] = False,
    negative: Annotated[bool, Option(help="Make what excites the unit least.")] = False,
    diversity: Annotated[int, Option(least=1, help="Images for each unit, unlike each other.", metavar="N")] = 1,
    direction: Annotated[
        Path | None,
        Option(help="Excite directions in the layer: an array (channels,) or (N, channels).", metavar="FILE.npy"),
    ] = None,
    caricature: Annotated[
        Path | None, Option(help="Exaggerate what the layer sees in this picture.", metavar="IMAGE")
    ] = None,
    from_image: Annotated[
        Path | None,
        Option(name="--from", help="Dream: change this picture until the layer sees more.", metavar="IMAGE"),
    ] = None,
    size: Annotated[
        int | None,
        Option(least=16, metavar="PX", help="Width of an image, of a dream its longer side; default: by layer, 512."),
    ] = None,
    steps: Annotated[int | None, Option(least=1, help="Steps; default: 128, for a dream 40.")] = None,
    seed: Annotated[int, Option(least=0, help="Random seed.")] = 0,
    force: Annotated[bool, Option(help="Replace existing files.")] = False,
    as_json: Annotated[bool, Option(name="--json", help="Print JSON: each image with its unit's activation.")] = False,
    threads: Annotated[int | None, Option(least=1, help="Threads; default: one per available core.")] = None,
    device: Annotated[str | None, Option(help="cpu, cuda or mps; default: the best available.")] = None,
) -> None:
    """Make images that excite units of a layer most: what each unit looks for (Olah et al. 2017).

    Without UNITS, there is one image for each unit of the layer. The activations printed are those of the made image as
    a plain picture of the model's input size: the largest of all places, and their mean.

    Example: googlenet visualize bvlc 4c:0-15 --out sheet.png

    Example: googlenet visualize bvlc 4c --data photos/ --html atlas.html
    """
    if layer in FIGURES:
        others = {
            **{"--neuron": neuron, "--negative": negative, "--diversity": diversity > 1, "--direction": direction},
            **{"--caricature": caricature, "--size": size, "--steps": steps, "--seed": seed, "--data": data},
            **{"--pictures": pictures, "--html": html},
        }
        file = check_figure(layer, out, from_image, others, force=force)
        draw_figure(layer, _open(model), model, file, from_image, as_json=as_json, device=device, threads=threads)
        return
    try:
        from googlenet.engines.torch_engine import set_threads
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", extra="train", purpose="making images") from error
    from googlenet.visualization import Request

    request = Request(layer, neuron, negative, diversity, direction, caricature, from_image, size, steps, seed)
    request.check()
    if out is None and html is None:
        raise InputError("name what to write: --out FILE.png, --out FOLDER or --html FILE.html")
    is_folder = out is not None and _is_free_folder(out, force=force)
    if pictures is not None and data is None:
        raise InputError("--pictures needs --data: give both, or neither")
    if data is not None or html is not None:
        check_beside(request, data=data, html=html, is_folder=is_folder, force=force)
    opened = _open(model)
    set_threads(threads)
    searched: Searched | None = None
    if data is not None:
        with Progress("pictures") as progress:
            searched = search(opened, request, data, pictures, device=device, threads=threads, on_progress=progress)
    name, made = _make(opened, request, out if is_folder else None, device=device)
    images = [image for image, _ in made]
    if out is not None and not is_folder:
        _write_sheet(images, out) if searched is None else write_beside(images, searched, out)
    if html is not None:
        write_page(opened, model, name, images, searched, html)
    if as_json:
        about = {"model": model, "layer": name, "seed": seed, "out": None if out is None else str(out)}
        rows = [_fields(image, file or out) | pictures_of(image.aim.unit, searched) for image, file in made]
        say_json(about | ({} if html is None else {"html": str(html)}) | {"images": rows})
    else:
        say(*map(_line, images[:SHOWN]), *(["..."] if len(made) > SHOWN else []))
        written = ", ".join(str(path) for path in (out, html) if path is not None)
        report(f"{count(len(made), 'image')}: {written}")
    if searched is not None and searched.found.bad_pictures:
        raise SystemExit(EXIT_FINDINGS)


def _make(
    model: Model, request: Request, folder: Path | None, *, device: str | None
) -> tuple[str, list[tuple[MadeImage, Path | None]]]:
    """The layer's name, and the images, each written into `folder` as soon as it is made, with its file there."""
    from googlenet.engines.torch_engine import choose_device
    from googlenet.visualization import visualize

    with Progress("steps") as progress:
        info, images = visualize(model, request, device=choose_device(device), on_progress=progress)
        return info.name, [(image, None if folder is None else _write_image(image, folder)) for image in images]


def _is_free_folder(out: Path, *, force: bool) -> bool:
    """Whether `out` is a folder; raises InputError for what cannot be written, or would be replaced."""
    from googlenet.files import check_can_write

    is_folder = check_place(out, force=force)
    if not is_folder:
        check_can_write(out)
    return is_folder


def _open(name: str) -> Model:
    """The model; raises InputError for an ensemble and for an exported file, which have no gradients."""
    from googlenet.artifacts import ExportedModel, open_model
    from googlenet.model import member_paths
    from googlenet.pretrained import find_model

    path = find_model(name)
    if member_paths(path) != (path,):
        raise InputError(f"{name} is an ensemble; name one of its members, for example {member_paths(path)[0]}")
    opened = open_model(path)
    if isinstance(opened, ExportedModel):
        raise InputError(f"{name} is an exported file, which has no gradients; name the model that it was made from")
    return opened


def _write_sheet(images: Sequence[MadeImage], out: Path) -> None:
    from googlenet.files import write_atomically
    from googlenet.images import png_bytes
    from googlenet.visualization import draw_made_images

    write_atomically(out, png_bytes(draw_made_images(images)))


def _write_image(image: MadeImage, folder: Path) -> Path:
    """Write an image as soon as it is made, so that an interruption leaves those that are finished."""
    from PIL import Image

    from googlenet.files import cannot_write, write_atomically
    from googlenet.images import png_bytes

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    path = folder / _file_name(image)
    write_atomically(path, png_bytes(Image.fromarray(image.pixels)))
    return path


def _file_name(image: MadeImage) -> str:
    """`4c_3x3-130.png`, of a class `281-tabby_tabby_cat.png`; further images of an aim are numbered: `4c-130_2.png`."""
    name = re.sub(r"[^\w.-]+", "_", image.aim.name.replace(":", "-")).strip("_")[:LONGEST_NAME]
    unit = image.aim.unit
    if unit is not None and not name.endswith(f"-{unit}"):  # classes can share a name
        name = f"{unit}-{name}"
    return f"{name}{f'_{image.number + 1}' if image.number else ''}.png"


def _fields(image: MadeImage, file: Path | None) -> dict[str, Any]:
    return {
        "name": image.aim.name,
        "unit": image.aim.unit,
        "number": image.number,
        "activation": {"largest": image.highest, "mean": image.mean},
        "file": None if file is None else str(file),
    }


def _line(image: MadeImage) -> str:
    number = f" ({image.number + 1})" if image.number else ""
    return f"{image.aim.name}{number}  largest activation {image.highest:.4g}, mean {image.mean:.4g}"


class Progress:
    """What is done and the time left, on a terminal; `what` is counted: "steps"."""

    def __init__(self, what: str) -> None:
        import time

        self.what = what
        self.clock = time.monotonic
        self.started = self.shown = self.clock()
        self.on = has_terminal()

    def __enter__(self) -> Progress:
        return self

    def __call__(self, done: int, total: int) -> None:
        """Show how far the work is, a few times a second."""
        now = self.clock()
        if self.on and now - self.shown >= REFRESH_SECONDS:
            from googlenet.runs import duration

            self.shown = now
            left = duration((total - done) / done * (now - self.started))
            show_live(f"{done:,} of {total:,} {self.what}, {left} left")

    def __exit__(self, *_: object) -> None:
        if self.on:
            show_live("")
