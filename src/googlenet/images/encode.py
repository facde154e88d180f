"""Pictures -> bytes of picture files."""

from __future__ import annotations

import io

from PIL import Image


def png_bytes(picture: Image.Image) -> bytes:
    """A picture as the bytes of a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def jpeg_bytes(picture: Image.Image, *, quality: int) -> bytes:
    """A picture as the bytes of a JPEG file."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()
