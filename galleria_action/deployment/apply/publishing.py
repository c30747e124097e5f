"""Publishing: live keys get their new bytes by copies inside the service, and get the old ones back if it must be.

Between the first copy and the commit a visitor may see a photo that is newer than its metadata. So everything that
takes long is done before; and the record of the publish tells whoever comes next how to end it, should we not.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from galleria_action.deployment.documents.writing import Confirmed, Unsettled, check_base, commit
from galleria_action.deployment.model import Base
from galleria_action.deployment.state.manifest import MANIFEST_KEY, Manifest
from galleria_action.deployment.state.publication import PUBLICATION_KEY, Publication, Replaced
from galleria_action.deployment.state.written import headers_of, written
from galleria_action.deployment.stop import Stop
from galleria_action.errors import Cancelled, Conflict, GalleriaError, StorageUnavailable
from galleria_action.hands import Hands
from galleria_action.storage.interface import RECORD_HEADERS, Headers, ReadStore, WriteStore, seconds_between_writes
from galleria_action.values import dataclass, field, replace

T = TypeVar("T")

#: how often a publish that is at work says so, and for how long one may say nothing before it is taken for dead
BEAT_SECONDS = 5.0
LEASE_SECONDS = 15.0
#: On a service that takes few writes of one object both are longer, and somewhat more: what begins a publish and ends
#: it is written besides.
_SPARE = 1.25
#: how often others look, and how long they wait for one that is at work
LOOK_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 600.0
#: so many others are let go first
_CLAIMS = 10


def beat_seconds(store: ReadStore) -> float:
    """How often a publish to ``store`` says that it is at work."""
    return max(BEAT_SECONDS, _SPARE * seconds_between_writes(store))


def lease_seconds(store: ReadStore) -> float:
    """For how long a publish to ``store`` may say nothing before it is taken for dead."""
    return max(LEASE_SECONDS, 3 * _SPARE * seconds_between_writes(store))


@dataclass
class Hold:
    """Our claim to publish: the record as we wrote it last. Any thread may keep it alive. ``touched`` says whether live
    objects may hold something else by now than they did."""

    store: WriteStore
    publication: Publication
    base: Base
    touched: bool = False
    lost: bool = False
    _spoke: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def claim(cls, store: WriteStore, publication: Publication, base: Base | None = None) -> Hold:
        """Write the record over ``base`` (``None``: there is none). Raises ``Conflict`` when another publishes."""
        publication = replace(publication, claim=os.urandom(8).hex())
        body, began = publication.to_bytes(), time.monotonic()
        try:
            done = _written(store, body, base)
        except Conflict as taken:
            raise _another_publishes() from taken
        return cls(store, publication, Base.of(body, done.etag), publication.begun, _spoke=began)

    @classmethod
    def claim_after(cls, store: WriteStore, publication: Publication, stop: Stop, say: Callable[[str], None]) -> Hold:
        """The same after another which does so at this moment; whether the plan still holds is seen later.

        Raises ``Conflict`` where another does not come to its end, and ``Cancelled``.
        """
        refused = 0
        while True:
            stop.check()
            try:
                return cls.claim(store, publication)
            except Conflict:
                stop.check()
                head, refused = store.head(PUBLICATION_KEY), refused + 1
                died = head is not None and has_died(store, head.etag, stop, say)
                if died or refused == _CLAIMS:
                    raise

    def begin(self, publication: Publication) -> None:
        """Say what is published, and that from now on live objects may be touched: whoever comes after us looks at
        each. Raises ``Conflict`` when the claim was taken over."""
        with self._lock:
            self._write(replace(publication, begun=True))

    def touch(self) -> None:
        """From now on live objects are touched. Raises ``Conflict`` when the claim was taken over."""
        assert self.publication.begun
        self.sure()
        self.touched = True

    @contextmanager
    def beating(self, stopped: Callable[[], bool]) -> Iterator[None]:
        """Meanwhile say again and again that we are at work, until ``stopped``. That the claim was taken over is told
        by ``still`` and ``sure``."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(beat_seconds(self.store)) and not stopped():
                with suppress(GalleriaError), self._lock:
                    self._write(self.publication)

        heart = threading.Thread(target=beat, name="beat", daemon=True)
        heart.start()
        try:
            yield
        finally:
            over.set()
            heart.join()

    def still(self) -> None:
        """Raise ``Conflict`` when the claim is known to be taken over; asks nothing."""
        if self.lost:
            raise _another_publishes()

    def sure(self) -> None:
        """Raise ``Conflict`` when the claim was taken over. Asked of the storage where that may be: as long as our last
        word is young, others wait."""
        self.still()
        if time.monotonic() - self._spoke > lease_seconds(self.store) / 3:
            self.check()

    def check(self) -> None:
        """Raise ``Conflict`` when the claim was taken over."""
        try:
            check_base(self.store, PUBLICATION_KEY, self.base)
        except Conflict as taken:
            self.lost = True
            raise _another_publishes() from taken

    def release(self) -> dict[str, str]:
        """Nobody is publishing any more. Returns the record's key with an error where it could not be removed, which
        the next run does. Raises the storage's errors."""
        return self.store.delete([PUBLICATION_KEY])

    def _write(self, publication: Publication) -> None:
        beaten = replace(publication, beat=self.publication.beat + 1, claim=self.publication.claim)
        body, began = beaten.to_bytes(), time.monotonic()
        try:
            done = _written(self.store, body, self.base)
        except Conflict as taken:
            self.lost = True
            raise _another_publishes() from taken
        self.publication, self.base, self._spoke = beaten, Base.of(body, done.etag), began


def _written(store: WriteStore, body: bytes, base: Base | None) -> Confirmed:
    try:
        return commit(store, PUBLICATION_KEY, body, RECORD_HEADERS, base)
    except Unsettled as error:  # what nobody knows here is not whether the gallery is the old one
        raise StorageUnavailable(error.problem.message, hint=error.problem.hint) from error


def has_died(store: ReadStore, etag: str, stop: Stop, say: Callable[[str], None]) -> bool:
    """Wait until the publish whose record has this ``etag`` has said nothing for long enough (``True``), or is over.

    Raises ``Conflict`` when one that is at work does not come to its end, ``Cancelled``, and the storage's errors.
    """
    say("Another deploy is publishing, or died while it did; waiting to see which.")
    silent = waited = 0.0
    lease = lease_seconds(store)
    while silent < lease:
        if waited >= LONGEST_WAIT_SECONDS:
            raise Conflict(
                f"Another deploy has been publishing for {waited / 60:.0f} minutes. Nothing was committed.",
                hint=f"Run again when it has ended ({PUBLICATION_KEY} in the bucket is gone then).",
            )
        stop.pause(LOOK_SECONDS)
        stop.check()
        waited += LOOK_SECONDS
        head = store.head(PUBLICATION_KEY)
        if head is None:
            return False
        silent = silent + LOOK_SECONDS if head.etag == etag else 0.0
        etag = head.etag
    return True


class SourceGone(StorageUnavailable):
    """What was to be copied is not there."""


def copied(store: WriteStore, source: str, key: str, headers: Headers | None) -> str:
    """Copy inside the service, or through this machine where the service does not. Returns the new ETag.

    Raises the storage's errors, and ``SourceGone``.
    """
    try:
        return store.copy(source, key, headers)
    except Cancelled:
        raise
    except GalleriaError as refused:
        found = store.get(source)
        if found is None:
            raise SourceGone(f"{source} is gone, which was to be copied to {key}.", hint="Run again.") from refused
        return store.put(key, found.body, headers or found.headers or Headers("application/octet-stream"))


def take_back(
    store: WriteStore, publication: Publication, concurrency: int, manifest: Manifest, base: Base | None
) -> None:
    """Have each replaced live key hold again what it held before, and the record say so: ``manifest`` is what is
    recorded now, as ``base``. Raises the storage's errors."""

    def one(item: tuple[str, Replaced]) -> None:
        key, before = item
        try:
            copied(store, before.kept or key, key, before.headers)
        except SourceGone:
            # A live object is touched when all are kept, so one that is not kept yet has to be as it was.
            if not is_as_before(store, key, before):
                raise

    if not publication.begun:
        return
    side_by_side(publication.replaced.items(), one, concurrency)
    before = publication.manifest_before(manifest)
    if before != manifest:
        # Another deploy may have written there since; it will see that our objects are not as recorded.
        with suppress(Conflict):
            body = written(before)
            commit(store, MANIFEST_KEY, body, headers_of(body), base)


def is_as_before(store: ReadStore, key: str, before: Replaced) -> bool:
    """Whether ``key`` holds what it held ``before``. Raises the storage's errors."""
    head = store.head(key)
    return head is not None and head.etag == before.etag


def side_by_side(items: Iterable[T], work: Callable[[T], None], concurrency: int) -> None:
    """``work`` on all ``items`` at the same time; raises the first error after all are done or given up."""
    with Hands(concurrency, "copy") as pool:
        for _ in pool.map(work, items):
            pass


def may_be_taken_back(error: BaseException) -> bool:
    """Whether a publish that ended with ``error`` is over for certain: not after a signal, when nothing more may be
    written, nor where the commit may have happened."""
    return isinstance(error, GalleriaError) and not isinstance(error, Cancelled | Unsettled)


def _another_publishes() -> Conflict:
    return Conflict(
        "Another deploy is publishing to the same place at this moment. Nothing was committed.",
        hint="Run again when the other one has ended. A `concurrency:` group in the workflow keeps them apart.",
    )
