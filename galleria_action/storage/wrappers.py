"""Stores around stores: one that cannot write, one that remembers what was asked of it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Awaitable, Iterable, Iterator
from itertools import islice

from galleria_action.storage.conditions import checks_hash, prove_ahead
from galleria_action.storage.interface import (
    DOCUMENT,
    WHOLE,
    Body,
    Condition,
    Headers,
    ObjectHead,
    ObjectInfo,
    Part,
    ReadStore,
    StoredObject,
    Target,
    WriteStore,
    open_ahead,
    put_later,
    seconds_between_writes,
)

#: Objects in one answer of ListObjectsV2.
PAGE = 1000


class ReadOnlyStore:
    """The reading half of ``store`` and nothing else: what a plan or a dry run is handed."""

    __slots__ = ("__store",)

    def __init__(self, store: ReadStore):
        self.__store = store

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        """See ``ReadStore.get``."""
        return self.__store.get(key, most)

    def head(self, key: str) -> ObjectHead | None:
        """See ``ReadStore.head``."""
        return self.__store.head(key)

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        """See ``ReadStore.list``."""
        return self.__store.list(prefix, part)


class RecordingStore:
    """``store`` with a record of the calls in the order in which they began, from any number of threads.

    A listing counts once for each page of 1,000 objects that was read, a delete once for each key.
    """

    def __init__(self, store: WriteStore):
        self._store = store
        self._lock = threading.Lock()
        self._calls: list[tuple[str, str]] = []

    @property
    def calls(self) -> tuple[tuple[str, str], ...]:
        """(operation, key) pairs; for a listing the prefix stands for the key."""
        with self._lock:
            return tuple(self._calls)

    def counts(self) -> dict[str, int]:
        """Number of calls by operation, for those that occurred."""
        return dict(Counter(operation for operation, _ in self.calls))

    @property
    def seconds_between_writes(self) -> float:
        """See ``Paced``."""
        return seconds_between_writes(self._store)

    def open_ahead(self, count: int) -> None:
        """See ``Connecting``."""
        open_ahead(self._store, count)

    def prove_ahead(self, size: int = 0) -> None:
        """See ``Proving``."""
        prove_ahead(self._store, size)

    def checks_hash(self, key: str) -> bool:
        """See ``Proving``."""
        return checks_hash(self._store, key)

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        """See ``ReadStore.get``."""
        self._record("get", key)
        return self._store.get(key, most)

    def head(self, key: str) -> ObjectHead | None:
        """See ``ReadStore.head``."""
        self._record("head", key)
        return self._store.head(key)

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        """See ``ReadStore.list``."""
        self._record("list", prefix)
        found = iter(self._store.list(prefix, part))
        yield from islice(found, PAGE)
        for info in found:  # the first of another page
            self._record("list", prefix)
            yield info
            yield from islice(found, PAGE - 1)

    def put(self, key: str, body: Body, headers: Headers, condition: Condition | None = None) -> str:
        """See ``WriteStore.put``."""
        self._record("put", key)
        return self._store.put(key, body, headers, condition)

    def put_later(self, key: str, body: Body, headers: Headers) -> Awaitable[str]:
        """See ``Later``."""
        self._record("put", key)
        return put_later(self._store, key, body, headers)

    def copy(self, source: str, key: str, headers: Headers | None = None, origin: Target | None = None) -> str:
        """See ``WriteStore.copy``."""
        self._record("copy", key)
        return self._store.copy(source, key, headers, origin) if origin else self._store.copy(source, key, headers)

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        """See ``WriteStore.delete``."""
        named = list(keys)
        self._record("delete", *named)
        return self._store.delete(named)

    def _record(self, operation: str, *keys: str) -> None:
        with self._lock:
            self._calls.extend((operation, key) for key in keys)
