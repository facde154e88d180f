"""Fetching published weights, from a server on this machine that can be cut off, lie, and send without end."""

from __future__ import annotations

import hashlib
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from googlenet.errors import InputError
from googlenet.pretrained import Published, cache_folder, download, fetch, is_fetched

CONTENT = bytes(range(256)) * 4000  # about 1 MB
DIGEST = hashlib.sha1(CONTENT).hexdigest()


@dataclass
class Server:
    """What the server does: `cuts` are how many bytes each answer sends before it breaks off, then whole answers."""

    address: str
    cuts: list[int] = field(default_factory=list)
    content: bytes = CONTENT
    ranges: bool = True
    redirect: str = ""
    length: int | None = None
    status: int = 0
    asked: list[str | None] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.headers["Range"])
            if state.redirect and self.path != state.redirect:
                self.send_response(302)
                self.send_header("Location", state.redirect)
                self.end_headers()
                return
            start = int((self.headers["Range"] or "bytes=0-")[6:-1]) if state.ranges else 0
            if state.status or start >= len(state.content):
                self.send_error(state.status or 416)
                return
            body = state.content[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(state.content) - 1}/{len(state.content)}")
            if state.length != -1:
                self.send_header("Content-Length", str(state.length or len(body)))
            self.end_headers()
            self.wfile.write(body[: state.cuts.pop(0)] if state.cuts else body)

        def log_message(self, *_: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Server(f"http://127.0.0.1:{httpd.server_port}/net.caffemodel")
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def published(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Published:
    monkeypatch.setenv("GOOGLENET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    return Published("a test", server.address, "sha1", DIGEST, len(CONTENT) / 1e6, 2, "none", {})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_fetched_once_and_kept(published: Published, server: Server) -> None:
    assert not is_fetched(published)
    seen: list[tuple[int, int | None]] = []
    path = fetch(published, on_progress=lambda done, total: seen.append((done, total)))
    assert path == cache_folder() / "net.caffemodel"
    assert path.read_bytes() == CONTENT
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert is_fetched(published)
    assert fetch(published) == path
    assert server.asked == [None]
    assert names(cache_folder()) == ["net.caffemodel"]


def test_a_digest_that_was_published_in_part_is_compared_in_part(published: Published) -> None:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    assert fetch(replace(published, algorithm="sha256", digest=sha256[:8])).read_bytes() == CONTENT


def test_another_file_is_thrown_away(published: Published, server: Server) -> None:
    server.content = CONTENT[:-1] + b"?"
    with pytest.raises(InputError, match=f"is not the published file: its sha1 is [0-9a-f]{{40}} instead of {DIGEST}"):
        fetch(published)
    assert names(cache_folder()) == []


def test_a_file_put_there_by_hand_is_checked_too(published: Published, server: Server) -> None:
    cache_folder().mkdir()
    (cache_folder() / "net.caffemodel").write_bytes(b"an error page")
    with pytest.raises(InputError, match=r"put there by hand; delete it to download it again"):
        fetch(published)
    (cache_folder() / "net.caffemodel").write_bytes(CONTENT)
    assert fetch(published).read_bytes() == CONTENT
    assert server.asked == []


def test_a_connection_that_is_cut_is_taken_up_where_it_was(published: Published, server: Server) -> None:
    server.cuts = [300_000, 200_000]
    assert fetch(published).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=300000-", "bytes=500000-"]


def test_a_connection_that_is_cut_for_good_is_taken_up_by_the_next_call(published: Published, server: Server) -> None:
    server.cuts = [100_000, 100_000, 100_000]
    with pytest.raises(InputError, match=r"the connection was interrupted\); 0\.3 MB are kept: run the same command"):
        fetch(published)
    assert not is_fetched(published)
    assert fetch(published).read_bytes() == CONTENT
    assert server.asked[-1] == "bytes=300000-"


def test_a_server_that_cannot_resume_sends_it_all_again(published: Published, server: Server) -> None:
    server.cuts, server.ranges = [300_000], False
    assert fetch(published).read_bytes() == CONTENT


def test_the_beginning_of_something_longer_is_dropped(published: Published, server: Server) -> None:
    cache_folder().mkdir()
    (cache_folder() / "net.caffemodel.part").write_bytes(CONTENT + b"and more")
    assert fetch(published).read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(CONTENT) + 8}-", None]


def test_the_beginning_of_something_else_does_not_pass(published: Published) -> None:
    cache_folder().mkdir()
    (cache_folder() / "net.caffemodel.part").write_bytes(b"something else")
    with pytest.raises(InputError, match="is not the published file"):
        fetch(published)
    assert fetch(published).read_bytes() == CONTENT


def test_without_a_network_it_says_where_to_put_the_file(published: Published) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/net.caffemodel"
        with pytest.raises(InputError) as caught:
            fetch(replace(published, address=address))
    sentence = str(caught.value)
    assert sentence.startswith(f"cannot download {address} (")
    assert sentence.endswith(f"download it elsewhere and put it at {cache_folder() / 'net.caffemodel'}")
    assert "\n" not in sentence


def test_a_file_that_is_gone_from_its_address_says_so(published: Published, server: Server) -> None:
    server.status = 404
    with pytest.raises(InputError, match=r"\(the server answered 404 Not Found\)"):
        fetch(published)
    assert server.asked == [None]


@pytest.mark.parametrize("announced", [True, False])
def test_a_redirection_to_something_huge_is_not_followed_to_its_end(
    announced: bool, published: Published, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "LARGEST_DOWNLOAD", 500_000)
    server.redirect, server.length = "/huge", None if announced else -1
    sentence = "has 1,024,000 bytes, far more" if announced else "sends far more bytes than were published"
    with pytest.raises(InputError, match=f"/huge {sentence}"):
        fetch(published)
    assert names(cache_folder()) == []


def test_a_cache_that_cannot_be_written_to_is_a_sentence(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GOOGLENET_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(InputError, match=r"cannot write .*net\.caffemodel: Not a directory"):
        fetch(published)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep caches elsewhere")
def test_the_cache_is_where_the_system_keeps_caches_unless_the_user_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("GOOGLENET_CACHE", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache", "GOOGLENET_CACHE"
    monkeypatch.delenv("GOOGLENET_CACHE")
    assert cache_folder() == tmp_path / "caches" / "googlenet"
