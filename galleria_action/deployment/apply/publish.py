"""The steps by which what was staged becomes what visitors see."""

from __future__ import annotations

from contextlib import suppress

from galleria_action.deployment.apply.beside import Beside
from galleria_action.deployment.apply.order import Moment, photos_first
from galleria_action.deployment.apply.publishing import side_by_side
from galleria_action.deployment.apply.retain import Surplus, let_go, surplus_of
from galleria_action.deployment.apply.steps import record_ahead
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.documents.readback import looks_like_md5
from galleria_action.deployment.events import Publishing, Stored
from galleria_action.deployment.model import Upload
from galleria_action.deployment.releases.record import Release, Standing
from galleria_action.deployment.state.manifest import ManifestEntry
from galleria_action.deployment.state.pool import pool_key
from galleria_action.errors import GalleriaError
from galleria_action.quantities import count
from galleria_action.storage.interface import (
    RECORD_HEADERS,
    ConditionUnsupported,
    IfAbsent,
    IfMatch,
    IfSeen,
    PreconditionFailed,
    WriteStore,
    seconds_between_writes,
)
from galleria_action.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class Publish:
    """Copies inside the service: photos, what pages need, pages. Where that fails the bytes are sent again."""

    moment: Moment = Moment.PUBLISH

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        if work.hold is None:
            return
        uploads = [*work.only_headers, *_staged(work)]
        if not uploads:
            return
        work.stop.check()
        work.hold.touch()
        work.tell(Publishing(True))
        work.say(f"Publishing {count(len(uploads), 'object')} in place of live ones")
        again: list[str] = []
        coming = {up.key: _entry(work, up, work.uploader.done.staged.get(up.key)) for up in uploads}
        with work.hold.beating(lambda: work.stop.requested), Beside(work.uploader.concurrency) as beside:
            beside.begin(record_ahead(work, coming))
            for batch in photos_first(uploads):
                side_by_side(batch, lambda upload: self._one(work, upload, again), work.uploader.concurrency)
        if again:
            work.say(f"{len(again):,} of them could not be copied inside the service and were sent again.")

    def _one(self, work: Work, upload: Upload, again: list[str]) -> None:
        work.stop.check()
        assert work.hold is not None
        work.hold.still()
        staged = work.uploader.done.staged.get(upload.key)
        try:
            entry = self._copied(work, upload, staged)
        except GalleriaError:
            work.stop.check()
            entry = None
        if entry is None:
            again.append(upload.key)
            entry = work.sender.send_again(upload)
        work.uploader.done.entries[upload.key] = entry
        if staged is None:
            work.sender.note_headers(upload)
            work.tell(Stored(upload.key, 0, upload.photo))

    def _copied(self, work: Work, upload: Upload, staged: ManifestEntry | None) -> ManifestEntry | None:
        """The entry after a copy; ``None`` where it is not what was staged."""
        headers = upload.file.headers
        if staged is None:
            return replace(_entry(work, upload, None), etag=work.store.copy(upload.key, upload.key, headers))
        etag = work.store.copy(pool_key(staged.sha256), upload.key, headers)
        if looks_like_md5(staged.etag) and looks_like_md5(etag) and staged.etag != etag and work.sender.gives_md5:
            return None
        return replace(staged, etag=etag)


@dataclass(frozen=True, slots=True)
class Conclude:
    """The commit is confirmed: nobody has to finish this publish, nor may take it back. That the release has ended is
    written down before others may publish; how it ended is seen later."""

    moment: Moment = Moment.CONCLUDE

    def run(self, work: Work) -> None:
        """See ``Step.run``. Our claim goes now, unless something is to be deleted under it."""
        if work.hold is None:
            return
        work.stop.check()
        hold, work.hold = work.hold, None
        work.kept = hold.publication.kept()
        work.tell(Publishing(False))
        if work.release and not seconds_between_writes(work.store):  # else it is told once, in the end
            ended = replace(work.release, standing=Standing.UNVERIFIED)
            work.ended = work.beside.begin(lambda: _ended(work, ended))
        if work.plan.deletes or surplus_of(work).any:
            work.over = hold
        else:
            work.beside.begin(lambda: let_go(work.store, hold, Surplus(), work.say, work.stop.check, work.is_ended))


def _ended(work: Work, release: Release) -> str | None:
    """The ETag of the record of the ``release``; ``None`` where it could not be written, which is tried again later."""
    work.stop.check()
    try:
        return work.store.put(release.key, release.to_bytes(), RECORD_HEADERS)
    except GalleriaError:
        return None


def tell_ended(store: WriteStore, release: Release, etag: str | None) -> None:
    """Write down how the ``release`` ended, where its record is still as we wrote it: with this ``etag``, or not at
    all. Since our claim has gone others may have ended it, or have taken something out of it. Raises the storage's
    errors."""
    body, condition = release.to_bytes(), IfMatch(etag) if etag else IfAbsent()
    with suppress(PreconditionFailed):
        try:
            store.put(release.key, body, RECORD_HEADERS, condition)
        except ConditionUnsupported:
            store.put(release.key, body, RECORD_HEADERS, IfSeen(etag))


def _entry(work: Work, upload: Upload, staged: ManifestEntry | None) -> ManifestEntry:
    """What the record says of ``upload`` then, if a copy has the ETag of what was copied: what waits in the pool, or
    what lies there already under other headers."""
    return staged or replace(work.remote.manifest.objects[upload.key], headers=upload.file.headers.digest())


def _staged(work: Work) -> tuple[Upload, ...]:
    staged = work.uploader.done.staged
    return tuple(up for up in work.plan.uploads if up.key in staged)
