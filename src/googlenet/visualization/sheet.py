"""Made images side by side on one sheet, each with the name of what it excites."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image

from googlenet.images.lettering import line_height, wrap_text, write_lines
from googlenet.visualization.making import MadeImage

MARGIN, GAP = 20, 12
SHOWN = 128  # px: least longer side of an image on the sheet; smaller ones are enlarged
TEXT, LINES = 14, 2
MOST_COLUMNS = 8
BACKGROUND, INK = (255, 255, 255), (29, 29, 31)


def draw_made_images(images: Sequence[MadeImage]) -> Image.Image:
    """Draw at least one image in rows of up to eight; the images of one aim, of which there are several, in one row.

    All have the same size, of any aspect ratio.
    """
    each = sum(one.aim is images[0].aim for one in images)
    columns = min(each, MOST_COLUMNS) if each > 1 else min(MOST_COLUMNS, math.ceil(math.sqrt(len(images))))
    down, across = images[0].pixels.shape[:2]
    enlarged = max(1, -(-SHOWN // max(down, across)))
    size = width, high = across * enlarged, down * enlarged
    names = [wrap_text(one.aim.name, TEXT, room=width, lines=LINES) for one in images]
    height = high + max(map(len, names)) * line_height(TEXT) + GAP
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * (width + GAP) - GAP + 2 * MARGIN, rows * height - GAP + 2 * MARGIN), BACKGROUND)
    for number, (one, name) in enumerate(zip(images, names, strict=True)):
        left, top = MARGIN + number % columns * (width + GAP), MARGIN + number // columns * height
        sheet.paste(Image.fromarray(one.pixels).resize(size, Image.Resampling.BICUBIC), (left, top))
        write_lines(sheet, (left, top + high), name, TEXT, INK, line_height=line_height(TEXT))
    return sheet
