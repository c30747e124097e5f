"""Servers that no library makes: they answer too early, without an end, or for another."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server whose connections ``serve`` handles, each in a thread; the URL."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    def handle(connection: socket.socket) -> None:
        with connection:
            try:
                serve(connection)
            except OSError:
                return

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def head_of(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and (piece := connection.recv(1 << 16)):
        head += piece
    return head


@contextmanager
def early_bird(first: bytes, then: bytes = b"", reads: int = 0) -> Iterator[str]:
    """Answers as soon as it has read the head of a request; then reads so many bytes and goes on."""

    def serve(connection: socket.socket) -> None:
        seen = len(head_of(connection).partition(b"\r\n\r\n")[2])
        connection.sendall(first)
        while seen < reads:
            seen += len(connection.recv(1 << 16))
        connection.sendall(then)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(2)
        while connection.recv(1 << 16) and not then:
            pass

    with listening(serve) as url:
        yield url


@contextmanager
def endless(head: bytes) -> Iterator[tuple[str, list[int]]]:
    """Answers without an end, and counts what it could send."""
    sent: list[int] = []

    def serve(connection: socket.socket) -> None:
        head_of(connection)
        connection.sendall(head)
        while True:
            sent.append(connection.send(b"<a>" * 20_000))

    with listening(serve) as url:
        yield url, sent


@contextmanager
def tunnel(target: str) -> Iterator[tuple[str, list[str]]]:
    """A proxy that passes everything on to ``target``, and the first line of each request to it."""
    host, port = target.partition("://")[2].split(":")
    asked: list[str] = []

    def serve(connection: socket.socket) -> None:
        with socket.create_connection((host, int(port))) as there:
            head = head_of(connection)
            asked.append(head.split(b"\r\n")[0].decode())
            if head.startswith(b"CONNECT"):
                assert b"Proxy-Authorization: Basic bWU6cHc=" in head
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                threading.Thread(target=pump, args=(connection, there), daemon=True).start()
                pump(there, connection)
                return
            while head:
                there.sendall(head.replace(b"http://s3.example", b"", 1))
                connection.sendall(there.recv(1 << 16))
                head = head_of(connection)
                asked.extend([head.split(b"\r\n")[0].decode()] if head else [])

    with listening(serve) as url:
        yield url, asked


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while piece := source.recv(1 << 16):
            sink.sendall(piece)
    except OSError:
        return
