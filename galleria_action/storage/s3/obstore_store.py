"""The fast store: single objects go through obstore (Rust), listings and a few deletes through requests of our own
(``signed_server``), everything else through ``Boto3Store``.

What obstore cannot do exactly stays out of it. Its listing takes a website's page for an empty bucket, drops
truncation without a token, turns ``dir/`` into ``dir`` and fails on ``a//b``; its copy sends no headers; its delete
is always a batch with a checksum, and stops at the first refused key. (obstore 0.12, tested in
``tests/storage/test_obstore.py``.)
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from galleria_action.storage.faults import (
    Call,
    Fault,
    Operation,
    Passing,
    failure,
    of_obstore,
)
from galleria_action.storage.interface import (
    WHOLE,
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
)
from galleria_action.storage.persistence import ATTEMPTS, Persistence
from galleria_action.storage.providers import Provider
from galleria_action.storage.s3.obstore_credentials import ChainCredentials, StaticCredentials
from galleria_action.storage.settings import StoreSettings

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

    from galleria_action.storage.s3.boto3_store import Boto3Store
    from galleria_action.storage.s3.signed_server import SignedServer

T = TypeVar("T")

_FAILURES = (BaseError, OSError, ValueError, NotImplementedError)

#: obstore's total timeout is 30 s unless set.
_READ = {"read_timeout": "60s", "timeout": "30m"}
#: Its read timeout runs while a body is being sent, so a stalled upload is told from a slow one by its speed: 32 of
#: them that share a line of 8 Mbit/s have 32 KB/s each. On a slower one the first try may be given up; botocore, which
#: is asked from the second try on and for what is larger, goes on as long as anything moves.
_WRITE_SECONDS = 45
_SLOWEST_BYTES_PER_SECOND = 32 << 10
_LONGEST_SECONDS = 15 * 60
#: In two steps of size only: connections of one do not serve the other, and a new one to a far server costs the commit
#: of a small change as much as all the rest of it.
_WRITE_STEPS = (4 << 20, 64 << 20)
LARGE = _WRITE_STEPS[-1]

#: Up to so many keys are deleted by a request each; more go in batches.
_FEW = 16

#: Keys that obstore's paths cannot hold or would change: empty, "." and ".." segments, control characters.
_INEXACT = re.compile(r"(?:^|/)(?:\.{0,2})(?:/|$)|[\x00-\x1f\x7f-\x9f]")


class ObstoreStore:
    """A ``WriteStore`` for S3. ``attempts`` bounds the requests for one call, the first included.

    Raises ``CredentialsError`` when AWS's own chain is asked for and offers nothing.
    """

    def __init__(self, settings: StoreSettings, provider: Provider, *, attempts: int = ATTEMPTS):
        self.target = settings.target
        self._settings = settings
        self._provider = provider
        self._persist = Persistence(settings.concurrency, settings.pause, attempts=attempts)
        self._credentials = StaticCredentials(settings) if settings.access_key else ChainCredentials(settings)
        self._reader = _once(lambda: self._client(_READ))
        self._writers = {size: _once(partial(self._client, _time_to_write(size))) for size in _WRITE_STEPS}
        self._server = _once(self._signed_server)
        self._botocore = _once(self._open_botocore)
        self._complete = _once(lambda: self._open_complete(self._persist))
        self._complete_once = _once(lambda: self._open_complete(None))

    # --- reading -----------------------------------------------------------------------------------------------------

    def get(self, key: str) -> StoredObject | None:
        """See ``ReadStore.get``."""
        if self._inexact(key):
            return self._complete().get(key)
        return self._tried(lambda: self._get(key), lambda: self._complete_once().get(key))

    def _get(self, key: str) -> StoredObject | None:
        try:
            answer = obstore.get(self._reader(), self._path(key))
            body = bytes(answer.bytes())
        except _FAILURES as error:
            self._raise_unless_absent(error, self._call("get", key))
            return None
        if len(body) != answer.meta["size"]:
            raise failure(Fault("cut"), self._call("get", key))
        return StoredObject(body, self._etag(answer.meta, self._call("get", key)), _headers(answer.attributes))

    def head(self, key: str) -> ObjectHead | None:
        """See ``ReadStore.head``."""
        if self._inexact(key):
            return self._complete().head(key)
        return self._tried(lambda: self._head(key), lambda: self._complete_once().head(key))

    def _head(self, key: str) -> ObjectHead | None:
        try:
            answer = obstore.get(self._reader(), self._path(key), options={"head": True})
        except _FAILURES:
            # Answers to HEAD have no body and so no reason (a missing bucket looks like a missing object): ask again.
            try:
                answer = obstore.get(self._reader(), self._path(key))
            except _FAILURES as error:
                self._raise_unless_absent(error, self._call("head", key))
                return None
        etag = self._etag(answer.meta, self._call("head", key))
        return ObjectHead(answer.meta["size"], etag, _headers(answer.attributes))

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        """See ``ReadStore.list``."""
        if not self._signs():
            return self._complete().list(prefix, part)
        from galleria_action.storage.s3.signed_listing import listed

        return listed(self._server(), self._call("list", prefix), part, self._persist)

    # --- writing -----------------------------------------------------------------------------------------------------

    def put(self, key: str, body: bytes, headers: Headers, condition: Condition | None = None) -> str:
        """See ``WriteStore.put``. ``PreconditionFailed`` may be the echo of our own write whose answer was lost and
        which was repeated: read back before calling it a conflict."""
        if self._inexact(key) or len(body) > LARGE:
            return self._complete().put(key, body, headers, condition)
        return self._tried(
            lambda: self._put(key, body, headers, condition),
            lambda: self._complete_once().put(key, body, headers, condition),
            len(body),
        )

    def _put(self, key: str, body: bytes, headers: Headers, condition: Condition | None) -> str:
        if isinstance(condition, IfSeen):
            condition.check(self._head(key))
            condition = None
        call = self._call("put", key)
        attributes = {"Content-Type": headers.content_type}
        if headers.cache_control:
            attributes["Cache-Control"] = headers.cache_control
        try:
            answer = obstore.put(
                self._writer(len(body)),
                self._path(key),
                body,
                attributes=attributes,
                mode=self._mode(condition),
                # One PUT leaves no parts behind when it is killed, and its ETag is its MD5.
                use_multipart=False,
            )
        except _FAILURES as error:
            raise self._failure(error, call, condition) from error
        return self._etag(answer, call)

    def copy(self, source: str, key: str, headers: Headers | None = None) -> str:
        """See ``WriteStore.copy``."""
        return self._complete().copy(source, key, headers)

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        """See ``WriteStore.delete``. A few keys go one by one, many in batches."""
        wanted = list(dict.fromkeys(keys))
        if len(wanted) > _FEW or not self._signs():
            return self._complete().delete(wanted)
        from galleria_action.storage.s3.signed_delete import delete_each

        return delete_each(self._server(), [self._call("delete", key) for key in wanted], self._persist)

    # --- the parts ---------------------------------------------------------------------------------------------------

    def _signs(self) -> bool:
        """Whether listings and deletes are ours: not through a proxy, nor with AWS's own chain, which is botocore's."""
        return bool(self._settings.access_key) and not _behind_a_proxy()

    def _signed_server(self) -> SignedServer:
        from galleria_action.storage.s3.signature import Signer
        from galleria_action.storage.s3.signed_server import SignedServer

        given, region = self._settings, _region(self._settings, self._provider)
        signer = Signer(given.access_key or "", given.secret_key or "", given.session_token, region)
        return SignedServer(bucket_url(given, self._provider), signer)

    def _open_complete(self, persist: Persistence | None) -> Boto3Store:
        """The store for what obstore cannot do; opened late, because botocore takes a quarter second."""
        from galleria_action.storage.s3.boto3_store import Boto3Store

        return Boto3Store(self._botocore(), self.target, provider=self._provider, persist=persist)

    def _open_botocore(self) -> Any:
        from galleria_action.storage.s3.client import make_client

        session = getattr(self._credentials, "session", None)
        # botocore reads AWS_CA_BUNDLE, which another thread may just be hiding.
        with _ENVIRONMENT:
            return make_client(self._settings, self._provider, session=session, attempts=1)

    def _tried(self, quickly: Callable[[], T], completely: Callable[[], T], size: int = 0) -> T:
        """What ``quickly`` gives, repeated as is right. A service that is overloaded or late is asked again
        ``completely``: obstore hides the headers of a refusal, and with them Retry-After, and it cannot tell a body
        that is stuck from one that is slow."""
        ask = quickly

        def one_try() -> T:
            nonlocal ask
            try:
                return ask()
            except Passing as fault:
                ask = completely if fault.overload or fault.late else ask
                raise

        return self._persist(one_try, size)

    def _writer(self, size: int) -> S3Store:
        return self._writers[next(step for step in _WRITE_STEPS if size <= step)]()

    def _client(self, timeouts: dict[str, str]) -> S3Store:
        endpoint = endpoint_url(self._settings, self._provider)
        options: ClientConfig = {"allow_http": endpoint.startswith("http://"), "connect_timeout": "10s", **timeouts}  # type: ignore[typeddict-item]
        retry: RetryConfig = {"max_retries": 0}
        checksum = {"checksum_algorithm": self._provider.upload_checksum} if self._provider.upload_checksum else {}
        with _without_aws_environment():
            return S3Store(
                self.target.bucket,
                endpoint=endpoint,
                region=_region(self._settings, self._provider),
                virtual_hosted_style_request=_virtual_host(self._settings, self._provider),
                credential_provider=self._credentials,
                client_options=options,
                retry_config=retry,
                **checksum,  # type: ignore[arg-type]
            )

    def _mode(self, condition: IfMatch | IfAbsent | None) -> Any:
        if condition is None:
            return "overwrite"
        if self._provider.conditional_put == "no":
            raise ConditionUnsupported(f"{self._provider.name} has no conditional writes")
        return {"e_tag": self._provider.if_match(condition)} if isinstance(condition, IfMatch) else "create"

    def _path(self, key: str) -> str:
        return self.target.prefix + key

    def _inexact(self, key: str) -> bool:
        return _INEXACT.search(self._path(key)) is not None

    def _call(self, operation: Operation, key: str) -> Call:
        return Call(operation, self.target, key)

    def _raise_unless_absent(self, error: Exception, call: Call) -> None:
        """Return if ``error`` says that the object is not there."""
        fault = of_obstore(error)
        if fault.status == 404 and fault.code != "NoSuchBucket":
            return
        raise self._failure(error, call) from error

    def _failure(self, error: Exception, call: Call, condition: Condition | None = None) -> Exception:
        # A failed refresh reaches us as a string inside of obstore's error; the original says more.
        return self._credentials.trouble or failure(of_obstore(error), call, condition)

    def _etag(self, meta: Any, call: Call) -> str:
        if not meta["e_tag"]:
            raise failure(Fault("malformed", message="an answer without an ETag"), call)
        return str(meta["e_tag"]).removeprefix("W/").strip('"')


def _time_to_write(size: int) -> dict[str, str]:
    """The time that the slowest bearable line takes for ``size`` bytes."""
    return {"timeout": f"{min(_WRITE_SECONDS + size // _SLOWEST_BYTES_PER_SECOND, _LONGEST_SECONDS)}s"}


def endpoint_url(settings: StoreSettings, provider: Provider) -> str:
    """Where requests go: the endpoint, AWS's for the region if there is none, with the bucket's name in the host
    where the provider wants it there."""
    endpoint = settings.target.endpoint
    if endpoint is None:
        region = _region(settings, provider)
        endpoint = f"https://s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
    if not _virtual_host(settings, provider):
        return endpoint
    scheme, host = endpoint.split("://")
    return f"{scheme}://{settings.target.bucket}.{host}"


def bucket_url(settings: StoreSettings, provider: Provider) -> str:
    """The address of the bucket itself."""
    endpoint = endpoint_url(settings, provider)
    return endpoint if _virtual_host(settings, provider) else f"{endpoint}/{settings.target.bucket}"


def _behind_a_proxy() -> bool:
    proxies = ("http_proxy", "https_proxy", "all_proxy")
    return any(value for name, value in os.environ.items() if name.lower() in proxies)


def _region(settings: StoreSettings, provider: Provider) -> str:
    return settings.region or provider.region_of(settings.target.endpoint)


def _virtual_host(settings: StoreSettings, provider: Provider) -> bool:
    # A certificate for *.s3.amazonaws.com does not cover a bucket with dots.
    return not provider.path_style and "." not in settings.target.bucket


def _headers(attributes: Any) -> Headers:
    return Headers(attributes.get("Content-Type", "binary/octet-stream"), attributes.get("Cache-Control") or None)


def _once(make: Callable[[], T]) -> Callable[[], T]:
    """``make`` called when first asked for, and only once whatever the number of threads."""
    lock, made = threading.Lock(), list[T]()

    def get() -> T:
        with lock:
            if not made:
                made.append(make())
            return made[0]

    return get


_ENVIRONMENT = threading.Lock()


@contextmanager
def _without_aws_environment() -> Iterator[None]:
    """Hide ``AWS_*`` variables while a client is made.

    obstore reads some thirty of them and lets several win over what it is given: AWS_ENDPOINT_URL_S3 sends photos
    elsewhere, AWS_SKIP_SIGNATURE drops the signature, others add encryption headers or change the address style.
    Proxy variables are read later, and remain.
    """
    with _ENVIRONMENT:
        hidden = {name: value for name, value in os.environ.items() if name.upper().startswith("AWS_")}
        for name in hidden:
            del os.environ[name]
        try:
            yield
        finally:
            os.environ.update(hidden)
