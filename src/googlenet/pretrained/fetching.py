"""Fetch published weights into the user's cache folder: what was cut off goes on, and nothing unchecked gets its name.

A download grows under a name of its own (`.part`). When its digest is the published one, it is renamed; when it is
not, it is thrown away. So a file in the cache folder that has its name is whole.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from googlenet.errors import InputError
from googlenet.files import cannot_write
from googlenet.pretrained.catalogue import Published

if TYPE_CHECKING:  # it brings ssl and urllib, which only a download needs
    from googlenet.pretrained.download import Progress


def cache_folder() -> Path:
    """Where fetched files are kept: GOOGLENET_CACHE, else the user's cache folder as the system has it."""
    own = os.environ.get("GOOGLENET_CACHE")
    return Path(own) if own else user_cache_path("googlenet", appauthor=False)


def is_fetched(published: Published) -> bool:
    """Whether the file is in the cache folder; what is there under its name has been checked."""
    return (cache_folder() / published.file_name).is_file()


def fetch(published: Published, *, on_progress: Progress | None = None) -> Path:
    """The published file, from the cache folder or else from its address; checked either way.

    Raises InputError where it cannot be fetched, which says where to put it by hand, where what came is not what was
    published, and where it would be too large.
    """
    from googlenet.pretrained.download import download  # with TLS and all: nobody else shall wait for its import

    path = cache_folder() / published.file_name
    try:
        if path.is_file():
            _check(path, published, "fetched before or put there by hand; delete it to fetch it again")
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        download(published, part, path, on_progress or (lambda done, total: None))
        try:
            _check(part, published, "it came so from its address and is thrown away")
        except InputError:
            part.unlink()
            raise
        part.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def _check(path: Path, published: Published, clause: str) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, published.algorithm).hexdigest()
    if not digest.startswith(published.digest):
        raise InputError(
            f"{path} is not what was published: its {published.algorithm} is {digest}, "
            f"it should be {published.digest} ({clause})"
        )
