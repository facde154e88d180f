"""A download that goes on where it was cut off, and that ends where it would grow beyond all that was published."""

from __future__ import annotations

import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from googlenet.errors import InputError
from googlenet.pretrained.catalogue import Published

Progress = Callable[[int, int | None], None]
"""Told the bytes that are there and, where the server says it, how many there will be."""

LARGEST_DOWNLOAD = 128 * 2**20  # bytes, above every file of the catalogue
PIECE = 2**18  # bytes read at once
TIMEOUT = 30  # seconds without a byte
ATTEMPTS = 3  # connections in one call, each going on where the last was cut

CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


def download(published: Published, part: Path, path: Path, on_progress: Progress) -> None:
    """Let `part` grow until it is whole; a connection that is cut is taken up again as long as it brings something."""
    reason = ""
    for _ in range(ATTEMPTS):
        before = part.stat().st_size if part.exists() else 0
        try:
            if _continue_download(published, part, on_progress):
                return
            reason = "the connection was cut"
        except urllib.error.HTTPError as error:
            error.close()
            reason = f"the server says {error.code} {error.reason}"
            if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                break
            part.unlink(missing_ok=True)  # it is longer than the file: it was another one's beginning
        except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
            reason = str(getattr(error, "reason", None) or error) or type(error).__name__
            if not (part.exists() and part.stat().st_size > before):
                break
    there = part.stat().st_size if part.exists() else 0
    kept = f"; {there / 1e6:.1f} MB are kept, and the same command goes on from there" if there else ""
    raise InputError(
        f"cannot fetch {published.address} ({reason}){kept}; without a network, fetch it elsewhere and put it at {path}"
    )


def _continue_download(published: Published, part: Path, on_progress: Progress) -> bool:
    """Append what is missing to `part`; False where the connection ended before all of it had come."""
    start = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(published.address, headers={"User-Agent": "googlenet"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        start, total = _extent(response, start)
        if (total or 0) > LARGEST_DOWNLOAD:
            raise InputError(f"{response.url} has {total:,} bytes, far more than were published; it is not fetched")
        with part.open("ab" if start else "wb") as file:
            done = start
            on_progress(done, total)
            while piece := response.read(PIECE):
                done += len(piece)
                if done > LARGEST_DOWNLOAD:
                    file.close()
                    part.unlink()
                    raise InputError(f"{response.url} sends far more bytes than were published; they are thrown away")
                file.write(piece)
                on_progress(done, total)
    return total is None or done >= total


def _extent(response: HTTPResponse, asked: int) -> tuple[int, int | None]:
    """Where the bytes of an answer begin in the file, and how long the file is, if the server says so."""
    span = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if response.status == HTTPStatus.PARTIAL_CONTENT and span and int(span[1]) == asked:
        return asked, None if span[2] == "*" else int(span[2])
    with suppress(TypeError, ValueError):
        return 0, int(response.headers["Content-Length"])
    return 0, None
