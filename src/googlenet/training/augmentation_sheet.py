"""A sheet of pictures with their classes, each next to its augmented versions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

from googlenet.images import Rgb
from googlenet.images.lettering import line_height, write_line
from googlenet.training.augmentation import Augmentation, augment_image

CELL = 128  # px: eight columns are 1,104 px wide, for any input size
GAP = 8
TEXT = 18  # px: height of the text
ROW = line_height(TEXT) + CELL + GAP
"""Pixels from one row to the next: the name of the class, and the pictures below it."""

HEAD = line_height(TEXT) + GAP
BACKGROUND, INK, FAINT = (250, 250, 248), (28, 28, 28), (96, 96, 96)


def augmented_sheet(
    images: Sequence[Rgb],
    names: Sequence[str],
    *,
    input_size: int,
    augmentation: Augmentation,
    seed: int,
    columns: int = 8,
) -> Image.Image:
    """Draw one row per image (H, W, 3) uint8: its class's name, the whole image, `columns - 1` augmented versions.

    `names`: the name of each image's class. Versions are made at `input_size` px and shown at 128 px; version k of row
    i depends only on (seed, i, k).
    """
    step = CELL + GAP
    sheet = Image.new("RGB", (columns * step + 2 * GAP, HEAD + len(images) * ROW + GAP), BACKGROUND)
    write_line(sheet, (GAP, GAP), "picture", TEXT, FAINT, room=CELL)
    title = "augmented at random, as the network sees it in training"
    write_line(sheet, (2 * GAP + step, GAP), title, TEXT, FAINT, room=(columns - 1) * step - GAP)
    for row, (image, name) in enumerate(zip(images, names, strict=True)):
        top = HEAD + GAP + row * ROW
        write_line(sheet, (GAP, top), name, TEXT, INK, room=columns * step - GAP)
        top += line_height(TEXT)
        original = ImageOps.contain(Image.fromarray(image), (CELL, CELL), Image.Resampling.LANCZOS)
        sheet.paste(original, (GAP + (CELL - original.width) // 2, top + (CELL - original.height) // 2))
        for column in range(1, columns):
            version = augment_image(image, input_size, augmentation, np.random.default_rng((seed, row, column)))
            shown = Image.fromarray(version).resize((CELL, CELL), Image.Resampling.BICUBIC)
            sheet.paste(shown, (2 * GAP + column * step, top))
    return sheet
