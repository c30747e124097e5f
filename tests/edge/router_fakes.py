"""The services that routers ask, as far as they are documented: conditions, limits, what is said when."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

Reply = tuple[int, dict[str, str], bytes]
_CONFIG = (
    "<DistributionConfig><CallerReference>c</CallerReference><Origins><Quantity>2</Quantity><Items>"
    "<Origin><Id>s3</Id><DomainName>gallery.s3.amazonaws.com</DomainName><OriginPath></OriginPath></Origin>"
    "<Origin><Id>api</Id><DomainName>api.example.org</DomainName><OriginPath>/v1</OriginPath></Origin>"
    "</Items></Origins><Comment>ünchanged &amp; kept</Comment></DistributionConfig>"
)


@dataclass
class Fake:
    """One service. ``fault`` may answer in its place; ``asked`` are the requests, with what they were signed by."""

    etag: int = 1
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    fault: list[Reply | str] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        raise NotImplementedError


@dataclass
class FakeCloudFront(Fake):
    """GetDistribution and UpdateDistribution; deployed when it was looked at twice since."""

    config: str = _CONFIG
    looks: int = 2

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if method == "GET":
            self.looks += 1
            status = "Deployed" if self.looks > 2 else "InProgress"
            text = (
                f'<Distribution xmlns="x"><Id>E1</Id><Status>{status}</Status>'
                f"<LastModifiedTime>2026-01-31T12:00:00.000Z</LastModifiedTime>{self.config}</Distribution>"
            )
            return 200, {"ETag": f"E{self.etag}"}, text.encode()
        if headers.get("if-match") != f"E{self.etag}":
            return 412, {}, b"<Error><Code>PreconditionFailed</Code></Error>"
        self.config = re.sub(r' xmlns="[^"]*"', "", body.decode())
        self.etag, self.looks = self.etag + 1, 0
        return 200, {"ETag": f"E{self.etag}"}, b""


@dataclass
class FakeKvs(Fake):
    """CloudFront's key value store: one ETag for the whole of it, values of 1,024 bytes, keys of 512."""

    values: dict[str, str] = field(default_factory=dict)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        parts = path.split("/")
        if method == "GET" and len(parts) == 3:
            return 200, {"ETag": f"K{self.etag}"}, b'{"ItemCount": 1}'
        if method == "GET":
            key = unquote(parts[4])
            if key not in self.values:
                return 404, {}, b'{"Message": "ResourceNotFoundException"}'
            return 200, {}, json.dumps({"Key": key, "Value": self.values[key]}).encode()
        puts = {it["Key"]: it["Value"] for it in json.loads(body)["Puts"]}
        if any(len(key.encode()) > 512 or len(value.encode()) > 1024 for key, value in puts.items()):
            return 400, {}, b'{"Message": "ValidationException"}'
        if headers.get("if-match") != f"K{self.etag}":
            return 409, {}, b'{"Message": "ConflictException"}'
        self.values |= puts
        self.etag += 1
        return 200, {"ETag": f"K{self.etag}"}, b"{}"


@dataclass
class FakeKv(Fake):
    """Workers KV: one write a second to one key, no conditions."""

    values: dict[str, bytes] = field(default_factory=dict)
    written: dict[str, float] = field(default_factory=dict)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if headers.get("authorization") != "Bearer token":
            return 403, {}, b'{"success": false, "errors": [{"code": 10000}]}'
        key = unquote(path.rpartition("/")[2])
        if method == "GET":
            return (200, {}, self.values[key]) if key in self.values else (404, {}, b"{}")
        if time.monotonic() - self.written.get(key, -9.0) < 1.0:
            return 429, {"Retry-After": "1"}, b'{"success": false}'
        self.values[key], self.written[key] = body, time.monotonic()
        return 200, {}, b'{"success": true}'


@contextmanager
def served(fake: Fake) -> Iterator[str]:
    """The address at which ``fake`` answers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            fake.asked.append((self.command, self.path, headers, body))
            fault = fake.fault.pop(0) if fake.fault else None
            reply = fault if isinstance(fault, tuple) else fake.answer(self.command, self.path, headers, body)
            if fault == "unanswered":
                self.close_connection = True
                self.connection.close()
                return
            status, more, text = reply
            self.send_response(status)
            for name, value in {**more, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PUT = do_POST = _do

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
