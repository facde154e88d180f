"""Picture formats: those that are supported, their file suffixes, and how to recognize them by their first bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """A supported format: `name` is Pillow's, `suffixes` are those of its files, in lower case."""

    name: str
    suffixes: tuple[str, ...]


# Only formats in common use: each further parser is more attack surface.
PICTURE_FORMATS = (
    PictureFormat("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif")),
    PictureFormat("PNG", (".png",)),
    PictureFormat("WEBP", (".webp",)),
    PictureFormat("GIF", (".gif",)),
    PictureFormat("BMP", (".bmp",)),
    PictureFormat("TIFF", (".tif", ".tiff")),
    PictureFormat("PPM", (".ppm", ".pgm", ".pbm", ".pnm", ".pfm")),
    PictureFormat("AVIF", (".avif",)),
    PictureFormat("HEIC", (".heic", ".heif")),  # needs the extra `heic`
)
PICTURE_SUFFIXES = tuple(suffix for one in PICTURE_FORMATS for suffix in one.suffixes)

HEAD_BYTES = 512
"""Number of first bytes of a file that `recognize` needs."""

_SIGNATURES: tuple[tuple[str, int, tuple[bytes, ...]], ...] = (  # format, offset of its signature, signatures
    ("JPEG", 0, (b"\xff\xd8\xff",)),
    ("PNG", 0, (b"\x89PNG\r\n\x1a\n",)),
    ("WEBP", 8, (b"WEBP",)),
    ("GIF", 0, (b"GIF87a", b"GIF89a")),
    ("BMP", 0, (b"BM",)),
    ("TIFF", 0, (b"II*\0", b"MM\0*", b"II\0*", b"MM*\0", b"II+\0", b"MM\0+")),
    ("PPM", 0, tuple(b"P" + bytes([kind]) for kind in b"123456fFy")),
)

_CONVERT = "convert it to JPEG or PNG"
_UNPACK = "unpack it and name the folder"
_OTHERS: tuple[tuple[str, str, int, tuple[bytes, ...]], ...] = (  # files that are often named like pictures
    ("a JPEG 2000 picture", _CONVERT, 0, (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")),
    ("a JPEG XL picture", _CONVERT, 0, (b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a")),
    ("an ICO icon", _CONVERT, 0, (b"\0\0\1\0",)),
    ("a Photoshop document", _CONVERT, 0, (b"8BPS",)),
    ("a DirectDraw texture", _CONVERT, 0, (b"DDS ",)),
    ("an OpenEXR picture", _CONVERT, 0, (b"\x76\x2f\x31\x01",)),
    ("a DICOM file", "convert it to PNG or TIFF", 128, (b"DICM",)),
    ("a FITS file", "convert it to PNG or TIFF", 0, (b"SIMPLE  =",)),
    ("a NumPy array", "pass the array itself in Python", 0, (b"\x93NUMPY",)),
    ("a PDF document", "convert its pages to PNG", 0, (b"%PDF-",)),
    ("a PostScript drawing", "convert it to PNG", 0, (b"%!PS",)),
    ("a video", "extract frames from it first", 0, (b"\x1aE\xdf\xa3", b"\0\0\1\xba")),
    ("a Git LFS pointer", "run `git lfs pull` to fetch the picture itself", 0, (b"version https://git-lfs",)),
    (
        "a tar archive",
        "unpack it and name the folder; `predict` and `evaluate` read a file that ends in .tar as it is",
        257,
        (b"ustar",),
    ),
    ("a zip archive", _UNPACK, 0, (b"PK\3\4",)),
    ("a compressed file", _UNPACK, 0, (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"(\xb5/\xfd", b"7z\xbc\xaf\x27\x1c")),
)
_BRANDS = {  # the brands of files that begin with an "ftyp" box
    "AVIF": {b"avif", b"avis"},
    "HEIC": {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"},
}
_MARKUP = (("an SVG drawing", "convert it to PNG", b"<svg"), ("a web page", "download the picture itself", b"<html"))


def recognize(head: bytes) -> str | None:
    """The name of the format in `PICTURE_FORMATS` of a file with these first bytes, or None."""
    if head[4:8] == b"ftyp":
        return _recognize_brand(head)
    return next((name for name, at, marks in _SIGNATURES if head.startswith(marks, at)), None)


def explain(head: bytes) -> str:
    """What a file is that `recognize` does not know, by its first bytes, and what to do about it."""
    if head[4:8] == b"ftyp":
        return f"a video, or an unsupported picture format: {_CONVERT}"
    for what, advice, at, marks in _OTHERS:
        if head.startswith(marks, at):
            return f"{what}, which is not supported: {advice}"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:HEAD_BYTES].lower()
    for what, advice, tag in _MARKUP if text.startswith(b"<") else ():
        if tag in text:
            return f"{what}, which is not supported: {advice}"
    return "not a picture"


def _recognize_brand(head: bytes) -> str | None:
    """The format by the major and compatible brands of an "ftyp" box."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}
    return next((name for name, known in _BRANDS.items() if known & brands), None)
