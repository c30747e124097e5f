"""What the server of ``benchmarks.sink`` keeps and answers: a bucket, without the network."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from bisect import bisect_left, insort
from collections import Counter, deque
from dataclasses import dataclass, field
from email.utils import formatdate
from html import unescape
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

_PAGE = 1000
_KEPT_SUFFIX = ".json"
_KEPT_BYTES = 512 << 20
_CHECKED_BYTES, _SHA256_DIGITS = 64 << 10, 64
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
    checks: bool = False
    #: MD5 by SHA-256
    sums: dict[str, str] = field(default_factory=dict)
    objects: dict[str, Stored] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    #: bytes of bodies that were put, by folder
    received: Counter[str] = field(default_factory=Counter)
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
    bucket.received[request.key.rpartition("/")[0]] += request.size
    live = bucket.objects.get(request.key)
    wanted = request.headers.get("if-match")
    if (wanted and (live is None or live.etag != wanted.strip('"'))) or (live and "if-none-match" in request.headers):
        return _refusal(412, "PreconditionFailed")
    size = int(request.headers.get("x-amz-decoded-content-length", request.size))
    if bucket.checks and size <= _CHECKED_BYTES and not _is_as_signed(request):
        return _refusal(400, "XAmzContentSHA256Mismatch")
    kept = {n: v for n, v in request.headers.items() if n in _STORED_HEADERS or n.startswith("x-amz-meta-")}
    stored = Stored(size, _etag(request, size, bucket), kept, request.body, time.time())
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


def _is_as_signed(request: Request) -> bool:
    signed = request.headers.get("x-amz-content-sha256", "")
    return len(signed) != _SHA256_DIGITS or signed == hashlib.sha256(request.body).hexdigest()


def _etag(request: Request, size: int, bucket: Bucket) -> str:
    """The true MD5 where it is known; else something that no client takes for one."""
    if sent := request.headers.get("content-md5"):
        return base64.b64decode(sent).hex()
    if bucket.md5 or request.key.endswith(_KEPT_SUFFIX):
        signed = request.headers.get("x-amz-content-sha256", "")
        known = bucket.sums.get(signed) or hashlib.md5(request.body, usedforsecurity=False).hexdigest()
        if len(signed) == _SHA256_DIGITS:
            bucket.sums[signed] = known
        return known
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
