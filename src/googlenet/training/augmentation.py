"""Data augmentation: patch, interpolation, light and colour, mirroring (paper, Section 6).

Where the paper is silent: a patch's aspect ratio is log-uniform among the permitted ones that fit, so that its area is
exactly uniform; factors are uniform; all colour changes are one affine map, clipped once at the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from googlenet.errors import SettingsError
from googlenet.images import GREY_WEIGHTS, INTERPOLATIONS, Box, Interpolation, Rgb, resize_image

LUMA = np.array(GREY_WEIGHTS)
"""Weights of R, G, B in the grey value; they sum to 1."""

LIGHT_DIRECTIONS = np.array(((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203)))
"""Columns: the principal directions of ImageNet's RGB values (Krizhevsky 2012, Section 4.1; fb.resnet.torch)."""

LIGHT_STRENGTHS = 255 * np.array((0.2175, 0.0188, 0.0045))
"""Grey levels (0 to 255) that one unit of noise moves a pixel along each direction; published for pixels of 0 to 1."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """The settings of `augment_image`; the defaults are all of Section 6.

    patch_area:      smallest and largest share of the picture's area; None: the whole picture, made square before.
    patch_aspect:    smallest and largest width / height of a patch; with `squash`, relative to the picture's.
    photometric:     smallest and largest factor of contrast, brightness and colour; None: off.
    lighting:        standard deviation of Krizhevsky's noise; 0: off.
    interpolations:  one is drawn with equal probability; a single one is fixed.
    mirror:          half of the pictures are mirrored.
    squash:          whole pictures are squashed when the network is used, so that patches are squashed alike.

    Raises SettingsError for an invalid value.
    """

    patch_area: tuple[float, float] | None = (0.08, 1.0)
    patch_aspect: tuple[float, float] = (3 / 4, 4 / 3)
    photometric: tuple[float, float] | None = (0.5, 1.5)
    lighting: float = 0.1
    interpolations: tuple[Interpolation, ...] = ("bilinear", "area", "nearest", "bicubic")
    mirror: bool = True
    squash: bool = False

    def __post_init__(self) -> None:
        """Validate the settings."""
        for key, span, greatest in (
            ("patch_area", self.patch_area, 1),
            ("patch_aspect", self.patch_aspect, 100),
            ("photometric", self.photometric, 100),
        ):
            if span is not None and not 0 < span[0] <= span[1] <= greatest:
                raise SettingsError(f"{key} is {span}: give two ascending numbers, above 0 and at most {greatest}")
        if not 0 <= self.lighting < math.inf:
            raise SettingsError(f"lighting is {self.lighting}: give a standard deviation of 0 (off) or more")
        if not self.interpolations or not set(self.interpolations) <= set(INTERPOLATIONS):
            known = ", ".join(INTERPOLATIONS)
            raise SettingsError(f"interpolations is {self.interpolations}: give one or more of {known}")


def augment_image(image: Rgb, input_size: int, augmentation: Augmentation, generator: np.random.Generator) -> Rgb:
    """Turn `image` (H, W, 3) uint8 RGB into a training square of `input_size` px; a pure function of its arguments."""
    height, width, _ = image.shape
    area, aspect = augmentation.patch_area, augmentation.patch_aspect
    if area is None:
        box = None
    elif augmentation.squash:
        box = _sample_squashed(height, width, area=area, aspect=aspect, generator=generator)
    else:
        box = sample_patch(height, width, area=area, aspect=aspect, generator=generator)
    interpolation = sample_interpolation(augmentation.interpolations, generator)
    square = Image.fromarray(resize_image(image, input_size, input_size, box=box, interpolation=interpolation))
    if augmentation.photometric or augmentation.lighting:
        mean_colour = np.array(square.reduce(input_size), np.float64)[0, 0]  # rounded to integers, as Pillow's contrast
        matrix = photometric_matrix(
            mean_colour, photometric=augmentation.photometric, lighting=augmentation.lighting, generator=generator
        )
        square = square.convert("RGB", tuple(matrix.ravel().tolist()))  # one pass in C: rounds, clips to 0 and 255
    if augmentation.mirror and generator.random() < 0.5:
        square = square.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.array(square)


def sample_patch(
    height: int, width: int, *, area: tuple[float, float], aspect: tuple[float, float], generator: np.random.Generator
) -> Box:
    """Draw a patch of a picture: first its area, then an aspect ratio among those that fit, then its position.

    The share of the picture's area is uniform in `area`, limited to the largest patch of a permitted aspect ratio (for
    very elongated pictures that may be below the smallest area). The aspect ratio is log-uniform (4:3 as likely as 3:4)
    over those with which a patch of this area fits; so nothing is redrawn, and small areas are not favoured, as they
    are when area and aspect ratio are retried together. The position is uniform. Both sides are at least 1 px.
    """
    share, shape, across, down = generator.random(4).tolist()
    largest = min(1.0, aspect[1] * height / width, width / height / aspect[0])
    pixels = height * width * _between(min(area[0], largest), min(area[1], largest), share)
    narrowest, widest = max(aspect[0], pixels / height**2), min(aspect[1], width**2 / pixels)
    ratio = math.exp(_between(math.log(narrowest), math.log(widest), shape))
    patch_width = min(max(math.sqrt(pixels * ratio), 1.0), width)
    patch_height = min(max(math.sqrt(pixels / ratio), 1.0), height)
    left, top = across * (width - patch_width), down * (height - patch_height)
    return left, top, left + patch_width, top + patch_height


def _sample_squashed(
    height: int, width: int, *, area: tuple[float, float], aspect: tuple[float, float], generator: np.random.Generator
) -> Box:
    """Draw a patch of the picture as it is when squashed to a square, in the picture's own coordinates."""
    side = min(height, width)
    box = sample_patch(side, side, area=area, aspect=aspect, generator=generator)
    across, down = width / side, height / side
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def sample_interpolation(interpolations: tuple[Interpolation, ...], generator: np.random.Generator) -> Interpolation:
    """Draw one of `interpolations` with equal probability."""
    return interpolations[generator.integers(len(interpolations))]


def photometric_matrix(
    mean_colour: npt.NDArray[np.float64],
    *,
    photometric: tuple[float, float] | None,
    lighting: float,
    generator: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Draw the change of light and colour as one affine map (3, 4) of pixels (R, G, B, 1), in levels of 0 to 255.

    Contrast blends a pixel with the grey of `mean_colour` (3,), the patch's mean; brightness with black; colour with
    the pixel's own grey; each by its own factor, uniform in `photometric` (Howard, arXiv 1312.5402). Then the lighting
    noise is added (Krizhevsky 2012, Section 4.1). Howard's random order makes no difference here: brightness also
    scales the mean grey, and colour preserves every grey, so the three commute. Only clipping between the steps would
    depend on the order; here values are clipped once, at the end, so that one step can bring back a highlight that
    another pushed out of range.
    """
    contrast, brightness, colour = generator.uniform(*(photometric or (1.0, 1.0)), size=3)
    matrix = np.empty((3, 4))
    matrix[:, :3] = contrast * brightness * (colour * np.eye(3) + (1 - colour) * LUMA)
    matrix[:, 3] = (1 - contrast) * brightness * (LUMA @ mean_colour)
    matrix[:, 3] += LIGHT_DIRECTIONS @ (LIGHT_STRENGTHS * generator.normal(0.0, lighting, size=3))
    return matrix


def _between(low: float, high: float, share: float) -> float:
    """Interpolate linearly from `low` (share 0) to `high` (share 1)."""
    return low + (high - low) * share
