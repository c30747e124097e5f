"""Staging from another gallery: its objects come by copies inside the service, else through this machine."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from galleria_action.deployment.apply.order import Moment
from galleria_action.deployment.apply.publishing import side_by_side
from galleria_action.deployment.apply.upload import BYTES_IN_FLIGHT
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.documents.readback import is_md5, looks_like_md5
from galleria_action.deployment.events import Began, Ended, Stored
from galleria_action.deployment.model import Copy, PlacedObject, Reason
from galleria_action.deployment.remote.reading import list_target
from galleria_action.deployment.state.manifest import ManifestEntry
from galleria_action.deployment.state.pool import POOL_HEADERS, pool_key
from galleria_action.errors import Cancelled, Conflict, GalleriaError
from galleria_action.quantities import count
from galleria_action.storage.interface import LARGEST_PUT, Headers, ObjectInfo, ReadStore
from galleria_action.values import dataclass, field, replace


class ByteBudget:
    """Lets files through while their sizes together stay within ``limit`` bytes; a larger one goes alone."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used = 0
        self._changed = threading.Condition()

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Wait for room for ``size`` bytes and hold it."""
        share = min(size, self.limit)
        with self._changed:
            self._changed.wait_for(lambda: self._used + share <= self.limit)
            self._used += share
            self._changed.notify()  # there may be room for one more; to wake all costs more than it brings
        try:
            yield
        finally:
            with self._changed:
                self._used -= share
                self._changed.notify()


@dataclass(frozen=True, slots=True)
class Bring:
    """Brings the plan's copies that lie in another gallery: new keys in place, before anything names them, what
    replaces a live object into the pool; all of it into the pool where the gallery is made ``aside``, in a slot.

    ``recorded`` is what the record is to say of each key, ``source`` the other gallery, with ``names`` of the objects
    in it by key. ``inside`` says that the service can copy from there with our credentials; what it refuses is streamed
    and compared with its hash, and so is what got another ETag, until that of one of them turns out to be ``foreign``,
    no MD5 (as with a key of KMS): then the source's own tells whether it is as it was.
    """

    recorded: Mapping[str, ManifestEntry]
    source: ReadStore
    names: Mapping[str, str]
    inside: bool
    aside: bool = False
    budget: ByteBudget = field(default_factory=lambda: ByteBudget(BYTES_IN_FLIGHT), compare=False)
    streamed: list[str] = field(default_factory=list, compare=False)
    foreign: list[str] = field(default_factory=list, compare=False)
    moment: Moment = Moment.STAGE

    def run(self, work: Work) -> None:
        """See ``Step.run``. Raises ``Conflict`` where the other gallery changed meanwhile."""
        placed = [copy for copy in work.plan.copies if isinstance(copy.source, PlacedObject)]
        coming = [copy for copy in placed if copy.reason is not Reason.HEADERS]
        if not coming:
            return
        work.stop.check()
        work.tell(Began("Brought", len(coming), sum(copy.size for copy in coming)))
        lock = threading.Lock()
        try:
            work.say(f"Bringing {count(len(coming), 'object')} from {coming[0].source.target}")  # type: ignore[union-attr]
            side_by_side(coming, lambda copy: self._one(work, copy, lock), work.uploader.concurrency)
        finally:
            work.tell(Ended())
        if len(self.streamed) < len(coming):
            self._check_unchanged(coming)

    def _one(self, work: Work, copy: Copy, lock: threading.Lock) -> None:
        work.stop.check()
        assert isinstance(copy.source, PlacedObject)
        known = copy.key in (work.remote.listing or {}) or copy.key in work.remote.manifest.objects
        pooled = self.aside or known
        key, headers = (pool_key(copy.source.sha256), POOL_HEADERS) if pooled else (copy.key, copy.headers)
        sent: int | None = None
        etag = self._there_already(work, copy.source, key)
        if etag is None:
            etag, sent = self._brought(work, copy, copy.source, key, headers)
        with lock:
            if not pooled:
                work.uploader.done.entries[copy.key] = replace(self.recorded[copy.key], etag=etag)
            if sent:
                work.uploader.done.bytes_sent += sent
            if sent is not None:
                work.uploader.done.sent += 1
        work.tell(Stored(copy.key, sent, copy.photo, copy.size))

    def _there_already(self, work: Work, source: PlacedObject, key: str) -> str | None:
        """The ETag of bytes that an earlier run has brought into the pool; in place only the headers could differ, and
        nothing lies there."""
        found: ObjectInfo | None = (work.remote.listing or {}).get(key)
        same = found and (found.size, found.etag) == (source.size, source.etag) and looks_like_md5(source.etag)
        return found.etag if found and same else None

    def _brought(self, work: Work, copy: Copy, source: PlacedObject, key: str, headers: Headers) -> tuple[str, int]:
        """The new ETag, and how many bytes went through this machine."""
        if self.inside:
            try:
                etag = work.store.copy(source.key, key, headers, source.target)
            except Cancelled:
                raise
            except GalleriaError:
                work.stop.check()
            else:
                comparable = looks_like_md5(etag) and looks_like_md5(source.etag) and not self.foreign
                if etag == source.etag or not comparable:
                    return etag, 0
        with self.budget.holding(source.size):
            found = self.source.get(self.names[copy.key], min(source.size, LARGEST_PUT))
            if found is None or hashlib.sha256(found.body).hexdigest() != source.sha256:
                raise _changed(source)
            self.streamed.append(copy.key)
            if not is_md5(source.etag, found.body):
                self.foreign.append(copy.key)
            return work.store.put(key, found.body, headers), source.size

    def _check_unchanged(self, coming: list[Copy]) -> None:
        """What a service has copied was what was recorded, if it was there before and is there still."""
        listing = list_target(self.source)
        for copy in coming:
            assert isinstance(copy.source, PlacedObject)
            found = listing.get(self.names[copy.key])
            if found is None or (found.size, found.etag) != (copy.source.size, copy.source.etag):
                raise _changed(copy.source)


def _changed(source: PlacedObject) -> Conflict:
    return Conflict(
        f"{source.key} at {source.target} is not what was recorded when the plan was made: somebody deploys there. "
        "Nothing was committed; the gallery that visitors see is as before.",
        hint="Run again when the other deploy has ended.",
    )
