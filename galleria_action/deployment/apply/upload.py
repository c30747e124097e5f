"""Uploads many files at once: bounded in number and in bytes, collecting every failure, stopping when told to."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from galleria_action.deployment.documents.readback import ReadBack, is_md5, not_kept
from galleria_action.deployment.events import Listener, Sending, Stored, nobody
from galleria_action.deployment.model import Upload
from galleria_action.deployment.outgoing.done import UploadsDone
from galleria_action.deployment.outgoing.failures import concerns_all, summed_up
from galleria_action.deployment.outgoing.open_file import OnDisk, OpenFile
from galleria_action.deployment.outgoing.prepare import Prepared, PreparePolicy, beginning_of, prepare
from galleria_action.deployment.state.checkpoint import Checkpoint
from galleria_action.deployment.state.manifest import Manifest, ManifestEntry
from galleria_action.deployment.state.pool import POOL_HEADERS, pool_key
from galleria_action.deployment.stop import Stop
from galleria_action.errors import GalleriaError
from galleria_action.gallery.local.files import LocalFile, too_large
from galleria_action.net.waiting import done, run, told
from galleria_action.storage.interface import Hashed, Headers, ObjectInfo, WriteStore, put_later
from galleria_action.values import dataclass, field

if TYPE_CHECKING:
    from galleria_action.deployment.previews.lending import Lender
    from galleria_action.gallery.local.rooms import Rooms


#: bytes of photos in memory at once
BYTES_IN_FLIGHT = 64 << 20
#: read and hashed without help: to hand it over takes longer
SMALL = 64 << 10
#: after so many failures the rest is not tried any more
FAILURES_ENOUGH = 20
#: the runner gives 7.5 s between SIGINT and SIGTERM; uploads on their way get most of that to finish
STOP_PATIENCE_SECONDS = 5.0


class _Batch:
    """Files that are taken one after the other, until they are all taken, or enough of them failed."""

    def __init__(self, uploads: Iterator[Upload]) -> None:
        self._uploads = uploads
        self._next = next(uploads, None)
        self.failures: list[tuple[Upload, GalleriaError]] = []
        self.defect: BaseException | None = None
        self.given_up = False
        self.under_way = 0

    @property
    def next(self) -> Upload | None:
        """The next file, or ``None`` when there is no more to do."""
        return self._next

    def take(self) -> None:
        """Go on to the file after ``next``."""
        self._next = next(self._uploads, None)

    def failed(self, upload: Upload, error: GalleriaError) -> None:
        """Note a failure; with enough of them, or with one that concerns all files, nothing more is tried."""
        self.failures.append((upload, error))
        if len(self.failures) >= FAILURES_ENOUGH or concerns_all(error):
            self.close()

    def ended(self, defect: BaseException | None) -> None:
        """One file is done with; a defect of ours is noted."""
        if defect:
            self.defect = defect
            self.close()

    def close(self) -> None:
        """Give out no more files, and send none that was given out."""
        self._next, self._uploads, self.given_up = None, iter(()), True


@dataclass
class Uploader:
    """Uploads files to ``store``.

    ``opened`` opens a file. ``listing`` (by key) and ``known`` (an earlier manifest) prove what is there already;
    without a listing nothing is skipped. ``tell`` hears of each file. What belongs under one of the ``live`` keys goes
    into the pool: visitors reach them. What ``lender`` has is not sent.
    """

    store: WriteStore
    policy: PreparePolicy
    concurrency: int
    stop: Stop
    tell: Listener = nobody
    listing: Mapping[str, ObjectInfo] = field(default_factory=dict)
    known: Manifest = field(default_factory=Manifest)
    live: Set[str] = frozenset()
    checkpoint: Checkpoint | None = None
    lender: Lender | None = None
    done: UploadsDone = field(default_factory=UploadsDone)
    opened: Callable[[LocalFile], OpenFile] = OnDisk
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._readback = ReadBack(self.store)

    def upload(self, uploads: Sequence[Upload]) -> None:
        """Upload all of ``uploads`` and return when every one is stored.

        Raises ``Cancelled`` after a stop signal, ``GalleryInvalid`` when local files are not what they should be,
        the storage's error when it concerns everything (credentials, permission, bucket), and ``UploadFailed``
        when single files failed. What was stored is in ``done`` and in the checkpoint in any case.
        """
        self.stop.check()
        batch = _Batch(iter(uploads))
        self.tell(Sending(lambda: batch.under_way))
        self._carry_out(batch)
        if self.checkpoint and self._readback.in_doubt:  # nor is any of it to be believed by the next run
            self.checkpoint.clear()
        elif self.checkpoint and (self.stop.requested or batch.failures or batch.defect):
            self.checkpoint.save()
        self.stop.check()
        if batch.defect:
            raise batch.defect
        if batch.failures:
            raise summed_up(batch.failures, len(uploads))

    def _carry_out(self, batch: _Batch) -> None:
        """Have all files of ``batch`` on their way that there is room for, until none is left."""
        # only here: a run with nothing to do needs neither
        from galleria_action.gallery.local.rooms import Rooms
        from galleria_action.net.loop import Loop

        loop, rooms = Loop(self.concurrency, batch.ended), Rooms(BYTES_IN_FLIGHT)
        deadline = math.inf
        try:
            while (batch.next or len(loop)) and time.monotonic() < deadline:
                while (upload := batch.next) and len(loop) < self.concurrency:
                    batch.take()
                    loop.add(self._handled(upload, rooms, batch))
                loop.turn()
                if self.stop.requested and deadline == math.inf:
                    batch.close()
                    deadline = time.monotonic() + STOP_PATIENCE_SECONDS
        finally:
            loop.close()

    async def _handled(self, upload: Upload, rooms: Rooms, batch: _Batch) -> None:
        """One file from disk to store; what goes wrong with it is noted."""
        try:
            if self.lender is not None and await done(lambda: self._lent(upload)):
                return
            if not await self._in_room(upload, beginning_of(upload), rooms, batch):
                await self._in_room(upload, upload.size, rooms, batch)
        except GalleriaError as error:
            batch.failed(upload, error)
        except MemoryError:
            batch.failed(upload, too_large(upload.file.local))

    async def _in_room(self, upload: Upload, size: int, rooms: Rooms, batch: _Batch) -> bool:
        """Handle ``upload`` with room for ``size`` bytes of it; ``False`` where that is not enough."""
        while (room := rooms.lent(size)) is None:
            await told(rooms.tell)
        try:
            return batch.given_up or self.stop.requested or await self._one(upload, room, batch)
        finally:
            rooms.give_back(room)

    @property
    def gives_md5(self) -> bool:
        """Whether the store has answered an upload with the MD5 of its bytes."""
        return self._readback.gives_md5

    @property
    def by_hash(self) -> int:
        """Uploads that nothing proves but the hash that they were signed with, which the store checks."""
        return self._readback.by_hash

    def note_headers(self, upload: Upload) -> None:
        """Count ``upload`` as sent, of which only the headers were."""
        with self._lock:
            self.done.sent += 1
            if upload.photo is not None:
                self.done.sent_photos.add(upload.photo)

    def send_again(self, upload: Upload) -> ManifestEntry:
        """Send the bytes of ``upload`` to its own key, whatever lies there, and return the entry.

        Raises ``GalleryInvalid`` and the storage's errors.
        """
        prepared = self._prepared(upload, memoryview(bytearray(beginning_of(upload))))
        prepared = prepared or self._prepared(upload, memoryview(bytearray(upload.size)))
        assert prepared is not None
        return _entry(prepared, run(self._put(prepared, upload.key, upload.file.headers)))

    def _prepared(self, upload: Upload, room: memoryview) -> Prepared | None:
        """What is to be stored of ``upload``, whose beginning is read into ``room``; ``None`` where more is needed."""
        return prepare(upload, self.opened(upload.file.local), room, self.policy)

    async def _one(self, upload: Upload, room: memoryview, batch: _Batch) -> bool:
        key, size = upload.key, upload.size
        staged = key in self.live
        if size <= SMALL:
            prepared = self._prepared(upload, room)
        else:
            prepared = await done(lambda: self._prepared(upload, room), heavy=True)
        if prepared is None:
            return False
        entry, in_place = None, True
        if key in self.listing:
            entry = await done(lambda: self._proven(prepared))
        if entry is None and staged:
            in_place = False
            if pool_key(prepared.sha256) in self.listing:
                entry = await done(lambda: self._waiting(prepared))
        skipped = entry is not None
        if entry is None:
            if batch.given_up or self.stop.requested:
                return True
            entry = await self._send(prepared, staged, batch)
        sent = None if skipped else len(prepared.body)
        self._note(prepared, entry, sent, in_place=in_place)
        if self.checkpoint and not skipped and self._is_due(self.checkpoint, key, entry, staged=staged):
            await done(self.checkpoint.write)
        self.tell(Stored(key, sent, upload.photo, size))
        return True

    def _is_due(self, checkpoint: Checkpoint, key: str, entry: ManifestEntry, *, staged: bool) -> bool:
        return checkpoint.is_due_with(pool_key(entry.sha256) if staged else key, entry)

    def _lent(self, upload: Upload) -> bool:
        """Whether the bytes of ``upload`` were copied inside the service instead of being read and sent."""
        staged = upload.key in self.live
        entry = self.lender.lent(self.store, upload, staged=staged) if self.lender else None
        if entry is None:
            return False
        with self._lock:
            (self.done.staged if staged else self.done.entries)[upload.key] = entry
            self.done.skipped += 1
        self.tell(Stored(upload.key, None, upload.photo, upload.size))
        return True

    async def _send(self, prepared: Prepared, staged: bool, batch: _Batch) -> ManifestEntry:
        upload = prepared.upload
        batch.under_way += 1
        try:
            if staged:
                return _entry(prepared, await self._put(prepared, pool_key(prepared.sha256), POOL_HEADERS))
            return _entry(prepared, await self._put(prepared, upload.key, upload.file.headers))
        finally:
            batch.under_way -= 1

    async def _put(self, prepared: Prepared, key: str, headers: Headers) -> str:
        """Store the bytes, a second time where the store did not keep them, and return the ETag."""
        try:
            return await self._sent(prepared.body, key, headers)
        finally:
            prepared.check_sent()  # what became of bytes that are not these says nothing

    async def _sent(self, body: Hashed, key: str, headers: Headers) -> str:
        etag = await put_later(self.store, key, body, headers)
        if not await self._kept(key, body, etag):
            if self._readback.in_doubt:
                raise not_kept(key)
            self.stop.check()
            etag = await put_later(self.store, key, body, headers)
            if not await self._kept(key, body, etag):
                raise not_kept(key)
        return etag

    async def _kept(self, key: str, body: Hashed, etag: str) -> bool:
        if self._readback.believes(key, body, etag):
            return True
        if len(body) <= SMALL and self._readback.sums_up(body, etag):
            return True
        return await done(lambda: self._readback.kept(key, body, etag), heavy=True)

    def _waiting(self, prepared: Prepared) -> ManifestEntry | None:
        """The entry of bytes that wait in the pool already, proved to be these; else ``None``. What lies there under
        the right name only is not believed."""
        key = pool_key(prepared.sha256)
        found = self._listed(key, prepared)
        if found is None:
            return None
        written = self.checkpoint.stored.get(key) if self.checkpoint else None
        if is_md5(found.etag, prepared.body) or (written and written.etag == found.etag):
            return _entry(prepared, found.etag)
        return None

    def _proven(self, prepared: Prepared) -> ManifestEntry | None:
        """The entry of an object that is there already, byte for byte and header for header; else ``None``."""
        key = prepared.upload.key
        found = self._listed(key, prepared)
        if found is None:
            return None
        wanted = _entry(prepared, found.etag)
        recorded = [self.checkpoint.stored.get(key) if self.checkpoint else None, self.known.objects.get(key)]
        if any(r and (r.etag, r.sha256, r.headers) == (wanted.etag, wanted.sha256, wanted.headers) for r in recorded):
            return wanted
        if not is_md5(found.etag, prepared.body):
            return None
        head = self.store.head(key)
        if head is None or head.etag != found.etag:
            return None
        # A store without headers (a folder) has none that could differ.
        return wanted if head.headers is None or head.headers.digest() == wanted.headers else None

    def _listed(self, key: str, prepared: Prepared) -> ObjectInfo | None:
        """What lies under ``key``, if that can be these bytes and can be read."""
        found = self.listing.get(key)
        return found if found and found.size == len(prepared.body) and not found.archived else None

    def _note(self, prepared: Prepared, entry: ManifestEntry, sent: int | None, *, in_place: bool) -> None:
        """Count a file of which so many bytes were ``sent``; ``None``: it was there."""
        upload, done = prepared.upload, self.done
        with self._lock:
            (done.entries if in_place else done.staged)[upload.key] = entry
            if sent is None:
                done.skipped += 1
            else:
                done.sent += 1
                done.bytes_sent += sent
                if upload.photo is not None:
                    done.sent_photos.add(upload.photo)
            if prepared.exif_warnings:
                done.exif_warnings[upload.key] = prepared.exif_warnings
            done.other_hashes += prepared.other_hash


def _entry(prepared: Prepared, etag: str) -> ManifestEntry:
    upload = prepared.upload
    return ManifestEntry(
        size=len(prepared.body),
        sha256=prepared.sha256,
        etag=etag,
        headers=upload.file.headers.digest(),
        source=upload.file.sha256,
        kind="site" if upload.photo is None else "photo",
        photo=upload.photo,
        edit=upload.edit.digest() if upload.edit else "",
        source_size=upload.size,
        source_blob=prepared.source_blob,
    )
