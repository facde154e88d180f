"""A web server of a folder that answers range requests, and fails when a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


class RangeServer(ThreadingHTTPServer):
    """A web server with ranges; `failures` answers with the status `failure` come before the good ones."""

    folder: Path
    failures = 0
    failure = 503
    cut = False
    ranges = True
    asked: list[str]

    def address(self, path: str) -> str:
        """The address of a file."""
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"


class RangeHandler(BaseHTTPRequestHandler):
    server: RangeServer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        path = self.server.folder / self.path.lstrip("/")
        if not path.is_file():
            self.send_error(404)
        elif self.server.failures:
            self.server.failures -= 1
            self.send_error(self.server.failure)
        else:
            self._send(path.read_bytes())

    def _send(self, data: bytes) -> None:
        asked = self.headers["Range"]
        if asked and self.server.ranges:
            first, last = map(int, asked.removeprefix("bytes=").split("-"))
            if first >= len(data):
                self.send_error(416)
                return
            data = data[first : last + 1]
            self.send_response(206)
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if self.server.cut else data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[RangeServer]:
    """Serve a folder for the block."""
    with RangeServer(("127.0.0.1", 0), RangeHandler) as server:
        server.folder, server.asked = folder, []
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
