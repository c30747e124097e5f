"""A strict S3 in this process, with faults on demand.

with FakeS3("aws") as s3:
    s3.script("ok 503 lost", operation="PutObject", key="photos/*")
    store = open_store(s3.settings())
    ...
    assert s3.objects["photos/a.jpg"].body == b"…"
    assert [request.operation for request in s3.requests] == [...]
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote

from galleria_action.storage.interface import Target
from galleria_action.storage.settings import StoreSettings
from tests.s3 import operations
from tests.s3.certificate import authority
from tests.s3.faults import OK, Rule, Script, Word
from tests.s3.objects import Bucket, Stored
from tests.s3.profiles import Profile, profile_of
from tests.s3.refusal import USUAL, Refused, error_document
from tests.s3.server import Connection, Reset, Server
from tests.s3.signature import access_key_of, check_signature
from tests.s3.wire import Request, Response, encode_head

BUCKET = "gallery"
ACCESS_KEY, SECRET_KEY = "fake-s3-access-key", "fake-s3-secret-key"


class FakeS3:
    """A running server with one bucket. ``profile`` is a name of ``PROFILES`` or a profile.

    ``region`` is what requests must be signed for where the profile checks it. ``clock_skew`` in seconds is how far
    the server's clock is ahead. ``secrets`` (access key → secret key) may be added to: ``Request.access_key`` then
    tells clients apart. ``before`` is called with each request before it takes effect, in the thread of its
    connection, and may block or raise ``Reset``; ``after`` when it took effect, before the answer is sent. ``gate``
    gives the word for a request that no script has one for. ``bytes_per_second`` slows the reading of requests.
    """

    def __init__(self, profile: str | Profile = "aws", *, tls: bool = False, region: str = "us-east-1") -> None:
        self.profile = profile_of(profile) if isinstance(profile, str) else profile
        self.region = region
        self.clock_skew = 0.0
        self.secrets = {ACCESS_KEY: SECRET_KEY}
        self.buckets = {BUCKET: Bucket(self.profile.stale_lists)}
        self.requests: list[Request] = []
        self.before: Callable[[Request], None] = lambda request: None
        self.after: Callable[[Request], None] = lambda request: None
        self.gate: Callable[[Request], str] = lambda request: "ok"
        self._tls = tls
        self._script = Script()
        self._lock = threading.RLock()
        self._server: Server | None = None

    def __enter__(self) -> FakeS3:
        self._server = Server(self._answer, tls=self._tls, continues=self.profile.continues)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._server
        self._server.stop()

    @property
    def bytes_per_second(self) -> float | None:
        """How fast requests are read; ``None``: as they come."""
        assert self._server
        return self._server.bytes_per_second

    @bytes_per_second.setter
    def bytes_per_second(self, value: float | None) -> None:
        assert self._server
        self._server.bytes_per_second = value

    # --- what tests use ----------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The endpoint."""
        assert self._server
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.port}"

    @property
    def certificate(self) -> Path:
        """What a client has to trust for TLS, as PEM."""
        return authority()

    @property
    def objects(self) -> Bucket:
        """The objects of the bucket by full key; to look at, to seed and to damage."""
        return self.buckets[BUCKET]

    def settings(self, prefix: str = "", *, provider: str = "auto", concurrency: int = 4) -> StoreSettings:
        """Settings for the bucket with the server's own keys."""
        return StoreSettings(
            target=Target(self.url, BUCKET, prefix),
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            provider=provider,
            concurrency=concurrency,
        )

    def script(
        self, words: str, operation: str | Iterable[str] = "*", key: str = "*", *, access_key: str = "*"
    ) -> Rule:
        """Let the next requests that match fail as ``words`` say (see ``tests/s3/faults.py``)."""
        return self._script.add(words, operation, key, access_key)

    def calm(self) -> None:
        """Forget all scripts and recorded requests."""
        self._script.clear()
        with self._lock:
            self.requests.clear()

    def seed(self, objects: Mapping[str, bytes]) -> None:
        """Put objects under full keys, past the network."""
        with self._lock:
            self.objects.update({key: Stored.of(body) for key, body in objects.items()})

    def asked(self, *names: str) -> list[Request]:
        """The requests of these operations so far (``"mutating"``: all that write)."""
        with self._lock:
            return [r for r in self.requests if r.operation in names or (r.mutating and "mutating" in names)]

    # --- how it answers ----------------------------------------------------------------------------------------------

    def _answer(self, request: Request, client: Connection) -> Response:
        request.bucket, _, key = request.path[1:].partition("/")
        request.key = unquote(key)
        request.operation = operations.name_of(request)
        request.access_key = access_key_of(request)
        with self._lock:
            self.requests.append(request)
            request.number = len(self.requests)
            word = self._script.word_for(request)
        if word is OK:
            word = self._script.once(self.gate(request))
        response = self._with_fault(request, word, client)
        request.status = response.status
        return response

    def _with_fault(self, request: Request, word: Word, client: Connection) -> Response:
        if word.kind == "stall" and not word.after and not client.wait(word.seconds):
            raise Reset
        effect = (
            word is OK
            or word.after
            or word.kind in ("cut", "trickle", "flip", "short")
            or (word.kind == "stall" and word.seconds is not None)
        )
        response = self._perform(request, word) if effect else Response()
        if word.kind == "drop":
            raise Reset
        if word.kind == "stall" and word.after and not client.wait(word.seconds):
            raise Reset
        if word.kind in ("cut", "trickle"):
            return _by_hand(request, response, word, client)
        if word.kind in ("empty", "html"):
            page = b"<html><body>Welcome to our hosting</body></html>" if word.kind == "html" else b""
            return Response(200, page, {"Content-Type": "text/html"} if page else {})
        if word.kind.isdigit():
            status = int(word.kind)
            code = USUAL.get(status, "InternalError") if word.code is None else word.code
            later = {} if word.seconds is None else {"Retry-After": f"{word.seconds:g}"}
            return error_document(status, code, "Scripted.", headers=later)
        return response

    def _perform(self, request: Request, word: Word) -> Response:
        """The request as it would be without a fault, but for bytes that are damaged on their way to the disk."""
        try:
            self.before(request)
            self._check(request)
            with self._lock:
                response = self._act(request)
                if word.kind in ("flip", "short") and response.status == 200:
                    response = self._damage(request, word)
        except Refused as refused:
            return refused.response
        self.after(request)
        return response

    def _check(self, request: Request) -> None:
        if self.profile.checks_signature:
            clock = datetime.now(UTC) + timedelta(seconds=self.clock_skew)
            region = self.region if self.profile.checks_region else None
            check_signature(request, self.secrets, region, lambda: clock)

    def _act(self, request: Request) -> Response:
        if request.operation == "CreateBucket":
            self.buckets.setdefault(request.bucket, Bucket(self.profile.stale_lists))
            return Response(200)
        bucket = self.buckets.get(request.bucket)
        if bucket is None:
            raise Refused(
                "NoSuchBucket", "The specified bucket does not exist", f"<BucketName>{request.bucket}</BucketName>"
            )
        act = operations.OPERATIONS.get(request.operation)
        if act is None:
            raise Refused("MethodNotAllowed", "The specified method is not allowed against this resource.")
        bucket.neighbours = self.buckets
        return act(bucket, request, self.profile)

    def _damage(self, request: Request, word: Word) -> Response:
        bucket, key = self.buckets[request.bucket], operations.store_key(request, self.profile)
        stored = bucket[key]
        body = flipped(stored.body) if word.kind == "flip" else stored.body[: len(stored.body) // 2]
        bucket[key] = Stored.of(body, stored.headers, md5_etag=self.profile.md5_etags)
        return Response(200, headers={"ETag": f'"{bucket[key].etag}"'})


def flipped(body: bytes) -> bytes:
    """``body`` with one bit in its middle flipped."""
    middle = len(body) // 2
    return body[:middle] + bytes((body[middle] ^ 1,)) + body[middle + 1 :]


def _by_hand(request: Request, response: Response, word: Word, client: Connection) -> Response:
    """Send a part of the answer, or all of it slowly, then end the connection."""
    head = encode_head(response)
    body = b"" if request.method == "HEAD" else response.body
    if word.kind == "cut":
        client.send(head + body[: len(body) // 2] if body else head[: len(head) // 2])
    else:
        client.send(head)
        for byte in body:
            if not client.wait(0.05 if word.seconds is None else word.seconds):
                break
            client.send(bytes((byte,)))
    client.ended = True
    return response
