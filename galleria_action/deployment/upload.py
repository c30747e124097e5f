"""Uploads many files at once: bounded in number and in bytes, collecting every failure, stopping when told to."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field

from galleria_action.deployment.checkpoint import Checkpoint
from galleria_action.deployment.manifest import Manifest, ManifestEntry
from galleria_action.deployment.plan import SourceFile, Upload
from galleria_action.deployment.prepare import Prepared, PreparePolicy, prepare
from galleria_action.deployment.stop import Stop
from galleria_action.errors import Finding, GalleriaError, GalleryInvalid, StorageUnavailable, UploadFailed
from galleria_action.storage.interface import ObjectInfo, WriteStore

#: bytes of photos in memory at once; 32 full-size JPEGs would otherwise take about 350 MB
BYTES_IN_FLIGHT = 256 << 20
#: after so many failures the rest is not tried any more
FAILURES_ENOUGH = 20
#: the runner gives 7.5 s between SIGINT and SIGTERM; uploads on their way get most of that to finish
STOP_PATIENCE_SECONDS = 5.0


@dataclass
class Uploaded:
    """What the uploads of one deploy did so far. ``entries`` are the manifest entries by key."""

    entries: dict[str, ManifestEntry] = field(default_factory=dict)
    sent: int = 0
    skipped: int = 0
    bytes_sent: int = 0
    sent_photos: set[str] = field(default_factory=set)
    exif_warnings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    other_hashes: int = 0


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
        try:
            yield
        finally:
            with self._changed:
                self._used -= share
                self._changed.notify_all()


@dataclass
class Uploader:
    """Uploads files to ``store``.

    ``read`` gives a local file's bytes. ``listing`` (by key) and ``known`` (an earlier manifest) prove what is there
    already; without a listing nothing is skipped. ``advance`` is told the bytes of each finished file.
    """

    store: WriteStore
    read: Callable[[SourceFile], bytes]
    policy: PreparePolicy
    concurrency: int
    stop: Stop
    advance: Callable[[int], None]
    listing: Mapping[str, ObjectInfo] = field(default_factory=dict)
    known: Manifest = field(default_factory=Manifest)
    checkpoint: Checkpoint | None = None
    done: Uploaded = field(default_factory=Uploaded)
    budget: ByteBudget = field(default_factory=lambda: ByteBudget(BYTES_IN_FLIGHT))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def upload(self, uploads: Iterable[Upload]) -> None:
        """Upload all of ``uploads`` and return when every one is stored.

        Raises ``Cancelled`` after a stop signal, ``GalleryInvalid`` when local files are not what they should be,
        the storage's error when it concerns everything (credentials, permission, bucket), and ``UploadFailed``
        when single files failed. What was stored is in ``done`` and in the checkpoint in any case.
        """
        self.stop.check()
        enough = threading.Event()
        failures: list[tuple[Upload, GalleriaError]] = []
        pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="upload")
        running = {pool.submit(self._one, upload, enough): upload for upload in uploads}
        total = len(running)
        try:
            while running and not self.stop.requested:
                finished, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in finished:
                    upload = running.pop(future)
                    if error := _failure(future):
                        failures.append((upload, error))
                if len(failures) >= FAILURES_ENOUGH or any(_concerns_all(error) for _, error in failures):
                    enough.set()
        finally:
            enough.set()
            pool.shutdown(wait=False, cancel_futures=True)
            # a future that was cancelled before it began never counts as done
            wait([future for future in running if not future.cancelled()], timeout=STOP_PATIENCE_SECONDS)
            if self.checkpoint and (self.stop.requested or failures):
                self.checkpoint.save()
        self.stop.check()
        if failures:
            raise _summed_up(failures, total)

    def _one(self, upload: Upload, enough: threading.Event) -> None:
        if enough.is_set() or self.stop.requested:
            return
        with self.budget.holding(upload.size):
            prepared = prepare(upload, self.read, self.policy)
            entry = self._proven(prepared)
            skipped = entry is not None
            if entry is None:
                if enough.is_set() or self.stop.requested:
                    return
                etag = self.store.put(upload.key, prepared.body, upload.file.headers)
                entry = _entry(prepared, etag)
            size = len(prepared.body)
        self._note(prepared, entry, size, skipped)
        if self.checkpoint and not skipped:
            self.checkpoint.add(upload.key, entry)
        self.advance(upload.size)

    def _proven(self, prepared: Prepared) -> ManifestEntry | None:
        """The entry of an object that is there already, byte for byte and header for header; else ``None``."""
        key = prepared.upload.key
        found = self.listing.get(key)
        if found is None or found.size != len(prepared.body):
            return None
        wanted = _entry(prepared, found.etag)
        recorded = [self.checkpoint.stored.get(key) if self.checkpoint else None, self.known.objects.get(key)]
        if any(r and (r.etag, r.sha256, r.headers) == (wanted.etag, wanted.sha256, wanted.headers) for r in recorded):
            return wanted
        if found.etag != hashlib.md5(prepared.body, usedforsecurity=False).hexdigest():
            return None
        head = self.store.head(key)
        same = head and head.etag == found.etag and head.headers and head.headers.digest() == wanted.headers
        return wanted if same else None

    def _note(self, prepared: Prepared, entry: ManifestEntry, size: int, skipped: bool) -> None:
        upload, done = prepared.upload, self.done
        with self._lock:
            done.entries[upload.key] = entry
            if skipped:
                done.skipped += 1
            else:
                done.sent += 1
                done.bytes_sent += size
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
    )


def _failure(future: Future[None]) -> GalleriaError | None:
    """The documented error of a finished upload; any other is a defect and is raised as it is."""
    error = None if future.cancelled() else future.exception()
    if error is None or isinstance(error, GalleriaError):
        return error
    raise error


def _concerns_all(error: GalleriaError) -> bool:
    """Whether trying other files is pointless: everything but a bad local file and a passing fault."""
    return not isinstance(error, GalleryInvalid | StorageUnavailable)


def _summed_up(failures: list[tuple[Upload, GalleriaError]], total: int) -> GalleriaError:
    """One error for all: a bad gallery first, then what concerns everything, else a list of the files."""
    stale = [error for _, error in failures if isinstance(error, GalleryInvalid)]
    if stale:
        return GalleryInvalid(
            f"{len(stale)} of {total} files are not as the metadata or the plan says. Nothing was committed; "
            "the gallery that visitors see is as before.",
            hint="Process the gallery again, so that metadata and files belong together, and push both.",
            findings=[finding for error in stale for finding in error.findings],
        )
    for _, error in failures:
        if _concerns_all(error):
            return error
    return UploadFailed(
        f"{len(failures)} of {total} files could not be uploaded: {failures[0][1].message} Nothing was committed; "
        "the gallery that visitors see is as before.",
        hint="Run again: what was uploaded is kept and not sent a second time.",
        findings=[Finding(f"{upload.key}: {error.message}") for upload, error in failures],
    )
