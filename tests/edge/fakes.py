"""The APIs of six services whose caches can be purged, as strict as their documentation, and a cache behind each.

One server answers for all of them. It checks credentials (CloudFront's signature with botocore's own arithmetic) and
limits, fails when a test has asked for it, and forgets what it was told to.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.servers import ACCESS_KEY, SECRET_KEY, http_server

TOKEN = "edge-token-0123456789"
HOST = "photos.example.org"
SITE = f"https://{HOST}"
_XMLNS = "{http://cloudfront.amazonaws.com/doc/2020-05-31/}"


@dataclass(frozen=True)
class Call:
    """One request: what was asked, with the patterns (paths) that it purges."""

    service: str
    method: str
    path: str
    patterns: tuple[str, ...]
    document: Any = None


@dataclass(frozen=True)
class Reply:
    """An answer, with ``after`` as its Retry-After. With ``effect`` the request is carried out all the same."""

    status: int = 200
    document: Any = None
    after: str | None = None
    effect: bool = False


@dataclass
class FakeEdge:
    """``held`` is what the cache holds, by path; ``calls`` what was carried out, ``asked`` counts every request.
    ``troubles`` are answers in place of the right ones, in order."""

    url: str = ""
    held: dict[str, bytes | None] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    asked: int = 0
    troubles: list[Reply] = field(default_factory=list)
    down: Reply | None = None
    in_progress: int = 0
    pending: int = 0
    references: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def environ(self) -> dict[str, str]:
        """What leads every purger here."""
        return {
            "CLOUDFLARE_API_TOKEN": TOKEN, "CLOUDFLARE_API_URL": f"{self.url}/client/v4",
            "BUNNY_API_KEY": TOKEN, "BUNNY_API_URL": self.url,
            "FASTLY_API_TOKEN": TOKEN, "FASTLY_API_URL": self.url,
            "KEYCDN_API_KEY": TOKEN, "KEYCDN_API_URL": self.url,
            "AWS_ENDPOINT_URL_CLOUDFRONT": self.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "PURGE_WEBHOOK_TOKEN": TOKEN,
        }  # fmt: skip

    @property
    def purged(self) -> list[str]:
        """Every pattern, in order."""
        return [pattern for call in self.calls for pattern in call.patterns]

    def forgets(self, pattern: str) -> None:
        for path in [path for path in self.held if _matches(pattern, path)]:
            del self.held[path]

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[Reply, str]:
        with self.lock:
            self.asked += 1
            trouble = self.down or (self.troubles.pop(0) if self.troubles else None)
            if trouble and not trouble.effect:
                return trouble, "json"
            reply, kind = self._service(method, path, headers, body)
            return trouble or reply, kind

    def _service(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[Reply, str]:
        if "/2020-05-31/distribution/" in path:
            return self._cloudfront(method, path, headers, body), "xml"
        if path.startswith("/client/v4/zones/"):
            return self._cloudflare(method, path, headers, body), "json"
        if path.startswith(("/purge?", "/pullzone/")):
            return self._bunny(method, path, headers), "json"
        if path.startswith(("/purge/", "/service/")):
            return self._fastly(method, path, headers), "json"
        if path.startswith("/zones/"):
            return self._keycdn(method, path, headers, body), "json"
        if path.startswith("/hook"):
            return self._webhook(method, path, headers, body), "json"
        return Reply(404, {"message": "no such thing"}), "json"

    def _done(self, service: str, method: str, path: str, patterns: list[str], document: Any = None) -> None:
        self.calls.append(Call(service, method, path, tuple(patterns), document))
        for pattern in patterns:
            self.forgets(pattern)

    # -- the services --------------------------------------------------------------------------------------------------

    def _cloudfront(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if not _signed(method, self.url + path, headers, body):
            return _aws(403, "SignatureDoesNotMatch")
        if method == "GET":
            self.pending = max(0, self.pending - 1)
            return Reply(
                200, f"<Invalidation><Status>{'InProgress' if self.pending else 'Completed'}</Status></Invalidation>"
            )
        root = ElementTree.fromstring(body)
        paths = [it.text or "" for it in root.iter(f"{_XMLNS}Path")]
        reference = root.findtext(f"{_XMLNS}CallerReference") or ""
        wild = [it for it in paths if it.endswith("*")]
        if root.findtext(f"{_XMLNS}Paths/{_XMLNS}Quantity") != str(len(paths)) or not paths:
            return _aws(400, "InconsistentQuantities")
        if any(not re.fullmatch(r"/[!#-;=?-\[\]_a-z]*", it) or "*" in it[:-1] for it in paths):
            return _aws(400, "InvalidArgument", "Your request contains one or more invalid invalidation paths.")
        if len(paths) > 3_000 or len(wild) > 15 or self.in_progress:
            self.in_progress = max(0, self.in_progress - 1)
            return _aws(400, "TooManyInvalidationsInProgress", "Processing your request will cause you to exceed")
        if self.references.setdefault(reference, tuple(paths)) != tuple(paths):
            return _aws(400, "InvalidationBatchAlreadyExists")
        self._done("cloudfront", method, path, paths, reference)
        return Reply(201, f"<Invalidation><Id>I{len(self.calls)}</Id><Status>InProgress</Status></Invalidation>")

    def _cloudflare(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(403, {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]})
        document = json.loads(body)
        ((kind, items),) = document.items()
        if not path.endswith("/purge_cache") or method != "POST":
            return Reply(404, {"success": False, "errors": []})
        if len(items) > 100:
            return Reply(400, {"success": False, "errors": [{"code": 1134, "message": "too many items"}]})
        if kind == "files":
            patterns = [_path_of(it) for it in items]
        elif kind == "prefixes":
            assert all(it.startswith(f"{HOST}/") and "?" not in it for it in items)
            patterns = [it.removeprefix(HOST) + "*" for it in items]
        else:
            assert (kind, items) == ("hosts", [HOST])
            patterns = ["/*"]
        self._done("cloudflare", method, path, patterns, document)
        return Reply(200, {"success": True, "errors": [], "result": {"id": "z"}})

    def _bunny(self, method: str, path: str, headers: dict[str, str]) -> Reply:
        if headers.get("accesskey") != TOKEN:
            return Reply(401, {"Message": "Authorization has been denied for this request."})
        if path.startswith("/pullzone/"):
            self._done("bunny", method, path, ["/*"])
            return Reply(204)
        query = parse_qs(urlsplit(path).query)
        pattern = _path_of(query["url"][0])
        if pattern.endswith("/") and query.get("exactPath") != ["true"]:
            pattern += "*"
        self._done("bunny", method, path, [pattern], urlsplit(query["url"][0]).netloc)
        return Reply(200)

    def _fastly(self, method: str, path: str, headers: dict[str, str]) -> Reply:
        if headers.get("fastly-key") != TOKEN:
            return Reply(401, {"msg": "Provided credentials are missing or invalid"})
        everything = path.endswith("/purge_all")
        self._done("fastly", method, path, ["/*" if everything else path.removeprefix(f"/purge/{HOST}")])
        return Reply(200, {"status": "ok", "id": "1-2-3"})

    def _keycdn(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if headers.get("authorization") != "Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode():
            return Reply(403, {"status": "error", "description": "Access denied."})
        if len(body) > 64 << 10:
            return Reply(413, {"status": "error", "description": "Request Entity Too Large"})
        if method == "GET" and path.startswith("/zones/purge/"):
            self._done("keycdn", method, path, ["/*"])
        elif method == "DELETE" and path.startswith("/zones/purgeurl/"):
            urls = json.loads(body)["urls"]
            assert all(it.startswith(f"{HOST}/") for it in urls)
            self._done("keycdn", method, path, [it.removeprefix(HOST) for it in urls])
        else:
            return Reply(400, {"status": "error", "description": "bad request"})
        return Reply(200, {"status": "success", "description": "Cache has been cleared."})

    def _webhook(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(401)
        document = json.loads(body)
        self._done("webhook", method, path, document["paths"], document)
        return Reply(200)


@contextmanager
def fake_edge() -> Iterator[FakeEdge]:
    """All services, with an empty cache."""
    edge = FakeEdge()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def log_message(self, *args: object) -> None:
            pass

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply, _ = edge.answer(self.command, self.path, headers, body)
            text = reply.document if isinstance(reply.document, str) else json.dumps(reply.document)
            sent = b"" if reply.document is None else text.encode()
            self.send_response(reply.status)
            if reply.after is not None:
                self.send_header("Retry-After", reply.after)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_DELETE = _serve

    with http_server(Handler) as url:
        edge.url = url
        yield edge


def _aws(status: int, code: str, message: str = "") -> Reply:
    return Reply(
        status, f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )


def _path_of(url: str) -> str:
    assert url.startswith("https://"), url
    return urlsplit(url).path


def _matches(pattern: str, path: str) -> bool:
    """CloudFront takes ``~`` encoded; all compare what is percent-encoded as it is."""
    plain = pattern.replace("%7E", "~")
    return path.startswith(plain[:-1]) if plain.endswith("*") else path == plain


def _signed(method: str, url: str, headers: dict[str, str], body: bytes) -> bool:
    found = re.search(r"SignedHeaders=([^,]+), Signature=(\w+)", headers.get("authorization", ""))
    if found is None:
        return False
    kept = {name: headers[name] for name in found[1].split(";")}
    request = AWSRequest(method, url, headers=kept, data=body)
    request.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "cloudfront", "us-east-1")
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return auth.signature(text, request) == found[2]


def decoded(path: str) -> str:
    """The key that ``path`` stands for."""
    return unquote(path)
