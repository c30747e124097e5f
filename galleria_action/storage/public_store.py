"""A gallery as its visitors see it: plain reads over HTTP, without credentials and without a listing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from galleria_action.errors import StorageUnavailable
from galleria_action.net.encoding import Encoded, TooLong, decoded
from galleria_action.net.http import Answer, Astray, Http, NoAnswer
from galleria_action.net.network import Network
from galleria_action.storage.interface import (
    DOCUMENT,
    WHOLE,
    Headers,
    ObjectHead,
    ObjectInfo,
    Part,
    StoredObject,
    Target,
    bare_etag,
)

_TRIES = 3
_HINT = "Is public-url the address below which gallery-metadata.json can be read?"


def public_target(url: str) -> Target:
    """The target that ``url`` (``https://host/folder``) stands for."""
    parts = urlsplit(url)
    path = parts.path.strip("/")
    return Target(f"{parts.scheme}://", parts.netloc, f"{path}/" if path else "")


def public_address(url: str, key: str) -> str:
    """Where visitors find ``key``."""
    return f"{url.rstrip('/')}/{quote(key, safe='/', errors='surrogateescape')}"


class PublicStore:
    """The gallery at ``url`` over ``network``; ``seconds`` is the time for each request. A read store without
    ``list``."""

    def __init__(self, url: str, seconds: float = 30.0, network: Network | None = None) -> None:
        self._url = url
        self._seconds = seconds
        self._http = Http(network or Network.of(os.environ), loyal=False)

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        """See ``ReadStore.get``. A body that comes compressed is unpacked."""
        answer = self._ask("GET", key, most)
        if answer is None:
            return None
        try:
            body = decoded(answer.body, answer.headers.get("content-encoding", ""), most)
        except Encoded as error:
            raise StorageUnavailable(f"{self._shown(key)} cannot be read: {error}.", hint=_HINT) from error
        except TooLong as error:
            raise self._endless(key) from error
        return StoredObject(body, bare_etag(answer.headers.get("etag", "")))

    def head(self, key: str) -> ObjectHead | None:
        """See ``ReadStore.head``."""
        answer = self._ask("HEAD", key, 0)
        if answer is None:
            return None
        length = answer.headers.get("content-length", "")
        headers = Headers(answer.headers.get("content-type", ""), answer.headers.get("cache-control"))
        etag = bare_etag(answer.headers.get("etag", ""))
        return ObjectHead(int(length) if length.isdecimal() else 0, etag, headers)

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        """See ``ReadStore.list``. Always raises: a public address lists nothing."""
        raise StorageUnavailable(f"{self._url}/{prefix} cannot be listed: it is a public address.")

    def _ask(self, method: str, key: str, most: int) -> Answer | None:
        answer = self._answer(method, key, most)
        if answer.status == 200:
            return answer
        if answer.status in (404, 410):
            return None
        raise StorageUnavailable(f"{self._shown(key)} answers with {answer.status}.", hint=_HINT)

    def _answer(self, method: str, key: str, most: int) -> Answer:
        url, headers = public_address(self._url, key), {"Cache-Control": "no-cache"}
        end, failure = time.monotonic() + self._seconds, None
        for attempt in range(_TRIES if method == "GET" else 1):
            time.sleep(0.2 * attempt)
            try:
                return self._http.ask(method, url, headers=headers, seconds=end - time.monotonic(), most=most)
            except TooLong as error:
                raise self._endless(key) from error
            except Astray as error:
                raise StorageUnavailable(f"{self._shown(key)}: {error}.", hint=_HINT) from error
            except NoAnswer as error:
                failure = failure or error
        raise StorageUnavailable(f"{self._shown(key)}: {failure}.", hint=_HINT) from failure

    def _endless(self, key: str) -> StorageUnavailable:
        return StorageUnavailable(f"{self._shown(key)} does not end.", hint=_HINT)

    def _shown(self, key: str) -> str:
        return f"{key} at {self._url}"
