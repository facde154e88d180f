"""What the checks need to know of one picture: decoded once, of which a few numbers and two hashes remain."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from googlenet.checks.perceptual_hash import perceptual_hash
from googlenet.dataset import Samples
from googlenet.images import HEAD_BYTES, BadImage, Rgb, Size, decode_image, exif_orientation, recognize

DIGEST_BYTES = 16
BLANK_RANGE = 10  # grey levels between the darkest and the brightest hundredth
ENOUGH = 512  # px: a JPEG is decoded at a fraction if both its sides are still at least this


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """A picture as the checks see it; of one that is `bad` (the reason), only `digest` is also set.

    `format`: what its bytes say, one of `PICTURE_FORMATS` ("" for what is not a file); `orientation`: EXIF's, 1 to 8;
    `size`: upright, in px; `note`: of `decode_image`; `histogram` (256,): pixels of each grey level, 0 to 1;
    `digest`: of the file's bytes; `perceptual`: 64 bits.
    """

    digest: bytes
    bad: str | None = None
    format: str = ""
    orientation: int | None = None
    size: Size = (0, 0)
    note: str | None = None
    histogram: NDArray[np.float64] = field(default_factory=lambda: np.zeros(256))
    perceptual: int = 0

    def level(self, share: float) -> int:
        """The grey level, 0 to 255, that at least `share` of the pixels do not exceed."""
        return int(np.searchsorted(np.cumsum(self.histogram), share - 1e-9))

    @property
    def is_blank(self) -> bool:
        """Whether all of the picture has nearly the same brightness."""
        return self.level(0.99) - self.level(0.01) < BLANK_RANGE


def observe(samples: Samples, index: int) -> Observation:
    """Read and decode picture `index`."""
    data = samples.read(index)
    if isinstance(data, BadImage):
        return Observation(b"", bad=data.reason)
    sizes: list[Size] = []
    notes: list[str] = []

    def enough(width: int, height: int) -> Size:
        sizes.append((width, height))
        return ENOUGH, ENOUGH

    image = samples.decode(index) if data is None else decode_image(data, enough=enough, notes=notes)
    digest = digest_of(data if data is not None else b"" if isinstance(image, BadImage) else image.tobytes())
    if isinstance(image, BadImage):
        return Observation(digest, bad=image.reason)
    grey = to_grey(image)
    histogram = np.array(grey.histogram(), np.float64) / (grey.width * grey.height)
    return Observation(
        digest,
        format="" if data is None else recognize(data[:HEAD_BYTES]) or "",
        orientation=None if data is None else exif_orientation(data),
        size=sizes[0] if sizes else grey.size,
        note=notes[0] if notes else None,
        histogram=histogram,
        perceptual=perceptual_hash(grey),
    )


def to_grey(image: Rgb) -> Image.Image:
    """The picture's grey levels."""
    return Image.fromarray(image).convert("L")


def digest_of(data: bytes) -> bytes:
    """A checksum of `DIGEST_BYTES` bytes."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()
