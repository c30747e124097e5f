"""A bucket in memory: the fastest honest store, shared by any number of runs."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterable, Iterator

from galleria_action.errors import StorageUnavailable
from galleria_action.storage.interface import (
    DOCUMENT,
    WHOLE,
    Condition,
    ConditionUnsupported,
    Headers,
    IfAbsent,
    IfMatch,
    ObjectHead,
    ObjectInfo,
    Part,
    PreconditionFailed,
    StoredObject,
    Target,
)


class MemoryStore:
    """A ``WriteStore``. ``compares`` tells whether it can write conditionally; with ``foreign_etags`` no ETag is an
    MD5, as with KMS encryption. ``latency`` in seconds is what an upload takes."""

    def __init__(self, *, compares: bool = True, foreign_etags: bool = False, latency: float = 0) -> None:
        self.objects: dict[str, StoredObject] = {}
        #: other places at the same service
        self.neighbours: dict[Target, MemoryStore] = {}
        self._compares = compares
        self._foreign = foreign_etags
        self._written = 0
        self._latency = latency
        self._lock = threading.RLock()

    @property
    def kind(self) -> tuple[bool, bool]:
        """Whether it writes conditionally, and whether its ETags are foreign."""
        return self._compares, self._foreign

    def as_it_is(self) -> MemoryStore:
        """A bucket of its own, without neighbours, that holds what this one holds now."""
        other = MemoryStore(compares=self._compares, foreign_etags=self._foreign, latency=self._latency)
        with self._lock:
            other.objects, other._written = dict(self.objects), self._written
        return other

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        with self._lock:
            return self.objects.get(key)

    def head(self, key: str) -> ObjectHead | None:
        found = self.get(key)
        return ObjectHead(len(found.body), found.etag, found.headers) if found else None

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        with self._lock:
            found = sorted(self.objects.items())
        for key, it in found:
            if key.startswith(prefix) and part.after < key and (part.until is None or key <= part.until):
                yield ObjectInfo(key, len(it.body), it.etag)

    def put(self, key: str, body: bytes, headers: Headers, condition: Condition | None = None) -> str:
        if self._latency:
            time.sleep(self._latency)
        with self._lock:
            if isinstance(condition, IfAbsent | IfMatch) and not self._compares:
                raise ConditionUnsupported("not here")
            there = self.objects.get(key)
            if condition and (there.etag if there else None) != (
                None if isinstance(condition, IfAbsent) else condition.etag
            ):
                raise PreconditionFailed("not as expected")
            self._written += 1
            etag = f"etag-{self._written}" if self._foreign else hashlib.md5(bytes(body)).hexdigest()
            self.objects[key] = StoredObject(bytes(body), etag, headers)
            return etag

    def copy(self, source: str, key: str, headers: Headers | None = None, origin: Target | None = None) -> str:
        found = (self.neighbours[origin] if origin else self).get(source)
        if found is None:
            raise StorageUnavailable(f"Copying {source!r}: it is not there")
        return self.put(key, found.body, headers or found.headers or Headers("application/octet-stream"))

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        with self._lock:
            for key in keys:
                self.objects.pop(key, None)
        return {}
