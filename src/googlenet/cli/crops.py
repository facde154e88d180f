"""`googlenet crops`: a sheet of the crops of a picture that the network sees."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.terminal import report, warn
from googlenet.errors import InputError
from googlenet.quantities import count


def crops_command(
    image: Annotated[Path, Argument(help="A picture.")],
    out: Annotated[Path, Option(help="Where to write the sheet (.png).")],
    crops: Annotated[int, Option(help="Number of crops: 1, 10 or 144.")] = 144,
    force: Annotated[bool, Option(help="Replace an existing sheet.")] = False,
    model: Annotated[str | None, Option(help="Show what this model sees; default: 224 px, fit crop.")] = None,
) -> None:
    """Draw the crops that the paper's test takes from a picture, on one sheet.

    Example: googlenet crops photo.jpg --out sheet.png
    """
    from googlenet.files import check_can_write, check_not_replaced, write_atomically
    from googlenet.images import DEFAULT_PREPROCESSING, BadImage, png_bytes, read_picture
    from googlenet.images.crop_sheet import crop_sheet

    check_not_replaced(out, option="--out", force=force)
    check_can_write(out, what="the sheet is a PNG file", suffixes=(".png",))
    preprocessing = DEFAULT_PREPROCESSING
    if model is not None:
        from googlenet.artifacts import describe_model
        from googlenet.model import member_paths
        from googlenet.pretrained import find_model

        preprocessing = describe_model(member_paths(find_model(model))[0]).preprocessing
    notes: list[str] = []
    decoded = read_picture(image, notes=notes)
    if isinstance(decoded, BadImage):
        raise InputError(f"{image}: {decoded.reason}")
    write_atomically(out, png_bytes(crop_sheet(decoded, preprocessing, crops, name=image.name)))
    report(f"{count(crops, 'crop')} of {image}: {out}")
    warn(*(f"{image}: note: {note}" for note in notes))
