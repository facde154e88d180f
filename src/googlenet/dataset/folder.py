"""A folder of pictures, one folder a class, below train/, val/ and test/ or without them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from googlenet.dataset.layout import NO_HINT, Layout, LayoutHint, classify_names, is_hidden
from googlenet.errors import InputError
from googlenet.images import BadImage, Enough, Rgb, decode_image

_Kind = Literal["file", "folder", "link"]


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Reads pictures below `root`."""

    root: Path

    def decode(self, name: str, shortest_side: int | None, enough: Enough | None = None) -> Rgb | BadImage:
        """Read and decode the file `name`; raises `OSError` where it cannot be read."""
        return decode_image((self.root / name).read_bytes(), shortest_side=shortest_side, enough=enough)


def read_folder(root: Path, hint: LayoutHint = NO_HINT) -> tuple[Layout, FolderSource]:
    """Find the pictures of a folder; linked folders count, a link back to where one came from does not.

    Raises `InputError` where a folder cannot be listed, `DataError` where the layout is not understood.
    """
    try:
        found = list(_walk(root, "", (os.path.realpath(root),)))
    except OSError as error:
        raise InputError(f"{error.filename or root} cannot be read: {error.strerror}") from error
    names: dict[_Kind, list[str]] = {"file": [], "folder": [], "link": []}
    for kind, name in found:
        names[kind].append(name)
    layout = classify_names(names["file"], folders=names["folder"], links=names["link"], data=str(root), hint=hint)
    return layout, FolderSource(root / layout.wrapper)


def _walk(root: Path, above: str, ancestors: tuple[str, ...]) -> Iterator[tuple[_Kind, str]]:
    """Names below the folder `above`; `ancestors` are the real paths from the root, so that a loop of links ends."""
    for entry in sorted(os.scandir(root / above), key=lambda entry: entry.name):
        name = f"{above}{entry.name}"
        if entry.is_file():
            yield "file", name
        elif not entry.is_dir() or (real := os.path.realpath(entry.path)) in ancestors:
            yield "link", name  # broken, endless, or a device
        else:
            yield "folder", name
            if not is_hidden(entry.name):
                yield from _walk(root, f"{name}/", (*ancestors, real))
