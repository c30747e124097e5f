"""Which connection a request goes out on: those that are opened ahead are used, and the one whose window has grown is
kept for what has need of it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from galleria_action.net.network import Network
from galleria_action.net.waiting import run
from galleria_action.storage.s3.wire import Wire
from tests.s3 import certificate
from tests.storage.raw_servers import listening

_LARGE = bytes(100_000)


@dataclass
class Server:
    """Answers with the number of the connection that was asked on; holds the answer to ``slow`` until it may go."""

    url: str = ""
    opened: int = 0
    hang_up: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, line: socket.socket) -> None:
        with self._lock:
            self.opened += 1
            number = str(self.opened).encode()
        line.settimeout(0.05)
        read = b""
        while not self.hang_up.is_set():
            try:
                piece = line.recv(1 << 16)
            except TimeoutError:
                continue
            read += piece
            head, _, body = read.partition(b"\r\n\r\n")
            size = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
            if not piece or not head:
                return
            if b"\r\n\r\n" in read and len(body) >= size:
                if b" /slow " in head:
                    self.go.wait(5)
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(number), number))
                read = b""

    def has(self, connections: int) -> bool:
        """Whether so many were opened, after a moment."""
        until = time.monotonic() + 5
        while self.opened < connections and time.monotonic() < until:
            time.sleep(0.005)
        return self.opened == connections


@contextmanager
def numbering(*, tls: bool = False) -> Iterator[Server]:
    server = Server()

    def wrapped(line: socket.socket) -> None:
        with certificate.server_context().wrap_socket(line, server_side=True) as secure:
            server.serve(secure)

    with listening(wrapped if tls else server.serve) as url:
        server.url = url.replace("http:", "https:") if tls else url
        yield server
        server.hang_up.set()


def over(server: Server) -> Wire:
    return Wire(server.url, Network.of({"SSL_CERT_FILE": str(certificate.authority())}))


def asked(wire: Wire, body: bytes = b"", path: str = "/") -> int:
    """The number of the connection that served it."""
    return int(run(wire.ask("PUT", path, {"host": "x"}, body, most=100)).body)


@pytest.mark.parametrize("tls", [False, True])
def test_what_was_opened_ahead_is_asked_on(tls: bool) -> None:
    """Over TLS, too, where the server has said something by then."""
    with numbering(tls=tls) as server:
        wire = over(server)
        wire.open_ahead(1)
        assert server.has(1)
        time.sleep(0.05)  # what the server says of itself is there
        assert asked(wire) == 1
        assert server.opened == 1


def test_a_request_waits_for_what_is_being_opened() -> None:
    with numbering() as server:
        wire = over(server)
        wire.open_ahead(1)
        assert asked(wire) == 1
        assert server.opened == 1


def test_what_is_there_counts() -> None:
    with numbering() as server:
        wire = over(server)
        asked(wire)
        wire.open_ahead(3)
        wire.open_ahead(3)
        assert server.has(3)
        time.sleep(0.05)
        assert server.opened == 3


def test_one_that_was_closed_meanwhile_is_not_asked_on() -> None:
    with numbering() as server:
        wire = over(server)
        wire.open_ahead(1)
        assert server.has(1)
        server.hang_up.set()
        time.sleep(0.15)
        server.hang_up.clear()
        assert asked(wire) == 2


def test_one_that_nobody_used_for_long_is_not_asked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with numbering() as server:
        wire = over(server)
        wire.open_ahead(1)
        assert server.has(1)
        time.sleep(0.02)
        monkeypatch.setattr("galleria_action.storage.s3.wire._FRESH_SECONDS", 0.01)
        assert asked(wire) == 2


def test_who_is_given_one_that_could_not_be_opened_hears_of_it() -> None:
    with numbering() as server:
        wire = over(server)
    wire.open_ahead(1)
    with pytest.raises(OSError):
        asked(wire)


def test_a_large_body_goes_where_the_most_went_and_a_small_one_leaves_that_alone() -> None:
    with numbering() as server:
        wire = over(server)
        slow = threading.Thread(target=asked, args=(wire, _LARGE, "/slow"))
        slow.start()
        assert server.has(1)
        time.sleep(0.05)
        assert asked(wire) == 2  # meanwhile
        server.go.set()
        slow.join()
        assert [asked(wire), asked(wire, _LARGE), asked(wire), asked(wire, _LARGE)] == [2, 1, 2, 1]
