"""A download that resumes after interruptions and is aborted if it exceeds the size of any published file."""

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
"""Called with the number of bytes received and, if known, the total."""

LARGEST_DOWNLOAD = 128 * 2**20  # bytes; more than any file in the catalogue
PIECE = 2**18  # bytes read at once
TIMEOUT = 30  # seconds without data
ATTEMPTS = 3  # connections per call, each resuming where the last one broke off

CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


def download(published: Published, part: Path, path: Path, on_progress: Progress) -> None:
    """Download into `part` until it is complete; retries broken connections for as long as there is progress."""
    reason = ""
    for _ in range(ATTEMPTS):
        before = part.stat().st_size if part.exists() else 0
        try:
            if _continue_download(published, part, on_progress):
                return
            reason = "the connection was interrupted"
        except urllib.error.HTTPError as error:
            error.close()
            reason = f"the server answered {error.code} {error.reason}"
            if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                break
            part.unlink(missing_ok=True)  # it is longer than the file, so it is part of another one
        except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
            reason = str(getattr(error, "reason", None) or error) or type(error).__name__
            if not (part.exists() and part.stat().st_size > before):
                break
    received = part.stat().st_size if part.exists() else 0
    kept = f"; {received / 1e6:.1f} MB are kept: run the same command again to resume" if received else ""
    raise InputError(
        f"cannot download {published.address} ({reason}){kept}; without a network, download it elsewhere and put it at "
        f"{path}"
    )


def _continue_download(published: Published, part: Path, on_progress: Progress) -> bool:
    """Append the missing bytes to `part`; returns False if the connection ended early."""
    start = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(published.address, headers={"User-Agent": "googlenet"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        start, total = _extent(response, start)
        if (total or 0) > LARGEST_DOWNLOAD:
            raise InputError(f"{response.url} has {total:,} bytes, far more than were published; it is not downloaded")
        with part.open("ab" if start else "wb") as file:
            done = start
            on_progress(done, total)
            while piece := response.read(PIECE):
                done += len(piece)
                if done > LARGEST_DOWNLOAD:
                    file.close()
                    part.unlink()
                    raise InputError(f"{response.url} sends far more bytes than were published; they were discarded")
                file.write(piece)
                on_progress(done, total)
    return total is None or done >= total


def _extent(response: HTTPResponse, asked: int) -> tuple[int, int | None]:
    """Offset of the response's bytes in the file, and the file's length, if the server states it."""
    span = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if response.status == HTTPStatus.PARTIAL_CONTENT and span and int(span[1]) == asked:
        return asked, None if span[2] == "*" else int(span[2])
    with suppress(TypeError, ValueError):
        return 0, int(response.headers["Content-Length"])
    return 0, None
