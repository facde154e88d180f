"""A folder of pictures with one folder per class, directly or inside train/, val/ and test/."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from googlenet.dataset.layout import NO_HINT, Layout, LayoutHint, classify_names
from googlenet.dataset.walking import EntryKind, walk_folder
from googlenet.errors import InputError
from googlenet.images import BadImage, Enough, Rgb, decode_image, read_file


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Reads pictures below `root`."""

    root: Path

    def decode(
        self, name: str, shortest_side: int | None, enough: Enough | None = None, notes: list[str] | None = None
    ) -> Rgb | BadImage:
        """Read and decode the file `name`."""
        data = self.read(name)
        if isinstance(data, BadImage):
            return data
        return decode_image(data, shortest_side=shortest_side, enough=enough, notes=notes)

    def read(self, name: str) -> bytes | BadImage:
        """Read the file `name`, if it begins like a picture."""
        return read_file(os.path.join(self.root, name))

    def size(self, name: str) -> int:
        """The size of the file `name` in bytes; raises `OSError` if it cannot be reached."""
        return os.stat(os.path.join(self.root, name)).st_size


def read_folder(root: Path, hint: LayoutHint = NO_HINT) -> tuple[Layout, FolderSource]:
    """Find the pictures of a folder with `walk_folder`.

    Raises `InputError` if a folder cannot be listed, `DataError` if the layout is not understood.
    """
    names: dict[EntryKind, list[str]] = {"file": [], "folder": [], "link": []}
    for entry in walk_folder(root):
        if entry.error is not None:
            raise InputError(f"{root / entry.name} cannot be read: {entry.error.strerror}") from entry.error
        names[entry.kind].append(entry.name)
    layout = classify_names(names["file"], folders=names["folder"], links=names["link"], data=str(root), hint=hint)
    return layout, FolderSource(root / layout.wrapper)
