"""Made images beside the real pictures that excite the same units most, on one sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

from googlenet.dataset import Samples
from googlenet.images import BadImage, Rgb
from googlenet.images.lettering import line_height, write_line
from googlenet.visualization.exciting import ExcitingPictures, cut_patches

MADE, PATCH, GAP, MARGIN = 216, 92, 8, 32  # px
CARD_GAP = 30  # px: between the cards of two units
ROWS = 2  # of patches beside the made image
MOST_COLUMNS = 4  # cards in a row
TITLE, LABEL = 20, 13  # px: heights of text
CELL = PATCH + 2 * line_height(LABEL) + 2  # px: height of a patch with its two lines of text
BACKGROUND, INK, FAINT, EMPTY = (255, 255, 255), (29, 29, 31), (99, 99, 104), (242, 242, 238)


def draw_beside(
    titles: Sequence[str],
    made: Sequence[tuple[Rgb, float]],
    found: ExcitingPictures,
    samples: Samples,
    names: Mapping[str, str],
) -> Image.Image:
    """Draw a card for each unit of `found`: the image made for it, and its pictures, each with the unit's activation.

    `titles` and `made`, the images (S, S, 3) uint8 RGB with their activations, are in the order of the units; `samples`
    are the data in which they were found, `names` what its classes are called.
    """
    patches = {(unit, rank): patch for unit, rank, patch in cut_patches(found, samples, PATCH)}
    most = max((len(row) for row in found.pictures), default=0)
    across = max(1, math.ceil(most / ROWS))
    width, height = MADE + across * (PATCH + GAP), line_height(TITLE) + max(MADE + line_height(LABEL), ROWS * CELL)
    columns = min(MOST_COLUMNS, math.ceil(math.sqrt(len(titles) / 2)))
    rows = -(-len(titles) // columns)
    sheet = Image.new(
        "RGB",
        (columns * (width + CARD_GAP) - CARD_GAP + 2 * MARGIN, rows * (height + CARD_GAP) - CARD_GAP + 2 * MARGIN),
        BACKGROUND,
    )
    for number, (title, (image, value), unit) in enumerate(zip(titles, made, found.units, strict=True)):
        left = MARGIN + number % columns * (width + CARD_GAP)
        top = MARGIN + number // columns * (height + CARD_GAP)
        write_line(sheet, (left, top), title, TITLE, INK, room=width)
        top += line_height(TITLE)
        sheet.paste(Image.fromarray(image).resize((MADE, MADE), Image.Resampling.BICUBIC), (left, top))
        write_line(sheet, (left, top + MADE), f"made: {value:.1f}", LABEL, INK, room=MADE)
        for rank, one in enumerate(found[unit]):
            row, column = divmod(rank, across)
            place = left + MADE + GAP + column * (PATCH + GAP), top + row * CELL
            _draw_patch(sheet, place, patches[unit, rank], one.value, names.get(one.label, one.label))
    return sheet


def _draw_patch(sheet: Image.Image, place: tuple[int, int], patch: Rgb | BadImage, value: float, label: str) -> None:
    left, top = place
    ImageDraw.Draw(sheet).rectangle((left, top, left + PATCH - 1, top + PATCH - 1), fill=EMPTY)
    if isinstance(patch, BadImage):
        write_line(sheet, (left, top), patch.reason, LABEL, FAINT, room=PATCH)
    else:
        height, width = patch.shape[:2]
        sheet.paste(Image.fromarray(patch), (left + (PATCH - width) // 2, top + (PATCH - height) // 2))
    write_line(sheet, (left, top + PATCH), f"{value:.1f}", LABEL, INK, room=PATCH)
    write_line(sheet, (left, top + PATCH + line_height(LABEL)), label, LABEL, FAINT, room=PATCH)
