"""HTTP/1.1 as a server sees it, small and quick: requests off a socket, answers onto it."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import unquote

_LARGEST_HEAD = 64 * 1024


class BadRequest(Exception):
    """Bytes that are no HTTP request."""


@dataclass(slots=True)
class Request:
    """One request. ``headers`` by lower-case name; ``body`` without the transfer encoding, if there was one.

    ``operation`` is S3's own name for it (``PutObject``), ``key`` is decoded; ``number`` counts from 1 in the order of
    arrival; ``status`` is what was answered (``None``: nothing was).
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    transfer_encoding: bool
    raw_query: str
    bucket: str = ""
    key: str = ""
    operation: str = ""
    access_key: str = ""
    number: int = 0
    status: int | None = None

    @property
    def mutating(self) -> bool:
        """Whether the request changes objects (multipart uploads do when they are completed)."""
        return self.operation in MUTATING


MUTATING = frozenset(("PutObject", "CopyObject", "DeleteObject", "DeleteObjects", "CompleteMultipartUpload"))


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; ``length`` is the Content-Length to claim where it is not that of ``body``."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


def read_request(
    stream: BinaryIO,
    go_on: bytes,
    connection: socket.socket,
    bytes_per_second: float | None = None,
    stopping: threading.Event | None = None,
) -> Request | None:
    """The next request, ``None`` at the end of the connection. ``go_on`` answers ``Expect: 100-continue``;
    ``stopping`` ends a slow reading."""
    line = stream.readline(_LARGEST_HEAD)
    if not line.strip():
        return None
    try:
        method, target, version = line.decode("ascii").split()
    except ValueError:
        raise BadRequest("not a request line") from None
    if version != "HTTP/1.1" or not target.startswith("/"):
        raise BadRequest("only HTTP/1.1 to a path is spoken here")
    headers: dict[str, str] = {}
    while line := stream.readline(_LARGEST_HEAD).rstrip(b"\r\n"):
        name, colon, value = line.decode("utf-8").partition(":")
        if not colon or name != name.strip():
            raise BadRequest("not a header")
        lowered = name.lower()
        headers[lowered] = f"{headers[lowered]},{value.strip()}" if lowered in headers else value.strip()
    if go_on and headers.get("expect", "").lower() == "100-continue":
        connection.sendall(go_on)
    chunked = "chunked" in headers.get("transfer-encoding", "").lower()
    size = int(headers.get("content-length", 0))
    body = _read_chunked(stream) if chunked else _read_plain(stream, size, bytes_per_second, stopping)
    if not chunked and len(body) != size:
        return None
    path, _, query = target.partition("?")
    return Request(method, path, _parse_query(query), headers, body, chunked, query)


def _parse_query(query: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in query.split("&") if part)
    return {unquote(name): unquote(value.replace("+", " ")) for name, _, value in pairs}


def _read_plain(stream: BinaryIO, size: int, bytes_per_second: float | None, stopping: threading.Event | None) -> bytes:
    if bytes_per_second is None or stopping is None:
        return stream.read(size)
    parts = []
    while size and (part := stream.read(min(size, 1 << 18))):
        parts.append(part)
        size -= len(part)
        if stopping.wait(len(part) / bytes_per_second):
            break
    return b"".join(parts)


def _read_chunked(stream: BinaryIO) -> bytes:
    parts = []
    while size := int(stream.readline(_LARGEST_HEAD).split(b";")[0], 16):
        parts.append(stream.read(size))
        if stream.read(2) != b"\r\n":
            raise BadRequest("a chunk without its end")
    while stream.readline(_LARGEST_HEAD).strip():
        pass
    return b"".join(parts)


def encode_head(response: Response) -> bytes:
    """Status line and headers."""
    length = len(response.body) if response.length is None else response.length
    lines = [f"HTTP/1.1 {response.status} {_phrase(response.status)}", "x-amz-request-id: 1", "Server: FakeS3"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if response.status not in (204, 304):
        lines.append(f"Content-Length: {length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def reset(connection: socket.socket) -> None:
    """Make the coming close a reset (RST) instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
