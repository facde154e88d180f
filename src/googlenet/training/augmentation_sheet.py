"""A sheet of pictures next to their augmented versions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

from googlenet.images import Rgb
from googlenet.training.augmentation import Augmentation, augment_image

CELL = 128  # px: eight columns are 1,104 px wide, for any input size
GAP = 8
BACKGROUND = (244, 244, 242)


def augmented_sheet(
    images: Sequence[Rgb], *, input_size: int, augmentation: Augmentation, seed: int, columns: int = 8
) -> Image.Image:
    """Draw one row per image (H, W, 3) uint8: the whole image, a wider gap, and `columns - 1` augmented versions.

    Versions are made at `input_size` px and shown at 128 px; version k of row i depends only on (seed, i, k).
    """
    step = CELL + GAP
    sheet = Image.new("RGB", (columns * step + 2 * GAP, len(images) * step + GAP), BACKGROUND)
    for row, image in enumerate(images):
        top = GAP + row * step
        original = ImageOps.contain(Image.fromarray(image), (CELL, CELL), Image.Resampling.LANCZOS)
        sheet.paste(original, (GAP + (CELL - original.width) // 2, top + (CELL - original.height) // 2))
        for column in range(1, columns):
            version = augment_image(image, input_size, augmentation, np.random.default_rng((seed, row, column)))
            shown = Image.fromarray(version).resize((CELL, CELL), Image.Resampling.BICUBIC)
            sheet.paste(shown, (2 * GAP + column * step, top))
    return sheet
