"""An S3 server that throws photos away as fast as they come, so that the client is measured and not the server.

    python -m benchmarks.sink [--rtt MILLISECONDS] [--port N]

It keeps keys, sizes and a few headers, and bodies only of JSON documents and of what came last, so that listings,
conditional writes, reading back and other programs' synchronisation work. Nothing is authenticated. ETags are MD5 sums
only where the client sent one (``Content-MD5``) or with ``--md5``: hashing costs more than everything else, and on a
machine with two cores the server would be measured. It is no reference for S3.

``--rtt`` adds latency as TCP would cause it on a line of unlimited width: each request waits one round trip, a new
connection one more, and a body more of them until the congestion window (10 segments, doubling) has grown to its size.
A line of so many megabits a second (``/-/width-100``) is shared by all bodies besides.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import re
import ssl
import sys
import time
from bisect import bisect_left, insort
from collections import Counter, deque
from dataclasses import dataclass, field
from email.utils import formatdate
from html import unescape
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

_PAGE = 1000
_READ = 1 << 20
_FIRST_WINDOW, _LARGEST_WINDOW = 10 * 1460, 4 << 20
_KEPT_SUFFIX = ".json"
_KEPT_BYTES = 512 << 20
_STORED_HEADERS = ("content-type", "cache-control")


@dataclass(slots=True)
class Stored:
    """One object. ``body`` is empty unless it is kept."""

    size: int
    etag: str
    headers: dict[str, str]
    body: bytes | bytearray
    modified: float


@dataclass
class Bucket:
    """All objects of the server, whatever the bucket is called, and what was asked of them."""

    rtt: float = 0.0
    md5: bool = False
    objects: dict[str, Stored] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    recent: deque[Stored] = field(default_factory=deque)
    recent_bytes: int = 0
    #: bytes a second of the line by which all bodies come; 0: unlimited
    width: float = 0.0
    line_free_at: float = 0.0

    def arrives_in(self, size: int) -> float:
        """Seconds until a body of ``size`` bytes has come, after those before it."""
        now = time.monotonic()
        self.line_free_at = max(now, self.line_free_at) + (size / self.width if self.width else 0)
        return self.line_free_at - now

    def put(self, key: str, stored: Stored) -> None:
        if key not in self.objects:
            insort(self.keys, key)
        self.objects[key] = stored
        if key.endswith(_KEPT_SUFFIX):
            return
        self.recent.append(stored)
        self.recent_bytes += len(stored.body)
        while self.recent_bytes > _KEPT_BYTES:
            self.recent_bytes -= len(self.recent[0].body)
            self.recent.popleft().body = b""

    def delete(self, key: str) -> None:
        if self.objects.pop(key, None):
            del self.keys[bisect_left(self.keys, key)]


@dataclass(slots=True)
class Request:
    """A request line with its headers (names in lower case) and what was kept of its body."""

    method: str
    key: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    size: int
    body: bytes | bytearray = b""

    def asked(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]


@dataclass(slots=True)
class Answer:
    status: int
    body: bytes | bytearray = b""
    headers: dict[str, str] = field(default_factory=dict)


# -- what is answered ----------------------------------------------------------------------------------------------


def answer(bucket: Bucket, request: Request) -> Answer:
    """Carry ``request`` out."""
    if request.key == "":
        return _on_the_bucket(bucket, request)
    if request.method == "PUT" and "x-amz-copy-source" in request.headers:
        return _copy(bucket, request)
    if request.method == "PUT":
        return _put(bucket, request)
    if request.method == "DELETE":
        bucket.requests["delete"] += 1
        bucket.delete(request.key)
        return Answer(204)
    if request.method in ("GET", "HEAD"):
        bucket.requests[request.method.lower()] += 1
        found = bucket.objects.get(request.key)
        return _found(found, request) if found else _refusal(404, "NoSuchKey")
    bucket.requests["other"] += 1
    return _refusal(501, "NotImplemented")


def _on_the_bucket(bucket: Bucket, request: Request) -> Answer:
    if request.method == "POST" and "delete" in request.query:
        keys = [unescape(key) for key in re.findall(r"<Key>([^<]*)</Key>", request.body.decode())]
        bucket.requests["delete"] += 1
        for key in keys:
            bucket.delete(key)
        deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        return _xml(f"<DeleteResult>{deleted}</DeleteResult>")
    if request.method == "GET" and "location" in request.query:
        bucket.requests["other"] += 1
        return _xml("<LocationConstraint></LocationConstraint>")
    if request.method == "GET" and "cors" in request.query:
        bucket.requests["other"] += 1
        return _refusal(404, "NoSuchCORSConfiguration")
    if request.method == "GET":
        bucket.requests["list"] += 1
        return _list(bucket, request)
    bucket.requests["other"] += 1
    return Answer(200)


def _put(bucket: Bucket, request: Request) -> Answer:
    bucket.requests["put"] += 1
    live = bucket.objects.get(request.key)
    wanted = request.headers.get("if-match")
    if (wanted and (live is None or live.etag != wanted.strip('"'))) or (live and "if-none-match" in request.headers):
        return _refusal(412, "PreconditionFailed")
    size = int(request.headers.get("x-amz-decoded-content-length", request.size))
    kept = {n: v for n, v in request.headers.items() if n in _STORED_HEADERS or n.startswith("x-amz-meta-")}
    stored = Stored(size, _etag(request, size, bucket.md5), kept, request.body, time.time())
    bucket.put(request.key, stored)
    return Answer(200, headers={"ETag": f'"{stored.etag}"'})


def _copy(bucket: Bucket, request: Request) -> Answer:
    bucket.requests["copy"] += 1
    source = unquote(request.headers["x-amz-copy-source"]).lstrip("/").partition("/")[2]
    found = bucket.objects.get(source)
    if found is None:
        return _refusal(404, "NoSuchKey")
    kept = {n: v for n, v in request.headers.items() if n.startswith("x-amz-meta-")} or found.headers
    bucket.put(request.key, Stored(found.size, found.etag, kept, found.body, time.time()))
    text = f"<ETag>&quot;{found.etag}&quot;</ETag><LastModified>{_iso(time.time())}</LastModified>"
    return _xml(f"<CopyObjectResult>{text}</CopyObjectResult>")


def _etag(request: Request, size: int, md5: bool) -> str:
    """The true MD5 where it is known; else something that no client takes for one."""
    if sent := request.headers.get("content-md5"):
        return base64.b64decode(sent).hex()
    if md5 or request.key.endswith(_KEPT_SUFFIX):
        return hashlib.md5(request.body, usedforsecurity=False).hexdigest()
    return hashlib.md5(f"{request.key} {size} {time.time()}".encode(), usedforsecurity=False).hexdigest() + "-1"


def _found(found: Stored, request: Request) -> Answer:
    headers = {**found.headers, "ETag": f'"{found.etag}"', "Last-Modified": formatdate(found.modified, usegmt=True)}
    known = request.headers.get("if-none-match")
    if known and known.strip('"') == found.etag:
        return Answer(304, headers=headers)
    if request.method == "HEAD":
        return Answer(200, headers={**headers, "Content-Length": str(found.size)})
    return Answer(200, found.body or bytes(found.size), headers)


def _list(bucket: Bucket, request: Request) -> Answer:
    prefix, second = request.asked("prefix"), request.asked("list-type") == "2"
    after = request.asked("continuation-token" if second else "marker") or request.asked("start-after")
    limit = min(int(request.asked("max-keys", str(_PAGE)) or _PAGE), _PAGE)
    start = bisect_left(bucket.keys, max(prefix, after + "\0" if after else ""))
    keys = [key for key in bucket.keys[start : start + limit + 1] if key.startswith(prefix)]
    page, more = keys[:limit], len(keys) > limit
    quoted = escape if request.asked("encoding-type") != "url" else quote
    parts = [
        f"<Name>bucket</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount>"
        f"<MaxKeys>{limit}</MaxKeys><IsTruncated>{str(more).lower()}</IsTruncated>"
    ]
    if request.asked("encoding-type"):
        parts.append("<EncodingType>url</EncodingType>")
    if more:
        name = "NextContinuationToken" if second else "NextMarker"
        parts.append(f"<{name}>{escape(page[-1])}</{name}>")
    for key in page:
        found = bucket.objects[key]
        parts.append(
            f"<Contents><Key>{quoted(key)}</Key><LastModified>{_iso(found.modified)}</LastModified>"
            f"<ETag>&quot;{found.etag}&quot;</ETag><Size>{found.size}</Size><StorageClass>STANDARD</StorageClass>"
            "</Contents>"
        )
    return _xml(f"<ListBucketResult>{''.join(parts)}</ListBucketResult>")


def _iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(moment))


def _xml(text: str) -> Answer:
    body = b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode()
    return Answer(200, body, {"Content-Type": "application/xml"})


def _refusal(status: int, code: str) -> Answer:
    refused = _xml(f"<Error><Code>{code}</Code><Message>{code}</Message></Error>")
    return Answer(status, refused.body, refused.headers)


# -- how it is read and sent ---------------------------------------------------------------------------------------


class Connection(asyncio.BufferedProtocol):
    """HTTP/1.1 over one connection; bodies run through one buffer and are gone."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.buffer = bytearray(_READ)
        self.head = bytearray()
        self.request: Request | None = None
        self.missing = 0
        self.kept = bytearray()
        self.window = _FIRST_WINDOW
        # round trips until the next answer; the first one opens the connection
        self.rounds = 2
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.bucket.connections += 1

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = memoryview(self.buffer)[:nbytes]
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
        self._later(
            max(self.bucket.rtt * self.rounds, self.bucket.arrives_in(request.size)),
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
            self.bucket.connections = 0
        state = {
            "requests": dict(self.bucket.requests),
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


async def _serve(port: int, rtt: float, md5: bool, tls: ssl.SSLContext | None) -> None:
    bucket = Bucket(rtt, md5)
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
    options.add_argument("--tls", metavar="FILE", help="speak TLS, with the certificate and key in this file (PEM)")
    given = options.parse_args()
    asyncio.run(_serve(given.port, given.rtt / 1000, given.md5, _context(given.tls) if given.tls else None))
