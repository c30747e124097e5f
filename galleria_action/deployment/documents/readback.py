"""Does the store keep what it was sent? An ETag that is the MD5 of the bytes says yes; any other one says nothing, and
the object is read back.

Some gateways keep the framing of aws-chunked inside the object, some answer before a broken disk has written. A
verification against the ETag of their own answer would call that right.
"""

from __future__ import annotations

import threading

from galleria_action.errors import StorageUnavailable
from galleria_action.storage.faults import LargerThanAsked
from galleria_action.storage.interface import Body, OwnSum, ReadStore, md5_of

_MD5_DIGITS = 32


def looks_like_md5(etag: str) -> bool:
    """Whether ``etag`` may be the MD5 of something."""
    return len(etag) == _MD5_DIGITS


def is_md5(etag: str, body: Body) -> bool:
    """Whether ``etag`` is the MD5 of ``body``, as it is for most services where no key of KMS is in play."""
    return looks_like_md5(etag) and etag == md5_of(body)  # hashing costs more than sending


def _sums_up(answer: str, body: Body) -> bool:
    """Whether the ``answer`` to an upload of ``body`` is its MD5."""
    return isinstance(answer, OwnSum) or is_md5(answer, body)


def kept(store: ReadStore, key: str, body: Body, etag: str) -> bool:
    """Whether ``store`` keeps ``body`` as it answered with ``etag``. An object that was replaced since is not judged.

    Raises the store's errors.
    """
    if _sums_up(etag, body):
        return True
    try:
        found = store.get(key, len(body))
    except LargerThanAsked:
        return False
    return found is None or found.etag != etag or found.body == bytes(body)


def not_kept(key: str) -> StorageUnavailable:
    """The error for a store that damages what it is sent, twice."""
    return StorageUnavailable(
        f"The storage does not keep what it is sent: reading {key!r} back gives other bytes.",
        hint="Run again; if it stays, set provider to the service's profile, and check what lies between this machine "
        "and the storage.",
    )


class ReadBack:
    """The same for many uploads, by many threads, without reading all of them back from a store whose ETags are never
    an MD5: it is believed once one object was read and found whole, until one of its ETags turns out to be an MD5."""

    def __init__(self, store: ReadStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self.gives_md5 = False
        self._proved_foreign = False

    def believes(self, etag: str) -> bool:
        """Whether ``etag`` is one of those that prove nothing, of a store that is known to keep what it is sent."""
        return self._proved_foreign and not self.gives_md5 and not looks_like_md5(etag)

    def kept(self, key: str, body: Body, etag: str) -> bool:
        """Whether the store keeps ``body``. Raises the store's errors."""
        if _sums_up(etag, body):
            self.gives_md5 = True
            return True
        with self._lock:  # one object is enough, so the others wait for it
            if self._proved_foreign and not self.gives_md5:
                return True
            whole = kept(self._store, key, body, etag)
            self._proved_foreign = self._proved_foreign or whole
            return whole
