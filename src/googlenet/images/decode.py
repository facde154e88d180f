"""Bytes of a picture file -> (H, W, 3) uint8 RGB, or a `BadImage` with the reason; the header is checked first."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TypeAlias

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from googlenet.images.formats import HEAD_BYTES, explain, recognize
from googlenet.images.grey import deep_grey, is_deep, level_note

Rgb: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""

Size: TypeAlias = tuple[int, int]
"""(width, height) in pixels."""

Enough: TypeAlias = Callable[[int, int], Size]
"""(width, height) of an upright picture -> the least size that is enough; the picture may be reduced to no less."""

PIXEL_LIMIT = 178_956_970  # Pillow's own limit for raising instead of warning

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else its errors reach the terminal if nothing logs
_PILLOW_QUIET = ("ignore", None, Warning, re.compile(r"PIL\."), 0)

_JPEG_SCALES = (8, 4, 2)  # by which a JPEG decoder can reduce, at less cost than decoding at full size

_UNIDENTIFIED = {  # the reason for a file with this format's signature that cannot be opened
    "TIFF": "damaged, or an unsupported kind of TIFF: save it with 8 or 16 bits per value, or as PNG",
    "BMP": "not a picture",  # many other files begin with these two letters
    "PPM": "not a picture",
    "AVIF": "damaged, or this Pillow was built without AVIF support: convert it to JPEG or PNG",
}

_WIDTH, _HEIGHT, _PLANAR = 256, 257, 284  # tags of TIFF
_SEPARATE = 2  # value of the last one: channels are stored in separate planes

_UPRIGHT = {  # EXIF orientation -> the transpose that makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class BadImage:
    """A picture that cannot be used; `reason` is a short fragment such as `truncated file`."""

    reason: str


def decode_image(
    data: bytes,
    *,
    shortest_side: int | None = None,
    enough: Enough | None = None,
    notes: list[str] | None = None,
) -> Rgb | BadImage:
    """Decode a picture file: upright, transparency on white, the first frame of several.

    More than 8 bits per value are converted to 8 as in `deep_grey`; if few grey levels remain, a sentence is added to
    `notes`. With `shortest_side` (pixels), a larger picture is reduced until its shorter side is exactly that; a
    smaller one is not scaled. With `enough` instead, a large JPEG is decoded at 1/2, 1/4 or 1/8 of its size if that is
    still enough, which is faster. Never raises, whatever the bytes are, and never returns part of a truncated picture.
    """
    if not data:
        return BadImage("empty file")
    kind = recognize(data[:HEAD_BYTES])
    if kind is None:
        return BadImage(explain(data[:HEAD_BYTES]))
    _silence_pillow()
    try:
        return _decode_file(data, kind, shortest_side, enough, notes)
    except Exception as error:  # on damaged bytes, parsers can raise anything
        if kind == "PNG" and "MAX_TEXT" in str(error) and len(plain := _without_texts(data)) < len(data):
            return decode_image(plain, shortest_side=shortest_side, enough=enough, notes=notes)
        return BadImage(_reason(error, kind))


def decode_picture(picture: Image.Image, *, notes: list[str] | None = None) -> Rgb | BadImage:
    """Decode a picture that Pillow has opened or created, as `decode_image` does a file."""
    _silence_pillow()
    try:
        return _decode(picture, None, notes)
    except Exception as error:  # opened but not yet read: the same parsers
        return BadImage(_reason(error, picture.format or ""))


def exif_orientation(data: bytes) -> int | None:
    """The EXIF orientation of a picture file, 1 to 8; None if it has none. Never raises, whatever the bytes are."""
    kind = recognize(data[:HEAD_BYTES])
    if kind is None or kind == "HEIC":  # HEIC's own rotation is applied by its decoder
        return None
    _silence_pillow()
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as image:
            orientation = _orientation(image)
    except Exception:  # on damaged bytes, parsers can raise anything
        return None
    return orientation if orientation in range(1, 9) else None


def picture_size(data: bytes) -> Size | None:
    """The size in a picture file's header; None if there is none. Never raises, whatever the bytes are."""
    kind = recognize(data[:HEAD_BYTES])
    if kind is None:
        return None
    _silence_pillow()
    try:
        with _open_heic(data) if kind == "HEIC" else Image.open(io.BytesIO(data), formats=(kind,)) as image:
            return image.size
    except Exception:  # on damaged bytes, parsers can raise anything
        return None


def _decode_file(
    data: bytes, kind: str, shortest_side: int | None, enough: Enough | None, notes: list[str] | None
) -> Rgb | BadImage:
    with _open_heic(data) if kind == "HEIC" else Image.open(io.BytesIO(data), formats=(kind,)) as image:
        width, height = image.size
        if width * height > PIXEL_LIMIT:
            return BadImage(_too_large(width * height))
        if shortest_side is None and image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L"):
            pixels = _decode_jpeg(data, image, enough)
            if pixels is not None:
                return pixels
        return _decode(image, shortest_side, notes)


def _open_heic(data: bytes) -> Image.Image:
    """Open without registering a plugin, which would change what Pillow opens elsewhere in the process."""
    opened: Image.Image = import_module("pillow_heif").HeifImageFile(io.BytesIO(data))
    return opened


def _without_texts(data: bytes) -> bytes:
    """A PNG without its text and colour profile; Pillow refuses pictures with more than 1 MB of these."""
    kept, at = [data[:8]], 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] not in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def _decode_jpeg(data: bytes, image: Image.Image, enough: Enough | None) -> Rgb | None:
    """The pixels of an ordinary JPEG, same as Pillow's but faster; None for anything unusual, which is left to Pillow.

    `image` is the same file opened by Pillow, which has read its header.
    """
    orientation = _orientation(image)
    turned = orientation in (5, 6, 7, 8)
    width, height = image.size
    scale = 1
    if enough is not None:
        least = enough(height, width)[::-1] if turned else enough(width, height)
        scale = next((one for one in _JPEG_SCALES if width >= one * least[0] and height >= one * least[1]), 1)
    shape = (-(-height // scale), -(-width // scale), 3)
    try:
        rgb: Rgb = simplejpeg.decode_jpeg(data, "RGB", min_height=shape[0], min_width=shape[1], strict=True)
    except ValueError:
        return None
    if rgb.shape != shape:
        return None
    return np.array(Image.fromarray(rgb).transpose(_UPRIGHT[orientation])) if orientation in _UPRIGHT else rgb


def _decode(image: Image.Image, shortest_side: int | None, notes: list[str] | None) -> Rgb:
    reduced = None if shortest_side is None else _reduced_size(image.size, shortest_side)
    if reduced is not None:
        image.draft(None, reduced)  # decodes a JPEG at 1/2, 1/4 or 1/8, never below `reduced`; others ignore it
    if image.format == "TIFF" and not _has_all_pixels(image):
        raise EOFError("strips are missing, which Pillow would leave black")
    deep = notes is not None and is_deep(image)
    image.load()
    rgb = _to_rgb(image)
    if notes is not None and deep and (note := level_note(image, rgb)):
        notes.append(note)
    if reduced is not None:
        rgb = rgb.resize(reduced, Image.Resampling.HAMMING, reducing_gap=3.0)  # sharper than bilinear, as fast
    orientation = _orientation(image)  # after load: TIFF is rotated there, and PNG's EXIF may follow the pixels
    if orientation in _UPRIGHT:
        rgb = rgb.transpose(_UPRIGHT[orientation])
    return np.array(rgb)  # a copy, because Pillow's own view is read-only


def _has_all_pixels(image: Image.Image) -> bool:
    """Whether the strips or tiles of a TIFF that is not loaded yet cover the picture."""
    tags, boxes = getattr(image, "tag_v2", {}), [tile.extents for tile in getattr(image, "tile", ())]
    width, height = tags.get(_WIDTH, 0), tags.get(_HEIGHT, 0)  # as stored; `image.size` may be rotated
    pixels = sum((min(right, width) - left) * (min(bottom, height) - top) for left, top, right, bottom in boxes)
    planes = len(image.getbands()) if tags.get(_PLANAR) == _SEPARATE else 1
    return not boxes or pixels >= width * height * planes


def _reduced_size(size: tuple[int, int], shortest_side: int) -> tuple[int, int] | None:
    """(width, height) with a shorter side of `shortest_side`, or None if the picture is not larger than that."""
    shorter = min(size)
    if shorter <= shortest_side:
        return None
    width, height = (round(length * shortest_side / shorter) for length in size)
    return width, height


def _to_rgb(image: Image.Image) -> Image.Image:
    grey = deep_grey(image)
    if grey is not None:
        return Image.fromarray(grey).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    # On white: cut-outs are made for light pages, a dark drawing would vanish on black, and the colour values of fully
    # transparent pixels are arbitrary.
    transparent = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(transparent, mask=transparent)
    return white


def _orientation(image: Image.Image) -> int | None:
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # broken EXIF does not mean broken pixels
        return None
    return orientation if isinstance(orientation, int) else None


def _reason(error: Exception, kind: str) -> str:
    text = re.sub(r"[^ -~]", "?", " ".join(str(error).split()))  # a parser may quote bytes of the file
    if kind == "HEIC" and isinstance(error, ImportError):
        return "a HEIC picture: pip install 'googlenet[heic]' to read it, or convert it to JPEG"
    if isinstance(error, UnidentifiedImageError):
        return _UNIDENTIFIED.get(kind, "damaged file")
    if isinstance(error, Image.DecompressionBombError):
        pixels = re.search(r"\d+", text)
        return _too_large(int(pixels[0]) if pixels else None)
    if isinstance(error, MemoryError):
        return "not enough memory to decode it"
    if isinstance(error, EOFError) or re.search("truncated|EOF|not enough", text, re.IGNORECASE):
        return "truncated file"
    return f"damaged file ({text[:100] or type(error).__name__})"


def _too_large(pixels: int | None) -> str:
    found = "" if pixels is None else f" {pixels / 1e6:.0f} million pixels,"
    return f"too large:{found} the limit is {PIXEL_LIMIT / 1e6:.0f} million"


def _silence_pillow() -> None:
    """Keep Pillow's warnings (odd EXIF, large picture) off the terminal: what matters is in the `BadImage`.

    The filter is deliberately permanent: `warnings.catch_warnings` around each picture is not thread-safe. It is
    checked on each call because tests and `-W error` insert filters in front of it.
    """
    if tuple(warnings.filters[:1]) != (_PILLOW_QUIET,):
        warnings.filterwarnings("ignore", module=_PILLOW_QUIET[3].pattern)
