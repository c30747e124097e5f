"""The store for S3: each method is one request of our own (``server``), asked again as ``Persistence`` says."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from galleria_action.errors import StorageUnavailable
from galleria_action.net.network import Network
from galleria_action.net.waiting import done, run
from galleria_action.storage.connection import Connection, copy_source
from galleria_action.storage.faults import Call, Fault, Operation, failure
from galleria_action.storage.interface import (
    DOCUMENT,
    LARGEST_PUT,
    RECORDS,
    WHOLE,
    Body,
    Condition,
    ConditionUnsupported,
    Headers,
    IfAbsent,
    IfMatch,
    IfSeen,
    ObjectHead,
    ObjectInfo,
    Part,
    StoredObject,
    Target,
    bare_etag,
    md5_of,
    sha256_of,
)
from galleria_action.storage.persistence import ATTEMPTS, Persistence
from galleria_action.storage.providers import Provider
from galleria_action.storage.s3.credentials import ChainKeys, Keys, static_keys
from galleria_action.storage.s3.deletes import Deleting
from galleria_action.storage.s3.documents import BadDocument, name_of, parsed, text
from galleria_action.storage.s3.listing_page import listed
from galleria_action.storage.s3.server import LINE_FAILURES, BucketServer, Refused, Response, fault_of
from galleria_action.storage.settings import StoreSettings

if TYPE_CHECKING:
    from galleria_action.storage.s3.hash_probe import HashProbe


def open_bucket(settings: StoreSettings, provider: Provider, network: Network | None = None) -> BucketServer:
    """The bucket that ``settings`` describe, reached over ``network`` (``None``: as this machine's environment says).

    Sends nothing, except to find credentials where AWS's own chain is asked for. Raises ``CredentialsError`` when it
    offers nothing, and ``ConfigInvalid`` for what does not go together.
    """
    network = network or Network.of(os.environ)
    keys: Callable[[], Keys]
    if settings.access_key:
        region, keys = None, static_keys(settings)
    else:
        from galleria_action.storage.s3.client import make_session

        session = make_session(settings)
        keys = ChainKeys(session)
        region = session.get_config_variable("region")
    return BucketServer(Connection.of(settings, provider, network, region), keys)


class S3Store:
    """A ``WriteStore`` for the bucket behind ``server``. ``attempts`` bounds the requests for one call, the first
    included."""

    def __init__(
        self, settings: StoreSettings, provider: Provider, server: BucketServer, *, attempts: int = ATTEMPTS
    ) -> None:
        self.target = settings.target
        self._provider = provider
        self._server = server
        self._persist = Persistence(settings.concurrency, settings.pause, attempts=attempts)
        self._delete = Deleting(server, settings.target, self._persist, batches=provider.batch_delete != "no")
        self._with_object, self._with_record = (_sent_with(settings, record=record) for record in (False, True))
        self._hash_probe: HashProbe | None = None
        self._wants_md5 = False

    # --- reading -----------------------------------------------------------------------------------------------------

    @property
    def seconds_between_writes(self) -> float:
        """See ``Paced``."""
        return self._provider.seconds_between_writes

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        """See ``ReadStore.get``."""
        call = self._call("get", key)

        def ask() -> StoredObject | None:
            answer = self._asked_for(call, most=most)
            if answer is None:
                return None
            if len(answer.body) > most:
                raise failure(Fault("too long", message=f"more than {most:,} bytes"), call)
            return StoredObject(answer.body, _etag(answer, call), _headers(answer.headers))

        return self._persist(ask)

    def head(self, key: str) -> ObjectHead | None:
        """See ``ReadStore.head``."""
        call = self._call("head", key)
        return self._persist(lambda: self._head(call))

    def _head(self, call: Call) -> ObjectHead | None:
        try:
            answer: Response | None = self._ask(call, "HEAD")
        except Refused:
            # Answers to HEAD have no body and so no reason (a missing bucket looks like a missing object): ask again.
            answer = self._asked_for(call, peek=True)
        if answer is None:
            return None
        if answer.size is None:
            raise failure(Fault("malformed", message="an answer without a length"), call)
        return ObjectHead(answer.size, _etag(answer, call), _headers(answer.headers))

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        """See ``ReadStore.list``."""
        return listed(self._server, self._call("list", prefix), part, self._persist)

    # --- writing -----------------------------------------------------------------------------------------------------

    def put(self, key: str, body: Body, headers: Headers, condition: Condition | None = None) -> str:
        """See ``WriteStore.put``. ``PreconditionFailed`` may be the echo of our own write whose answer was lost and
        which was repeated: read back before calling it a conflict."""
        return run(self.put_later(key, body, headers, condition))

    async def put_later(self, key: str, body: Body, headers: Headers, condition: Condition | None = None) -> str:
        """The same for many at once: see ``Later``."""
        call, digest = Call("put", self.target, key, len(body)), sha256_of(body)
        return await self._persist.later(lambda: self._put(call, body, digest, headers, condition), len(body))

    async def _put(self, call: Call, body: Body, digest: str, headers: Headers, condition: Condition | None) -> str:
        if isinstance(condition, IfSeen):
            found = await done(lambda: self._head(Call("head", call.target, call.key)))
            condition.check(found)
            condition = None
        sent = {**_stored_with(headers), **self._wanted(call.key or "")}
        if condition:
            sent |= self._conditional(condition)
        if self._provider.upload_checksum == "SHA256":
            sent["x-amz-checksum-sha256"] = base64.b64encode(bytes.fromhex(digest)).decode()
        elif self._wants_md5:
            sent["content-md5"] = base64.b64encode(bytes.fromhex(md5_of(body))).decode()
        try:
            answer = await self._ask_later(call, "PUT", headers=sent, body=body, digest=digest)
        except Refused as refused:
            # asked of what was sent: several uploads are on their way when the first one learns it
            if "content-md5" not in sent and _asks_for_checksum(refused.fault):
                self._wants_md5 = True
                return await self._put(call, body, digest, headers, condition)
            raise failure(refused.fault, call, condition) from None
        return _etag(answer, call)

    def copy(self, source: str, key: str, headers: Headers | None = None, origin: Target | None = None) -> str:
        """See ``WriteStore.copy``."""
        if not self._provider.copy:
            if origin:
                raise StorageUnavailable(f"{self._provider.name} does not copy from {origin} to {self.target}.")
            return self._copy_through_here(source, key, headers)
        return self._persist(lambda: self._copy(Call("copy", origin or self.target, source), key, headers))

    def _copy(self, call: Call, key: str, headers: Headers | None) -> str:
        place = f"{copy_source(call.target.bucket)}/{call.target.prefix}{call.key or ''}"
        replaced = {"x-amz-metadata-directive": "REPLACE", **_stored_with(headers)} if headers else {}
        sent = {"x-amz-copy-source": quote(place, safe="-_.~/"), **replaced, **self._wanted(key)}
        try:
            answer = self._ask(call, "PUT", key, headers=sent)
            return bare_etag(self._copied(answer, call))
        except Refused as refused:
            raise failure(refused.fault, call) from None

    def _copied(self, answer: Response, call: Call) -> str:
        """The new ETag. A copy is answered with 200 before it is done, so that a refusal may come as a success
        (docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html)."""
        try:
            root = parsed(answer.body, "the answer to a copy")
        except BadDocument as error:
            raise failure(Fault("malformed", message=str(error)), call) from None
        if name_of(root) == "Error":
            raise Refused(Fault("answer", answer.status, text(root, "Code"), text(root, "Message")))
        etag = text(root, "ETag")
        if not etag:
            raise failure(Fault("malformed", message="an answer without an ETag"), call)
        return etag

    def _copy_through_here(self, source: str, key: str, headers: Headers | None) -> str:
        found = self.get(source, most=LARGEST_PUT)
        if found is None:
            raise failure(Fault("answer", status=404, code="NoSuchKey"), self._call("copy", source))
        return self.put(key, found.body, headers or found.headers or Headers("application/octet-stream"))

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        """See ``WriteStore.delete``."""
        return self._delete(keys)

    def open_ahead(self, count: int) -> None:
        """See ``Connecting``; no more than may be asked at once."""
        self._server.open_ahead(min(count, self._persist.throttle.window.size))

    # --- what the service does with hashes ----------------------------------------------------------------------------

    def prove_ahead(self, size: int = 0) -> None:
        """See ``Proving``; of conditions it is known what the service does with them, or ``ProvingStore`` finds out."""
        if self._provider.signed_hash == "yes" or not size:
            return
        from galleria_action.storage.s3.hash_probe import HashProbe  # only here: most runs send little

        self._hash_probe = self._hash_probe or HashProbe(
            self._server, self.target.prefix, self._with_record, self._delete
        )
        self._hash_probe.send(size)

    def checks_hash(self, key: str) -> bool:
        """See ``Proving``."""
        return self._provider.signed_hash == "yes" or (self._hash_probe is not None and self._hash_probe.refused)

    # --- shared ------------------------------------------------------------------------------------------------------

    def _call(self, operation: Operation, key: str) -> Call:
        return Call(operation, self.target, key)

    def _ask(self, call: Call, method: str, key: str | None = None, **request: Any) -> Response:
        """The answer to a request for ``key`` (by default the call's). Raises ``Refused``, and the storage's errors
        for a line that fails."""
        return run(self._ask_later(call, method, key, **request))

    async def _ask_later(self, call: Call, method: str, key: str | None = None, **request: Any) -> Response:
        try:
            return await self._server.ask_later(
                method, self.target.prefix + (call.key or "" if key is None else key), **request
            )
        except LINE_FAILURES as error:
            raise failure(fault_of(error), call) from error

    def _asked_for(self, call: Call, **request: Any) -> Response | None:
        """The answer to a GET, ``None`` where there is no object."""
        try:
            return self._ask(call, "GET", **request)
        except Refused as refused:
            if _is_absence(refused.fault):
                return None
            raise failure(refused.fault, call) from None

    def _wanted(self, key: str) -> dict[str, str]:
        return self._with_record if key.startswith(RECORDS) else self._with_object

    def _conditional(self, condition: IfMatch | IfAbsent) -> dict[str, str]:
        if self._provider.conditional_put == "no":
            raise ConditionUnsupported(f"{self._provider.name} has no conditional writes")
        if isinstance(condition, IfMatch):
            return {"if-match": self._provider.if_match(condition)}
        return {"if-none-match": "*"}


def _sent_with(settings: StoreSettings, *, record: bool) -> dict[str, str]:
    """What the options want each object stored with. Our own records are for nobody else, and never far away."""
    sent = {}
    if settings.encryption:
        way, _, key = settings.encryption.partition(":kms:")
        own_key = bool(key) and key != "dsse"
        sent["x-amz-server-side-encryption"] = f"{way}:kms" if own_key else settings.encryption
        if own_key:
            sent["x-amz-server-side-encryption-aws-kms-key-id"] = key
    if settings.acl and not record:
        sent["x-amz-acl"] = settings.acl
    if settings.storage_class and not record:
        sent["x-amz-storage-class"] = settings.storage_class
    return sent


def _asks_for_checksum(fault: Fault) -> bool:
    """Whether a bucket with Object Lock wants what it wants of every upload."""
    return fault.status == 400 and "content-md5" in fault.message.lower() and "required" in fault.message.lower()


def _is_absence(fault: Fault) -> bool:
    """An answer that is not understood is never an absence: not a web page, and not an empty 404 of who knows whom."""
    return fault.status == 404 and fault.code not in ("", "NoSuchBucket", "NoSuchAccessPoint")


def _etag(answer: Response, call: Call) -> str:
    etag = bare_etag(answer.headers.get("etag", ""))
    if not etag:
        raise failure(Fault("malformed", message="an answer without an ETag"), call)
    return etag


def _headers(headers: Mapping[str, str]) -> Headers:
    codings = [coding.strip() for coding in headers.get("content-encoding", "").split(",")]
    encoding = ", ".join(coding for coding in codings if coding and coding != "aws-chunked")
    return Headers(
        headers.get("content-type", "binary/octet-stream"), headers.get("cache-control") or None, encoding or None
    )


def _stored_with(headers: Headers) -> dict[str, str]:
    sent = {"content-type": headers.content_type}
    if headers.cache_control:
        sent["cache-control"] = headers.cache_control
    if headers.content_encoding:
        sent["content-encoding"] = headers.content_encoding
    return sent
