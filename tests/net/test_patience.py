"""Answers that do not come to an end, to every client that we have."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable
from itertools import repeat

import pytest

from galleria_action.net import pools
from galleria_action.net.encoding import Encoded, TooLong, decoded
from galleria_action.net.http import Http, NoAnswer
from galleria_action.net.network import Network
from galleria_action.net.waiting import run
from galleria_action.storage.s3 import wire
from tests.storage.raw_servers import head_of, listening

OK, CHUNKED = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#: what is said first, what again and again, and how long the pause between is
ENDLESS = {
    "a header that trickles": (OK + b"X: ", b"a", 0.05),
    "a status that trickles": (b"HTTP/1.1 ", b"2", 0.05),
    "a body that trickles": (OK + b"Content-Length: 99999\r\n\r\n", b"a", 0.05),
    "chunks that trickle": (CHUNKED, b"1\r\na\r\n", 0.05),
    "one interim answer after the other": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0),
    "a status": (b"HTTP/1.1 200 ", b"x" * 9999, 0),
    "headers": (OK, b"X: y\r\n" * 999, 0),
    "the size of a chunk": (CHUNKED + b"1;", b"x" * 9999, 0),
    "a trailer": (CHUNKED + b"1\r\na\r\n0\r\n", b"X: y\r\n" * 999, 0),
    "a body": (OK + b"\r\n", b"x" * 9999, 0),
}


def ask_the_bucket(url: str) -> None:
    answer = run(wire.Wire(url, Network.of({})).ask("GET", "/", {"host": "x"}, most=1000))
    assert len(answer.body) == 1001
    raise TooLong


def ask_a_server(url: str) -> None:
    Http(Network.of({}), loyal=True).ask("GET", url, headers={}, seconds=30, most=1000)


@pytest.mark.timeout(20)  # whoever waits for the end would do so until the whole suite is given up
@pytest.mark.parametrize("what", ENDLESS)
@pytest.mark.parametrize("ask", [ask_the_bucket, ask_a_server])
def test_nothing_comes_without_an_end(monkeypatch: pytest.MonkeyPatch, what: str, ask: Callable[[str], None]) -> None:
    monkeypatch.setattr(wire, "SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(pools, "SECONDS", 0.5)
    first, again, pause = ENDLESS[what]

    def serve(connection: socket.socket) -> None:
        head_of(connection)
        connection.sendall(first)
        for piece in repeat(again):
            connection.sendall(piece)
            time.sleep(pause)

    began = time.monotonic()
    with listening(serve) as url, pytest.raises((OSError, http.client.HTTPException, NoAnswer, TooLong)):
        ask(url)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("ask", [ask_the_bucket, ask_a_server])
def test_a_slow_line_is_no_trickle(monkeypatch: pytest.MonkeyPatch, ask: Callable[[str], None]) -> None:
    monkeypatch.setattr(wire, "SILENCE_SECONDS", 1)
    monkeypatch.setattr(pools, "SECONDS", 1)

    def serve(connection: socket.socket) -> None:
        head_of(connection)
        time.sleep(0.7)  # before the first byte
        connection.sendall(OK + b"Content-Length: 4000\r\n\r\n")
        for _ in range(4):
            connection.sendall(b"x" * 1000)
            time.sleep(0.5)

    with listening(serve) as url, pytest.raises(TooLong):
        ask(url)


@pytest.mark.parametrize("encoding", [", ".join(["gzip"] * 5), "gzip," * 10_000, "identity," * 100])
def test_nothing_is_compressed_many_times_over(encoding: str) -> None:
    with pytest.raises(Encoded, match="many times over"):
        decoded(b"x", encoding, 100)
