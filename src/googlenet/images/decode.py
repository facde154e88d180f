"""Bytes of a picture file -> (H, W, 3) uint8 RGB, or a `BadImage` that says why not; the header is checked first."""

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
"""(width, height) of an upright picture -> the least size that serves: a larger one may be reduced, not below it."""

PIXEL_LIMIT = 178_956_970  # where Pillow, too, raises instead of warning

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else its errors go to a terminal where nobody logs
_PILLOW_QUIET = ("ignore", None, Warning, re.compile(r"PIL\."), 0)

_JPEG_SCALES = (8, 4, 2)  # by which a JPEG can be reduced while it is decoded, for less than decoding it whole

_UNIDENTIFIED = {  # what to say of a file that begins as this format does and goes on otherwise
    "TIFF": "damaged, or a kind of TIFF that is not read: save it with 8 or 16 bits a value, or as PNG",
    "BMP": "not a picture",  # two letters begin many a file
    "PPM": "not a picture",
    "AVIF": "damaged, or an AVIF picture that this Pillow was built without: convert it to JPEG or PNG",
}

_WIDTH, _HEIGHT, _PLANAR = 256, 257, 284  # tags of TIFF
_SEPARATE = 2  # value of the last one where each channel lies by itself

_UPRIGHT = {  # EXIF orientation -> what makes the picture upright
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
    """Decode a picture file, upright, on white where it is transparent, the first frame where it has several.

    More than 8 bits a value become 8 as `deep_grey` says; where few grey levels are left, `notes` gets a sentence.
    With `shortest_side` (pixels) a larger picture is reduced until its shorter side is exactly that; a smaller one
    stays as it is. With `enough` instead, a JPEG comes at 1/2, 1/4 or 1/8 of its size where that still is enough, which
    is quicker the larger it is. Never raises for whatever the bytes are, and never returns part of a truncated picture.
    """
    if not data:
        return BadImage("empty file")
    kind = recognize(data[:HEAD_BYTES])
    if kind is None:
        return BadImage(explain(data[:HEAD_BYTES]))
    _silence_pillow()
    try:
        return _decode_file(data, kind, shortest_side, enough, notes)
    except Exception as error:  # parsers let through whatever Python raises on damaged bytes
        if kind == "PNG" and "MAX_TEXT" in str(error) and len(plain := _without_texts(data)) < len(data):
            return decode_image(plain, shortest_side=shortest_side, enough=enough, notes=notes)
        return BadImage(_reason(error, kind))


def decode_picture(picture: Image.Image, *, notes: list[str] | None = None) -> Rgb | BadImage:
    """Decode a picture that Pillow has opened or made, as `decode_image` does with its file."""
    _silence_pillow()
    try:
        return _decode(picture, None, notes)
    except Exception as error:  # opened but not yet read: the same parsers
        return BadImage(_reason(error, picture.format or ""))


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
    """Open without registering: what else the process opens with Pillow stays as it was."""
    opened: Image.Image = import_module("pillow_heif").HeifImageFile(io.BytesIO(data))
    return opened


def _without_texts(data: bytes) -> bytes:
    """A PNG without its texts and colour profile, of which Pillow reads 1 MB at most and then refuses the picture."""
    kept, at = [data[:8]], 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] not in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def _decode_jpeg(data: bytes, image: Image.Image, enough: Enough | None) -> Rgb | None:
    """The pixels of an ordinary JPEG, the same as Pillow's and sooner; None where anything is odd, for Pillow to judge.

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
        image.draft(None, reduced)  # a JPEG decodes at 1/2, 1/4 or 1/8, never below `reduced`; others ignore it
    if image.format == "TIFF" and not _has_all_pixels(image):
        raise EOFError("strips are missing, which Pillow leaves black")
    deep = notes is not None and is_deep(image)
    image.load()
    rgb = _to_rgb(image)
    if notes is not None and deep and (note := level_note(image, rgb)):
        notes.append(note)
    if reduced is not None:
        rgb = rgb.resize(reduced, Image.Resampling.HAMMING, reducing_gap=3.0)  # sharper than bilinear, as fast
    orientation = _orientation(image)  # after load: TIFF turns itself there, and PNG's EXIF may follow the pixels
    if orientation in _UPRIGHT:
        rgb = rgb.transpose(_UPRIGHT[orientation])
    return np.array(rgb)  # a copy, because Pillow's own view is read-only


def _has_all_pixels(image: Image.Image) -> bool:
    """Whether the strips or tiles of a TIFF that is not loaded yet cover the picture."""
    tags, boxes = getattr(image, "tag_v2", {}), [tile.extents for tile in getattr(image, "tile", ())]
    width, height = tags.get(_WIDTH, 0), tags.get(_HEIGHT, 0)  # as they are stored; `image.size` may be turned
    pixels = sum((min(right, width) - left) * (min(bottom, height) - top) for left, top, right, bottom in boxes)
    planes = len(image.getbands()) if tags.get(_PLANAR) == _SEPARATE else 1
    return not boxes or pixels >= width * height * planes


def _reduced_size(size: tuple[int, int], shortest_side: int) -> tuple[int, int] | None:
    """(width, height) whose shorter side is `shortest_side`, or None where the picture is not larger than that."""
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
    # On white: cut-out pictures are made for light pages, a dark drawing would vanish on black, and the colour stored
    # below full transparency is arbitrary.
    transparent = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(transparent, mask=transparent)
    return white


def _orientation(image: Image.Image) -> int | None:
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # broken EXIF says nothing about the pixels
        return None
    return orientation if isinstance(orientation, int) else None


def _reason(error: Exception, kind: str) -> str:
    text = re.sub(r"[^ -~]", "?", " ".join(str(error).split()))  # a parser may quote what the file holds
    if kind == "HEIC" and isinstance(error, ImportError):
        return "a HEIC picture: pip install 'googlenet[heic]' reads it, or convert it to JPEG"
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
    """Keep Pillow's warnings (odd EXIF, large picture) from the terminal: what matters is in the `BadImage`.

    The filter stays, on purpose: `warnings.catch_warnings` around each picture is not safe with threads, which would
    restore each other's filters. It is checked each time because tests and `-W error` put theirs in front.
    """
    if tuple(warnings.filters[:1]) != (_PILLOW_QUIET,):
        warnings.filterwarnings("ignore", module=_PILLOW_QUIET[3].pattern)
