"""A plain `.tar` of pictures, with the same layouts as a folder, read without unpacking."""

from __future__ import annotations

import io
import os
import posixpath
import tarfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from googlenet.dataset.layout import NO_HINT, Layout, LayoutHint, classify_names
from googlenet.dataset.walking import is_hidden, is_picture_name
from googlenet.dataset.webdataset import sample_key
from googlenet.errors import DataError, InputError
from googlenet.images import BadImage, Enough, Rgb, decode_image, too_large_file

if TYPE_CHECKING:
    from typing_extensions import Buffer

Extent = tuple[int, int]  # offset and size in bytes


class TarSource:
    """Reads pictures at known offsets of a tar; `os.pread` has no shared position, so threads need no lock."""

    def __init__(self, path: Path, members: Mapping[str, Extent]) -> None:
        """Open `path`, whose pictures are at `members`."""
        self.path, self._members = path, members
        self._descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)

    def __reduce__(self) -> tuple[type[TarSource], tuple[Path, Mapping[str, Extent]]]:
        """Pickle the path and the offsets: a worker process opens the file itself."""
        return TarSource, (self.path, self._members)

    def read_at(self, offset: int, size: int) -> bytes:
        """Read bytes; raises `OSError` if the file cannot be read."""
        return os.pread(self._descriptor, size, offset)

    def decode(
        self, name: str, shortest_side: int | None, enough: Enough | None = None, notes: list[str] | None = None
    ) -> Rgb | BadImage:
        """Read and decode the member `name`; raises `OSError` if the file cannot be read."""
        data = self.read(name)
        if isinstance(data, BadImage):
            return data
        return decode_image(data, shortest_side=shortest_side, enough=enough, notes=notes)

    def read(self, name: str) -> bytes | BadImage:
        """Read the member `name`; raises `OSError` if the file cannot be read."""
        offset, size = self._members[name]
        return too_large_file(size) or self.read_at(offset, size)

    def size(self, name: str) -> int:
        """The size of the member `name` in bytes."""
        return self._members[name][1]


class _OpenMember(io.RawIOBase):
    """A file in a tar as an open file with a `name`; read when asked for."""

    def __init__(self, name: str, source: TarSource, extent: Extent) -> None:
        """`extent`: where it is."""
        self.name = name
        self._source, (self._at, size) = source, extent
        self._end = self._at + size

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Read the next bytes into `buffer`."""
        room = memoryview(buffer).cast("B")
        data = self._source.read_at(self._at, min(len(room), self._end - self._at))
        room[: len(data)] = data
        self._at += len(data)
        return len(data)


@dataclass(frozen=True, slots=True)
class TarPictures:
    """The pictures of a tar, whatever its layout: `members` by their names inside, sorted, and what was left out."""

    path: Path
    members: Mapping[str, Extent]
    left_out: Mapping[str, Sequence[str]]
    source: TarSource

    def open(self, member: str) -> BinaryIO:
        """A picture as an open file, whose name is the path of the tar and the member's; KeyError if there is none."""
        return io.BufferedReader(_OpenMember(os.path.join(self.path, member), self.source, self.members[member]))


def open_tar(path: Path) -> TarPictures:
    """Find the pictures of a plain tar by their names; raises as `read_tar` does for a file that is none."""
    headers = read_headers(path)
    files, links = headers.files, headers.links
    hidden = {name for name in files if any(map(is_hidden, name.split("/")))}
    pictures = {name: files[name] for name in sorted(files) if name not in hidden and is_picture_name(name)}
    samples = set(map(sample_key, pictures))  # labels beside pictures, as in WebDataset's layout, are not ignored
    others = [name for name in files if name not in hidden | pictures.keys() and sample_key(name) not in samples]
    left_out = {"hidden": sorted(hidden), "not_pictures": others, "links": links}
    return TarPictures(path, pictures, left_out, TarSource(path, pictures))


def read_tar(path: Path, hint: LayoutHint = NO_HINT, *, headers: Headers | None = None) -> tuple[Layout, TarSource]:
    """Find the pictures of a plain tar in one pass over its headers, unless these were read before.

    A leading "./" of names is removed. Raises `InputError` for anything but a plain tar, `DataError` for a damaged one,
    an unsafe name, or a layout that is not understood.
    """
    found = read_headers(path) if headers is None else headers
    layout = classify_names(found.files, folders=found.folders, links=found.links, data=str(path), hint=hint)
    return layout, TarSource(path, {name.removeprefix(layout.wrapper): extent for name, extent in found.files.items()})


@dataclass(frozen=True, slots=True)
class Headers:
    """The members of a tar: the extents of its files, its folders, its links and special files; `end` is its size."""

    files: Mapping[str, Extent]
    folders: Sequence[str]
    links: Sequence[str]
    end: int


def read_headers(path: Path | str, opened: BinaryIO | None = None) -> Headers:
    """Read all headers of a plain tar, of the file `opened` if it is not at `path`; raises as `read_tar` does."""
    files: dict[str, Extent] = {}
    folders: list[str] = []
    links: list[str] = []
    try:
        with opened or Path(path).open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                name = _safe_name(member.name, path)
                if member.isdir():
                    folders.extend([name] if name != "." else [])
                elif member.isreg() and not member.issparse():
                    files[name] = (member.offset_data, member.size)
                else:
                    links.append(name)
                tar.members.clear()  # type: ignore[attr-defined]  # otherwise tarfile keeps them all
            # tarfile stops silently at a damaged header; the true end is a block of zeros.
            end = tar.offset
            file.seek(end)
            if any(file.read(tarfile.BLOCKSIZE) or b"?"):
                raise DataError(f"{path} is damaged or truncated at byte {end:,}: copy it again")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    except (tarfile.TarError, ValueError, EOFError, OverflowError) as error:
        if files or folders or links:
            raise DataError(f"{path} is damaged or truncated ({error}): copy it again") from error
        raise InputError(
            f"{path} is not a plain .tar: unpack it into a folder, or repack it without compression"
        ) from error
    return Headers(files, folders, links, end)


def _safe_name(name: str, path: Path | str) -> str:
    if name.startswith("/") or ".." in name.split("/"):
        raise DataError(f"{path} contains the unsafe name {name!r}: create the tar again from inside the data's folder")
    return posixpath.normpath(name)
