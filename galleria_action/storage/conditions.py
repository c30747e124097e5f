"""Conditional writes are proved, not assumed: several services take the condition, ignore it and answer 200.

A commit that relies on such a service would overwrite another deploy and call it a success. So the first conditional
write of a run to a service that is not known is preceded by one that must be refused. A run that writes nothing asks
nothing.

The same holds for the hash that an upload is signed with, which several services never look at (``s3/hash_probe``).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import suppress
from typing import Protocol, runtime_checkable

from galleria_action.errors import GalleriaError, StorageUnavailable
from galleria_action.hands import Hands
from galleria_action.storage.interface import (
    DOCUMENT,
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
    PreconditionFailed,
    ReadStore,
    StoredObject,
    Target,
    WriteStore,
    open_ahead,
    put_later,
    seconds_between_writes,
)
from galleria_action.storage.persistence import Pause
from galleria_action.values import replace

#: Followed by something random: the probe of another deploy must not answer for ours.
PROBE = f"{RECORDS}probe-"
_HEADERS = Headers("text/plain", "no-store")
#: nothing that is stored has this ETag: it is no MD5 of anything known, and no service gives it
_NOBODY = "0" * 32


class ProvingStore:
    """``store``, whose conditional writes raise ``ConditionUnsupported`` where it is found to ignore conditions.

    ``pause(0)`` says whether to go on after a probe: a write that follows it must not come after a stop signal.
    """

    def __init__(self, store: WriteStore, pause: Pause) -> None:
        self._store = store
        self._pause = pause
        self._locks: dict[type[IfAbsent] | type[IfMatch], threading.Lock] = {
            IfAbsent: threading.Lock(),
            IfMatch: threading.Lock(),
        }
        self._proved: dict[type[Condition], bool] = {}
        self._bare = False

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
        threading.Thread(target=self._prove_quietly, name="probe").start()

    def checks_hash(self, key: str) -> bool:
        """See ``Proving``."""
        return checks_hash(self._store, key)

    def _prove_quietly(self) -> None:
        for kind in self._locks:  # the claim comes first, which creates
            with suppress(GalleriaError, ConditionUnsupported):  # whoever needs to know asks again
                self._require(kind)

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        """See ``ReadStore.get``."""
        return self._store.get(key, most)

    def head(self, key: str) -> ObjectHead | None:
        """See ``ReadStore.head``."""
        return self._store.head(key)

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        """See ``ReadStore.list``."""
        return self._store.list(prefix, part)

    def copy(self, source: str, key: str, headers: Headers | None = None, origin: Target | None = None) -> str:
        """See ``WriteStore.copy``."""
        return self._store.copy(source, key, headers, origin)

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        """See ``WriteStore.delete``."""
        return self._store.delete(keys)

    def put(self, key: str, body: Body, headers: Headers, condition: Condition | None = None) -> str:
        """See ``WriteStore.put``."""
        if condition is None or isinstance(condition, IfSeen):
            return self._store.put(key, body, headers, condition)
        self._require(type(condition))
        if isinstance(condition, IfAbsent):
            return self._store.put(key, body, headers, condition)
        try:
            return self._store.put(key, body, headers, replace(condition, bare=self._bare))
        except PreconditionFailed:
            if self._bare or not self._wants_bare_etags(key, condition):
                raise
        return self._store.put(key, body, headers, replace(condition, bare=True))

    def put_later(self, key: str, body: Body, headers: Headers) -> Awaitable[str]:
        """See ``Later``."""
        return put_later(self._store, key, body, headers)

    def _require(self, kind: type[IfAbsent] | type[IfMatch]) -> None:
        probe = PROBE + os.urandom(16).hex()
        left = False
        try:
            with self._locks[kind]:
                if kind not in self._proved:
                    left = kind is IfAbsent
                    self._proved[kind] = self._refuses_if_absent(probe) if left else self._refuses_if_match(probe)
                    if not self._pause(0):
                        raise StorageUnavailable("Stopped before a conditional write; nothing was written.")
        finally:
            if left:  # nobody waits for that: not who has proved it, nor who waited for the proof
                threading.Thread(target=self._clean_up, args=(probe,), name="probe").start()
        if not self._proved[kind]:
            raise ConditionUnsupported("the service accepts conditional writes and ignores their condition")

    def _refuses_if_match(self, probe: str, *, bare: bool = False) -> bool:
        """Whether a write is refused whose condition cannot hold. Where it is, nothing is stored."""
        try:
            self._store.put(probe, b"", _HEADERS, IfMatch(_NOBODY, bare=bare))
        except PreconditionFailed:
            return True
        self._clean_up(probe)
        return False

    def _refuses_if_absent(self, probe: str) -> bool:
        """Whether one of two writes is refused that may only create, and that do not wait for each other. The other is
        left. (Both may be refused, when an answer was lost and the write was repeated; that proves the same.) A service
        that compares, but does not look at what comes at the same moment, is asked once more."""

        def refuses() -> bool:
            try:
                self._store.put(probe, b"", _HEADERS, IfAbsent())
            except PreconditionFailed:
                return True
            return False

        with Hands(1, "probe") as other:
            also = other.begin(refuses)
            first = refuses()
        return also.result() or first or refuses()

    def _clean_up(self, key: str) -> None:
        # A key that cannot be deleted stays behind, empty and out of sight; that is no reason to end a deploy.
        with suppress(GalleriaError):
            self._store.delete([key])

    def _wants_bare_etags(self, key: str, condition: IfMatch) -> bool:
        """Whether the service refused a condition that holds, because it compares the quotes too (Ceph does), and
        still compares without them."""
        found = self._store.head(key)
        if found is None or found.etag != condition.etag:
            return False
        with self._locks[IfMatch]:
            self._bare = self._refuses_if_match(PROBE + os.urandom(16).hex(), bare=True)
        return self._bare


@runtime_checkable
class Proving(Protocol):
    """A store that has to find out what its service does with conditions and with hashes."""

    def prove_ahead(self, size: int = 0) -> None:
        """Begin to find out, so that the first conditional write need not wait for it; with ``size`` bytes of photos to
        be sent, also whether their hashes are checked. Writes something small; what goes wrong with it is told by
        whoever needs to know."""

    def checks_hash(self, key: str) -> bool:
        """Whether the service is known to refuse an upload to ``key`` whose bytes do not have the SHA-256 that it is
        signed with, so that its success proves what has arrived."""


def prove_ahead(store: WriteStore, size: int = 0) -> None:
    """Have ``store`` begin to find out what its first conditional write has to know, where it does not yet, and the
    proof of uploads of ``size`` bytes."""
    if isinstance(store, Proving):
        store.prove_ahead(size)


def checks_hash(store: ReadStore, key: str) -> bool:
    """See ``Proving``; what is not known is ``False``."""
    return isinstance(store, Proving) and store.checks_hash(key)
