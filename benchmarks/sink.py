"""An S3 server that throws photos away as fast as they come, so that the client is measured and not the server.

    python -m benchmarks.sink [--rtt MILLISECONDS] [--port N] [--md5] [--checks]

It keeps keys, sizes and a few headers, and bodies only of JSON documents and of what came last, so that listings,
conditional writes, reading back and other programs' synchronisation work. Nothing is authenticated. It is no reference
for S3.

Hashing costs more than everything else, and on a machine with two cores the server would be measured. So ETags are MD5
sums only where the client sent one (``Content-MD5``) or with ``--md5``, and then they are remembered by the SHA-256
that a body is signed with: only the first round pays. With ``--checks`` a small body that does not have this SHA-256 is
refused, as a service does that checks them all.

``--rtt`` adds latency as TCP would cause it on a line of unlimited width: each request waits one round trip, a new
connection is open after one (whether somebody asks by then or not), and a body takes more of them until the congestion
window (10 segments, doubling) has grown to its size.
A line of so many megabits a second (``/-/width-100``) is shared by all bodies besides.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
import time
from urllib.parse import parse_qs, unquote, urlsplit

from benchmarks.bucket import Answer, Bucket, Request, answer

_READ = 1 << 20
_FIRST_WINDOW, _LARGEST_WINDOW = 10 * 1460, 4 << 20


class Connection(asyncio.BufferedProtocol):
    """HTTP/1.1 over one connection; bodies run through one buffer and are gone."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        # a view: through TLS it is filled piece by piece, and a piece of a bytearray is a copy
        self.buffer = memoryview(bytearray(_READ))
        self.head = bytearray()
        self.request: Request | None = None
        self.missing = 0
        self.kept = bytearray()
        self.window = _FIRST_WINDOW
        # round trips until the next answer
        self.rounds = 1
        self.open_at = 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.bucket.connections += 1
        self.open_at = time.monotonic() + self.bucket.rtt

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = self.buffer[:nbytes]
        while data:
            data = self._body(data) if self.request else self._head(data)

    def _head(self, data: memoryview) -> memoryview:
        self.head += data[: 64 << 10]
        end = self.head.find(b"\r\n\r\n")
        if end < 0:
            return memoryview(b"")
        used = end + 4 - (len(self.head) - min(len(data), 64 << 10))
        self._begin(bytes(self.head[:end]).decode("latin-1"))
        self.head.clear()
        return data[used:]

    def _begin(self, head: str) -> None:
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        url = urlsplit(target)
        _, _, key = unquote(url.path.lstrip("/")).partition("/")
        query = parse_qs(url.query, keep_blank_values=True)
        size = int(headers.get("content-length", 0))
        self.request = Request(method, key, query, headers, size)
        self.missing = size
        self.kept = bytearray()
        while self.bucket.rtt and size > self.window:
            self.rounds += 1
            size -= self.window
            self.window = min(2 * self.window, _LARGEST_WINDOW)
        if headers.get("expect", "").lower() == "100-continue":
            self.rounds += 1
            self._later(self.bucket.rtt, b"HTTP/1.1 100 Continue\r\n\r\n")
        if self.missing == 0:
            self._end()

    def _body(self, data: memoryview) -> memoryview:
        taken = data[: self.missing]
        self.missing -= len(taken)
        self.kept += taken
        if self.missing == 0:
            self._end()
        return data[len(taken) :]

    def _end(self) -> None:
        request, self.request = self.request, None
        assert request is not None
        # not copied: the next request gets a buffer of its own
        request.body = self.kept
        if "x-amz-decoded-content-length" in request.headers:
            request.body = _unchunked(bytes(self.kept))
        done = self._control(request) or answer(self.bucket, request)
        names = {"Content-Length": str(len(done.body)), **done.headers, "x-amz-request-id": "1"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in names.items())
        body = b"" if request.method == "HEAD" or done.status in (204, 304) else done.body
        opening = max(0.0, self.open_at - time.monotonic())
        self._later(
            opening + max(self.bucket.rtt * self.rounds, self.bucket.arrives_in(request.size)),
            f"HTTP/1.1 {done.status} Answer\r\n{lines}\r\n".encode("latin-1") + body,
        )
        self.rounds = 1

    def _later(self, delay: float, data: bytes) -> None:
        if delay:
            asyncio.get_running_loop().call_later(delay, self._send, data)
        else:
            self._send(data)

    def _send(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    def _control(self, request: Request) -> Answer | None:
        """The benchmark's own questions: ``POST /-/reset``, ``POST /-/empty``, ``GET /-/state``; and
        ``/-/width-100``, from when on the line has so many megabits a second."""
        if not request.headers.get("x-benchmark"):
            return None
        if request.key == "empty":
            self.bucket.objects.clear()
            self.bucket.keys.clear()
            self.bucket.recent.clear()
            self.bucket.recent_bytes = 0
        if request.key.startswith("width-"):
            self.bucket.width = float(request.key.removeprefix("width-")) * 1e6 / 8
        if request.key in ("empty", "reset"):
            self.bucket.requests.clear()
            self.bucket.received.clear()
            self.bucket.connections = 0
        state = {
            "requests": dict(self.bucket.requests),
            "received": dict(self.bucket.received),
            "objects": len(self.bucket.objects),
            "connections": self.bucket.connections,
            "cpu": time.process_time(),
        }
        return Answer(200, json.dumps(state).encode())


def _unchunked(body: bytes) -> bytes:
    """The content of an ``aws-chunked`` body."""
    parts, position = [], 0
    while position < len(body):
        end = body.index(b"\r\n", position)
        size = int(body[position:end].split(b";")[0], 16)
        if size == 0:
            break
        parts.append(body[end + 2 : end + 2 + size])
        position = end + 2 + size + 2
    return b"".join(parts)


async def _serve(port: int, bucket: Bucket, tls: ssl.SSLContext | None) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(bucket), "127.0.0.1", port, backlog=1024, ssl=tls)
    print(f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    # ends with the program that started it, whatever happens to that
    await loop.run_in_executor(None, sys.stdin.read)


def _context(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--rtt", type=float, default=0.0, help="milliseconds")
    options.add_argument("--md5", action="store_true", help="ETags are MD5 sums, as most services give them")
    options.add_argument("--checks", action="store_true", help="small bodies need the hash they are signed with")
    options.add_argument("--tls", metavar="FILE", help="speak TLS, with the certificate and key in this file (PEM)")
    given = options.parse_args()
    served = Bucket(given.rtt / 1000, given.md5, given.checks)
    asyncio.run(_serve(given.port, served, _context(given.tls) if given.tls else None))
