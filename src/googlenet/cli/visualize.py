"""`googlenet visualize`: images made to excite units of a layer, and pictures as a layer dreams them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.terminal import has_terminal, report, say, say_json, show_live
from googlenet.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from googlenet.model import Model
    from googlenet.visualization import MadeImage

REFRESH_SECONDS = 0.25
SHOWN = 8  # lines of activations before the rest is left to --json


def visualize_command(
    model: Annotated[str, Argument(help="A model file, a run folder, or bvlc.")],
    layer: Annotated[
        str,
        Argument(
            metavar="LAYER[:UNITS]",
            help="A layer, and which of its units: 4c:0,5,10-20; of the last layer also classes: linear:tabby.",
        ),
    ],
    out: Annotated[Path, Option(metavar="FILE.png|FOLDER", help="Write one sheet, or each image into a folder.")],
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
    """
    try:
        from googlenet.engines.torch_engine import choose_device, set_threads
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", extra="train", purpose="making images") from error
    from googlenet.visualization import Request, visualize

    request = Request(layer, neuron, negative, diversity, direction, caricature, from_image, size, steps, seed)
    request.check()
    is_folder = _check_place(out, force=force)
    opened = _open(model)
    set_threads(threads)
    progress = _Progress()
    try:
        info, images = visualize(opened, request, device=choose_device(device), on_progress=progress)
        made = _write_each(images, out) if is_folder else _write_sheet(list(images), out)
    finally:
        progress.close()
    if as_json:
        rows = [_fields(image, file) for image, file in made]
        say_json({"model": model, "layer": info.name, "seed": seed, "out": str(out), "images": rows})
        return
    say(*(_line(image) for image, _ in made[:SHOWN]), *(["..."] if len(made) > SHOWN else []))
    report(f"{len(made):,} {'image' if len(made) == 1 else 'images'}: {out}")


def _check_place(out: Path, *, force: bool) -> bool:
    """Whether `out` is a folder: what does not end in .png; raises InputError for what would be replaced."""
    from googlenet.files import check_can_write, check_not_replaced

    if out.suffix.lower() == ".png" and not out.is_dir():
        check_not_replaced(out, option="--out", force=force)
        check_can_write(out)
        return False
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is not a folder; name a folder, or a file that ends in .png")
    if out.is_dir() and any(out.iterdir()) and not force:
        raise InputError(
            f"{out} already has files in it; choose another place with --out, or replace files with --force"
        )
    return True


def _open(name: str) -> Model:
    """The model; raises InputError for an ensemble and for an exported file, which have no layers to take apart."""
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


def _write_sheet(images: Sequence[MadeImage], out: Path) -> list[tuple[MadeImage, Path]]:
    from googlenet.files import write_atomically
    from googlenet.images import png_bytes
    from googlenet.visualization import draw_made_images

    write_atomically(out, png_bytes(draw_made_images(images)))
    return [(image, out) for image in images]


def _write_each(images: Iterable[MadeImage], folder: Path) -> list[tuple[MadeImage, Path]]:
    """Write each image as soon as it is made, so that an interruption leaves those that are finished."""
    from PIL import Image

    from googlenet.files import cannot_write, write_atomically
    from googlenet.images import png_bytes

    written = []
    for image in images:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(folder, error) from error
        path = folder / _file_name(image)
        write_atomically(path, png_bytes(Image.fromarray(image.pixels)))
        written.append((image, path))
    return written


def _file_name(image: MadeImage) -> str:
    """`4c_3x3-130.png`, `linear-281-tabby_tabby_cat.png`; several images of an aim are numbered: `4c-130_2.png`."""
    name = re.sub(r"[^\w.-]+", "_", image.aim.name.replace(":", "-")).strip("_")
    return f"{name}{f'_{image.number + 1}' if image.number else ''}.png"


def _fields(image: MadeImage, file: Path) -> dict[str, Any]:
    return {
        "name": image.aim.name,
        "unit": image.aim.unit,
        "number": image.number,
        "activation": {"largest": image.highest, "mean": image.mean},
        "file": str(file),
    }


def _line(image: MadeImage) -> str:
    return f"{image.aim.name}  largest activation {image.highest:.4g}, mean {image.mean:.4g}"


class _Progress:
    """Steps done and time left, on a terminal."""

    def __init__(self) -> None:
        import time

        self.clock = time.monotonic
        self.started = self.shown = self.clock()
        self.on = has_terminal()

    def __call__(self, done: int, total: int) -> None:
        now = self.clock()
        if self.on and now - self.shown >= REFRESH_SECONDS:
            from googlenet.runs import duration

            self.shown = now
            show_live(f"{done:,} of {total:,} steps, {duration((total - done) / done * (now - self.started))} left")

    def close(self) -> None:
        if self.on:
            show_live("")
