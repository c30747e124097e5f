"""A gallery as its visitors see it: plain reads over HTTP, without credentials and without a listing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from galleria_action.errors import StorageUnavailable
from galleria_action.storage.interface import WHOLE, Headers, ObjectHead, ObjectInfo, Part, StoredObject, Target

if TYPE_CHECKING:
    import urllib3

#: more than the largest metadata that is read from a disk, and nothing that fills the memory
_LARGEST = 256 * 1024 * 1024
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
    """The gallery at ``url``; ``seconds`` is the time for each request. A read store without ``list``."""

    def __init__(self, url: str, seconds: float = 30.0) -> None:
        self._url = url
        self._seconds = seconds

    def get(self, key: str) -> StoredObject | None:
        """See ``ReadStore.get``."""
        response, end = self._ask("GET", key), time.monotonic() + self._seconds
        if response is None:
            return None
        import urllib3

        body = bytearray()
        try:
            while piece := response.read1(1 << 16):
                body += piece
                if len(body) > _LARGEST or time.monotonic() > end:
                    raise StorageUnavailable(f"{self._shown(key)} does not end.", hint=_HINT)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise StorageUnavailable(f"{self._shown(key)} broke off: {type(error).__name__}.", hint=_HINT) from error
        finally:
            response.close()
        return StoredObject(bytes(body), response.headers.get("ETag", "").strip('"'))

    def head(self, key: str) -> ObjectHead | None:
        """See ``ReadStore.head``."""
        response = self._ask("HEAD", key)
        if response is None:
            return None
        response.close()
        length = response.headers.get("Content-Length", "")
        headers = Headers(response.headers.get("Content-Type", ""), response.headers.get("Cache-Control"))
        etag = response.headers.get("ETag", "").strip('"')
        return ObjectHead(int(length) if length.isdecimal() else 0, etag, headers)

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        """See ``ReadStore.list``. Always raises: a public address lists nothing."""
        raise StorageUnavailable(f"{self._url}/{prefix} cannot be listed: it is a public address.")

    def _ask(self, method: str, key: str) -> urllib3.BaseHTTPResponse | None:
        import urllib3

        again = 2 if method == "GET" else 0
        try:
            response = urllib3.PoolManager().request(
                method,
                public_address(self._url, key),
                headers={"Cache-Control": "no-cache"},
                timeout=urllib3.Timeout(connect=min(5.0, self._seconds), read=self._seconds),
                retries=urllib3.Retry(None, connect=again, read=again, redirect=3, status=0, backoff_factor=0.2),
                preload_content=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise StorageUnavailable(f"{self._shown(key)}: {type(error).__name__}.", hint=_HINT) from error
        if response.status == 200:
            return response
        response.close()
        if response.status in (404, 410):
            return None
        raise StorageUnavailable(f"{self._shown(key)} answers with {response.status}.", hint=_HINT)

    def _shown(self, key: str) -> str:
        return f"{key} at {self._url}"
