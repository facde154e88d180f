"""Where `googlenet explain` and `visualize` write: one file, or a folder with a file for each picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from googlenet.errors import InputError
from googlenet.files import cannot_read, cannot_write, write_atomically

if TYPE_CHECKING:
    from googlenet.explanation import Explanation

SUFFIX = ".png"


@dataclass(slots=True)
class Drawings:
    """The place of the drawings; `taken` are the names in the folder that were written, with letter case ignored."""

    out: Path
    is_folder: bool
    taken: set[str] = field(default_factory=set)

    def write(self, explanation: Explanation, *, boxes: bool) -> Path:
        """Draw an explanation and write it; returns the path.

        Raises InputError if that fails, and for a folder that the picture itself is in: it might be replaced.
        """
        from googlenet.images import png_bytes

        picture = Path(explanation.image)
        path = self.out / self._free_name(picture) if self.is_folder else self.out
        if self.is_folder and _same(self.out, picture.parent):
            raise InputError(f"{self.out} is the folder of {picture} itself; write the drawings to another folder")
        if _same(path, picture):
            raise InputError(f"{path} is the picture itself; write the drawing to another file")
        if self.is_folder:
            try:
                self.out.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise cannot_write(self.out, error) from error
        write_atomically(path, png_bytes(explanation.draw(boxes=boxes)))
        return path

    def _free_name(self, picture: Path) -> str:
        """The picture's name with .png; with a number, too, if another picture has the same name."""
        name, number = f"{picture.stem}{SUFFIX}", 2
        while name.casefold() in self.taken:
            name, number = f"{picture.stem}-{number}{SUFFIX}", number + 1
        self.taken.add(name.casefold())
        return name


def open_drawings(out: Path, *, several: bool, force: bool) -> Drawings:
    """Check the place before any picture is explained; `several`: whether there is more than one picture.

    Raises InputError for one file for several pictures, and as `check_place` does.
    """
    if several and not _is_folder(out):
        raise InputError(f"{out} is one file, but several pictures are to be explained; name a folder with --out")
    return Drawings(out, check_place(out, force=force))


def check_place(out: Path, *, force: bool) -> bool:
    """Whether `out` is to be a folder; a name that ends in .png is a file, any other a folder.

    Raises InputError for another suffix of pictures, and without `force` for a file that exists and a folder that is
    not empty.
    """
    from googlenet.images import PICTURE_SUFFIXES

    is_folder = _is_folder(out)
    if is_folder and not out.is_dir() and out.suffix.lower() in PICTURE_SUFFIXES:
        raise InputError(f"cannot write {out}: drawings are PNG files, so the name must end in {SUFFIX}")
    if is_folder and out.exists() and not out.is_dir():
        raise InputError(f"{out} is not a folder; name a folder or a file that ends in {SUFFIX}")
    if not force and (_has_files(out) if is_folder else out.exists()):
        what = "already has files in it" if is_folder else "already exists"
        raise InputError(f"{out} {what}; choose another place with --out, or replace files with --force")
    return is_folder


def _is_folder(out: Path) -> bool:
    return out.is_dir() or out.suffix.lower() != SUFFIX


def _has_files(folder: Path) -> bool:
    try:
        return folder.is_dir() and any(folder.iterdir())
    except OSError as error:
        raise cannot_read(folder, error) from error


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them does not exist
        return False
