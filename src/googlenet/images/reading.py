"""What a caller passes as a picture -> its name and its pixels; files must be regular and not too large."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Mapping
from typing import IO, Any, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from googlenet.argument_types import wrong_type
from googlenet.errors import InputError
from googlenet.files import special_kind
from googlenet.images.decode import BadImage, Enough, Rgb, decode_image, decode_picture
from googlenet.images.formats import HEAD_BYTES, explain, recognize

Picture: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image | NDArray[np.uint8]
)
"""A path, the bytes of a file, a file open in binary mode, a Pillow picture, or a uint8 array, (H, W, 3) RGB or (H, W)
grey."""

FILE_LIMIT = 2**30
"""Largest picture file in bytes: about twice the uncompressed size of 179 million pixels."""

_PIECE = 2**20  # bytes read at once from a file of unknown size

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)

_A_PICTURE = "a path, bytes, a file open in binary mode, a Pillow picture or a NumPy array"


def is_picture(source: object) -> TypeGuard[Picture]:
    """Whether `source` is one picture, rather than an iterable of pictures, as an array of paths or (N, H, W, 3) is."""
    if isinstance(source, np.ndarray):
        return not _is_array_of_pictures(source)
    known = isinstance(source, (str, os.PathLike, Image.Image)) or hasattr(source, "read")
    return known or _is_bytes_like(source)


def is_address(source: str) -> bool:
    """Whether a path is a URL such as https://..., which is not downloaded."""
    return _ADDRESS.match(source) is not None


def check_picture(source: object) -> None:
    """Raise InputError if `source` is not a `Picture`, or is an array of another shape or dtype."""
    if isinstance(source, io.TextIOBase):
        raise InputError("a picture's file must be opened in binary mode: open(path, 'rb')")
    if isinstance(source, np.ndarray):
        right_shape = source.ndim == 2 or (source.ndim == 3 and source.shape[2] == 3)
        if source.dtype != np.uint8 or not right_shape or source.size == 0:
            raise InputError(
                f"an array must be (H, W, 3) or (H, W) uint8 to be a picture, not {source.shape} {source.dtype}"
            )
    elif not is_picture(source):
        raise wrong_type("a picture", _A_PICTURE, source)


def check_pictures(sources: object, name: str = "images") -> Iterable[Picture]:
    """Return `sources`; raises InputError if it is no iterable of pictures, or a list or array with something else.

    A dict and a table would iterate over their keys, a tensor over its rows: they are refused, too. `name`: of the
    argument.
    """
    is_array = isinstance(sources, np.ndarray)
    has_rows = hasattr(sources, "__dlpack__") or getattr(sources, "ndim", 1) != 1
    if not isinstance(sources, Iterable) or isinstance(sources, Mapping) or (has_rows and not is_array):
        raise wrong_type(name, f"a picture or a list of pictures ({_A_PICTURE})", sources)
    for one in sources if is_array or isinstance(sources, (list, tuple)) else ():
        check_picture(one)
    return sources


def picture_name(source: Picture, index: int) -> str:
    """The path of a picture, or "picture 7" if it has none."""
    path = source if isinstance(source, str | os.PathLike) else getattr(source, "filename", getattr(source, "name", ""))
    return os.fspath(path) if isinstance(path, str | os.PathLike) and path else f"picture {index}"


def read_picture(
    source: Picture,
    *,
    shortest_side: int | None = None,
    enough: Enough | None = None,
    notes: list[str] | None = None,
) -> Rgb | BadImage:
    """Read and decode a picture as `decode_image` does; raises InputError as `check_picture` does."""
    check_picture(source)
    if isinstance(source, np.ndarray):
        return source if source.ndim == 3 else np.repeat(source[:, :, np.newaxis], 3, axis=2)
    if isinstance(source, Image.Image):
        return decode_picture(source, notes=notes)
    data = _read_data(source)
    if isinstance(data, BadImage):
        return data
    return decode_image(data, shortest_side=shortest_side, enough=enough, notes=notes)


def read_file(path: str | os.PathLike[str]) -> bytes | BadImage:
    """Read a whole picture file, if it is regular, starts like a picture and is within `FILE_LIMIT`; never blocks."""
    try:
        status = os.stat(path)
        if what := special_kind(status.st_mode):
            return BadImage(f"cannot be read ({what}, not a regular file)")
        with open(path, "rb", opener=_open_at_once) as file:
            head = file.peek(HEAD_BYTES)[:HEAD_BYTES]
            if head and recognize(head) is None:
                return BadImage(explain(head))
            return too_large_file(status.st_size) or file.read()
    except (OSError, ValueError) as error:  # ValueError: not a valid file name
        if is_address(os.fspath(path)):
            return BadImage("a URL, not a file: download it first")
        return _unreadable(error)


def too_large_file(size: int) -> BadImage | None:
    """Why a picture file of `size` bytes is not read, or None."""
    if size <= FILE_LIMIT:
        return None
    return BadImage(f"too large: a file of {size / 1e9:,.1f} GB, the limit is {FILE_LIMIT / 1e9:.1f} GB")


def _is_array_of_pictures(array: NDArray[Any]) -> bool:
    return (array.ndim == 4 and array.dtype == np.uint8 and array.shape[3] == 3) or (
        array.ndim == 1 and array.dtype.kind in "OUT"  # objects and text, such as paths
    )


def _read_data(source: str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]) -> bytes | BadImage:
    if isinstance(source, str | os.PathLike):
        return read_file(source)
    if isinstance(source, bytes):
        return source
    if _is_bytes_like(source):
        return memoryview(source).tobytes()  # type: ignore[arg-type]
    try:
        return _whole(source)  # type: ignore[arg-type]
    except (OSError, ValueError) as error:  # ValueError: closed
        return _unreadable(error)


def _whole(file: IO[bytes]) -> bytes | BadImage:
    """The rest of an open file, unless it is too large."""
    pieces, size = [], 0
    while piece := file.read(_PIECE):
        if not isinstance(piece, bytes):
            raise InputError(
                f"a picture's file must be opened in binary mode: its read() returned {type(piece).__name__}"
            )
        pieces.append(piece)
        size += len(piece)
        if bad := too_large_file(size):
            return bad
    return b"".join(pieces)


def _unreadable(error: OSError | ValueError) -> BadImage:
    reason = error.strerror if isinstance(error, OSError) else None
    return BadImage(f"cannot be read ({reason or error})")


def _open_at_once(path: str, flags: int) -> int:
    """Open without blocking, in case the file was replaced by a pipe after it was checked."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _is_bytes_like(source: object) -> bool:
    try:
        memoryview(source)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True
