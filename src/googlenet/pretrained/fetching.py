"""Download published weights into the user's cache folder: resumable, and verified before they get their name.

A download is written to a file of its own (`.part`). If its checksum is the published one, it is renamed, otherwise it
is discarded. So every file in the cache folder with its final name is complete.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from googlenet.environment import CACHE, read_variable
from googlenet.errors import InputError
from googlenet.files import cannot_write
from googlenet.pretrained.catalogue import Published

if TYPE_CHECKING:  # it imports ssl and urllib, which only a download needs
    from googlenet.pretrained.download import Progress


def cache_folder() -> Path:
    """Where downloads are kept: GOOGLENET_CACHE, else the system's cache folder of the user."""
    own = read_variable(CACHE)
    return Path(own) if own else user_cache_path("googlenet", appauthor=False)


def is_fetched(published: Published) -> bool:
    """Whether the file is in the cache folder; files there have been verified."""
    return (cache_folder() / published.file_name).is_file()


def fetch(published: Published, *, on_progress: Progress | None = None) -> Path:
    """The published file, from the cache folder or else downloaded; its checksum is verified either way.

    Raises InputError if it cannot be downloaded (with the path to put it at by hand), if its checksum differs from the
    published one, or if it is too large.
    """
    from googlenet.pretrained.download import download  # slow to import, with TLS

    path = cache_folder() / published.file_name
    try:
        if path.is_file():
            _check(path, published, "downloaded before or put there by hand; delete it to download it again")
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        download(published, part, path, on_progress or (lambda done, total: None))
        try:
            _check(part, published, "downloaded just now, and discarded")
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
            f"{path} is not the published file: its {published.algorithm} is {digest} "
            f"instead of {published.digest} ({clause})"
        )
