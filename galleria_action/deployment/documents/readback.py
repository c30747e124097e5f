"""Does the store keep what it was sent? An ETag that is the MD5 of the bytes says yes; any other one says nothing, and
the object is read back.

Some gateways keep the framing of aws-chunked inside the object, some answer before a broken disk has written. A
verification against the ETag of their own answer would call that right.
"""

from __future__ import annotations

import threading

from galleria_action.errors import StorageUnavailable
from galleria_action.storage.conditions import checks_hash
from galleria_action.storage.faults import LargerThanAsked
from galleria_action.storage.interface import Body, OwnSum, ReadStore, md5_of

_MD5_DIGITS = 32
#: what has no more bytes than that is compared with its ETag whatever else proves it, which costs a tenth of a
#: millisecond, and tells of a service that checks what arrives and stores something else
ALWAYS_COMPARED_BYTES = 64 << 10


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
    """The same for many uploads, by many threads, with as little hashing and reading as will do.

    A store whose ETags are never an MD5 is believed once one object was read and found whole, until one of its ETags
    turns out to be an MD5. A store that is known to check the hash that an upload is signed with is believed once one
    object was found whole in either way, until one turns out to be damaged: ``by_hash`` is the number of uploads that
    were believed so, and ``in_doubt`` tells that they are not any more.
    """

    def __init__(self, store: ReadStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self.gives_md5 = False
        self._proved_foreign = False
        self._damages = False
        self.by_hash = 0

    @property
    def in_doubt(self) -> bool:
        """Whether uploads were believed of a store that damages what it is sent."""
        return self._damages and self.by_hash > 0

    def believes(self, key: str, body: Body, etag: str) -> bool:
        """Whether nobody has to look at ``etag``, the answer to an upload: the store is known to keep what it is sent,
        and either the hash proves what arrived, or no ETag of it proves anything."""
        if not looks_like_md5(etag):
            return self._proved_foreign and not self.gives_md5
        if len(body) <= ALWAYS_COMPARED_BYTES or not checks_hash(self._store, key):
            return False
        with self._lock:
            believed = (self.gives_md5 or self._proved_foreign) and not self._damages
            self.by_hash += believed
            return believed

    def sums_up(self, body: Body, etag: str) -> bool:
        """Whether ``etag``, the answer to an upload, proves that ``body`` is kept."""
        summed_up = _sums_up(etag, body)
        self.gives_md5 = self.gives_md5 or summed_up
        return summed_up

    def kept(self, key: str, body: Body, etag: str) -> bool:
        """Whether the store keeps ``body``. Raises the store's errors."""
        if self.sums_up(body, etag):
            return True
        with self._lock:  # one object is enough, so the others wait for it
            if self._proved_foreign and not self.gives_md5:
                return True
            whole = kept(self._store, key, body, etag)
            self._proved_foreign = self._proved_foreign or whole
            self._damages = self._damages or not whole
            return whole
