"""Reads parts of files on web servers, by HTTP range requests that are repeated when they fail."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from typing_extensions import Buffer

_Read: TypeAlias = Callable[["HTTPResponse"], bytes]

TIMEOUT = 30.0
"""Seconds without an answer, or without more of it, after which a request is given up."""

WAITS = (0.5, 1.0, 2.0)
"""Seconds before each further attempt."""

BLOCK = 2**23
"""Bytes of a request where a file is read from its beginning to its end."""

MOST_FETCHED = 2**28
"""Bytes of a whole file: the index of a shard has a hundred for each picture."""

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


def fetch(address: str) -> bytes:
    """A whole file, such as an index; raises `OSError` if there is none, or the server does not answer."""

    def read(answer: HTTPResponse) -> bytes:
        data = _at_most(answer, MOST_FETCHED + 1)
        if len(data) > MOST_FETCHED:
            raise OSError(f"it has more than {MOST_FETCHED:,} bytes")
        return data

    return _repeated(address, {}, read)


def fetch_range(address: str, offset: int, size: int) -> bytes:
    """Bytes of a file, fewer where it ends before; raises `OSError` as `fetch` does."""

    def read(answer: HTTPResponse) -> bytes:
        if answer.status != HTTPStatus.PARTIAL_CONTENT:
            raise OSError("the server does not answer range requests: download the file first")
        return _at_most(answer, size)

    if size == 0:
        return b""
    return _repeated(address, {"Range": f"bytes={offset}-{offset + size - 1}"}, read)


class RemoteFile(io.RawIOBase):
    """A file on a server as an open one, for reading from its beginning to its end in large blocks."""

    def __init__(self, address: str) -> None:
        """Nothing is read yet."""
        self._address, self._at = address, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position from the beginning or from here."""
        self._at = offset if whence == io.SEEK_SET else self._at + offset
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at

    def readinto(self, buffer: Buffer) -> int:
        """Read the next bytes into `buffer`."""
        room = memoryview(buffer).cast("B")
        data = fetch_range(self._address, self._at, len(room))
        room[: len(data)] = data
        self._at += len(data)
        return len(data)


def _at_most(answer: HTTPResponse, size: int) -> bytes:
    """The first `size` bytes of an answer; `read()` alone says where a shorter one ends too early."""
    return answer.read() if answer.length is not None and answer.length <= size else answer.read(size)


def _repeated(address: str, headers: dict[str, str], read: _Read) -> bytes:
    for wait in WAITS:
        try:
            return _request(address, headers, read)
        except ConnectionError:
            time.sleep(wait)
    try:
        return _request(address, headers, read)
    except ConnectionError as error:
        raise OSError(f"{error}, {len(WAITS) + 1} attempts") from error


def _request(address: str, headers: dict[str, str], read: _Read) -> bytes:
    """One attempt; raises `ConnectionError` where another may succeed, any other `OSError` where it would not."""
    import http.client  # here, because they take a while to import, and few datasets are on servers
    import urllib.error
    import urllib.request

    request = urllib.request.Request(address, headers=headers | {"User-Agent": "googlenet"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return read(answer)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return b""  # the file ends before
            kind = ConnectionError if error.code in _AGAIN else OSError
            raise kind(f"the server answers {error.code} {error.reason}") from error
    except ConnectionError:  # also where the server hangs up, which http.client takes for a wrong answer
        raise
    except TimeoutError as error:
        raise ConnectionError(f"no answer for {TIMEOUT:g} s") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise ConnectionError(f"no answer for {TIMEOUT:g} s") from error
        raise ConnectionError(f"no connection ({getattr(error.reason, 'strerror', None) or error.reason})") from error
    except http.client.IncompleteRead as error:
        raise ConnectionError("the connection ended before the file did") from error
    except (http.client.HTTPException, ValueError) as error:  # ValueError: no address
        raise OSError(f"not an address or an answer of HTTP ({error})") from error
