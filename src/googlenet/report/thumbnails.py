"""Pictures small enough to be part of a page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

from PIL import Image, features

from googlenet.images import BadImage, Picture, read_picture

QUALITY = 62  # of JPEG or WebP: a page is looked at, not measured


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture as a data URI with its width and height in px, or the `reason` why there is none."""

    uri: str | None = None
    width: int = 0
    height: int = 0
    reason: str = ""


def thumbnail(source: Picture | BadImage, side: int, *, quality: int = QUALITY) -> Thumbnail:
    """Reduce a picture so that it fits a square of `side` px; a smaller one keeps its size.

    A bad picture gives a Thumbnail with its reason. Raises InputError for what is not a picture at all.
    """
    image = source if isinstance(source, BadImage) else read_picture(source, enough=lambda width, height: (side, side))
    if isinstance(image, BadImage):
        return Thumbnail(reason=image.reason)
    height, width = image.shape[:2]
    scale = min(1.0, side / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = Image.fromarray(image)
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    kind = "WEBP" if features.check("webp") else "JPEG"
    buffer = io.BytesIO()
    picture.save(buffer, kind, quality=quality)
    return Thumbnail(f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}", *size)
