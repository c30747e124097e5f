"""The steps by which what was staged becomes what visitors see."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace

from galleria_action.deployment.apply.order import Moment
from galleria_action.deployment.apply.publishing import Hold, copied, has_died, side_by_side
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.documents.readback import looks_like_md5
from galleria_action.deployment.documents.writing import check_base
from galleria_action.deployment.events import Publishing, Stored
from galleria_action.deployment.model import Upload
from galleria_action.deployment.shards import SHARDS_FOLDER
from galleria_action.deployment.state.manifest import ManifestEntry
from galleria_action.deployment.state.pool import POOL_FOLDER, pool_key, unproven_key
from galleria_action.deployment.state.publication import PUBLICATION_KEY, Publication, Replaced, kept_by
from galleria_action.errors import Conflict, GalleriaError
from galleria_action.gallery.media import is_page
from galleria_action.storage.interface import Headers, WriteStore

#: so many others are let go first
_CLAIMS = 10


@dataclass(frozen=True, slots=True)
class Keep:
    """Keeps what live keys hold that are about to get other bytes, and writes down how to take the publish back.

    A publish that an earlier run of this plan has begun is taken up: what it replaced is kept and written down already.
    """

    moment: Moment = Moment.KEEP

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        work.stop.check()
        uploads = [*work.only_headers, *_staged(work)]
        if not uploads or work.hold:
            return
        commit = work.plan.commit.sha256 if work.plan.commit else None
        replaced: dict[str, Replaced] = {}

        def look(upload: Upload) -> None:
            if (before := self._before(work, upload)) is not None:
                replaced[upload.key] = before

        side_by_side(uploads, look, work.uploader.concurrency)
        work.hold = self._claim(work, Publication(work.plan.plan_id, commit, replaced))

        def keep(item: tuple[str, Replaced]) -> None:
            key, before = item
            work.stop.check()
            if before.kept:
                copied(work.store, key, before.kept, None)

        side_by_side(replaced.items(), keep, work.uploader.concurrency)

    def _claim(self, work: Work, publication: Publication) -> Hold:
        """Claim to publish, after another which does so at this moment; whether the plan still holds is seen later."""
        refused = 0
        while True:
            try:
                return Hold.claim(work.store, publication)
            except Conflict:
                work.stop.check()
                head, refused = work.store.head(PUBLICATION_KEY), refused + 1
                died = head is not None and has_died(work.store, head.etag, work.stop.pause, work.stop.check)
                if died or refused == _CLAIMS:
                    raise

    def _before(self, work: Work, upload: Upload) -> Replaced | None:
        """What ``upload``'s key holds; ``None`` where there turns out to be nothing."""
        key, entry = upload.key, work.remote.manifest.objects.get(upload.key)
        found = (work.remote.listing or {}).get(key)
        proven = entry is not None and found is not None and entry.describes(found)
        headers: Headers | None = upload.file.headers
        if found is None or entry is None or not proven or entry.headers != upload.file.headers.digest():
            head = work.store.head(key)
            if head is None:
                return None
            size, etag, headers = head.size, head.etag, head.headers
            proven = proven and entry is not None and (entry.size, entry.etag) == (size, etag)
        else:
            size, etag = found.size, found.etag
        if key not in work.uploader.done.staged:
            return Replaced(size, etag, None, headers, entry)
        kept = pool_key(entry.sha256) if proven and entry else unproven_key(key, etag)
        return Replaced(size, etag, kept, headers, entry)


@dataclass(frozen=True, slots=True)
class Publish:
    """Copies inside the service: photos, what pages need, pages. Where that fails the bytes are sent again."""

    moment: Moment = Moment.PUBLISH

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        if work.hold is None:
            return
        work.stop.check()
        self._check_current(work)
        work.hold.begin()
        work.tell(Publishing(True))
        uploads = [*work.only_headers, *_staged(work)]
        work.say(f"Publishing {len(uploads):,} objects that replace live ones")
        photos = [up for up in uploads if up.photo is not None]
        assets = [up for up in uploads if up.photo is None and not is_page(up.key)]
        pages = [up for up in uploads if up.photo is None and is_page(up.key)]
        again: list[str] = []
        for batch in (photos, assets, pages):
            side_by_side(batch, lambda upload: self._one(work, upload, again), work.uploader.concurrency)
        if again:
            work.say(f"{len(again):,} of them could not be copied inside the service and were sent again.")

    def _check_current(self, work: Work) -> None:
        """Raise ``Conflict`` when another has committed since the plan was made; since our claim nobody can publish."""
        if document := work.local.document:
            check_base(work.store, document.key, work.plan.base)
        work.record.refresh()

    def _one(self, work: Work, upload: Upload, again: list[str]) -> None:
        work.stop.check()
        assert work.hold is not None
        work.hold.beat()
        staged = work.uploader.done.staged.get(upload.key)
        try:
            entry = self._copied(work, upload, staged)
        except GalleriaError:
            work.stop.check()
            entry = None
        if entry is None:
            again.append(upload.key)
            entry = work.uploader.send_again(upload)
        work.uploader.done.entries[upload.key] = entry
        if staged is None:
            work.uploader.note_headers(upload)
            work.tell(Stored(upload.key, 0, upload.photo))

    def _copied(self, work: Work, upload: Upload, staged: ManifestEntry | None) -> ManifestEntry | None:
        """The entry after a copy; ``None`` where it is not what was staged."""
        headers = upload.file.headers
        if staged is None:
            known = work.remote.manifest.objects[upload.key]
            etag = work.store.copy(upload.key, upload.key, headers)
            return replace(known, etag=etag, headers=headers.digest())
        etag = work.store.copy(pool_key(staged.sha256), upload.key, headers)
        if looks_like_md5(staged.etag) and looks_like_md5(etag) and staged.etag != etag and work.uploader.gives_md5:
            return None
        return replace(staged, etag=etag)


@dataclass(frozen=True, slots=True)
class Conclude:
    """The commit is confirmed: nobody has to finish this publish, nor may take it back."""

    moment: Moment = Moment.CONCLUDE

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        if work.hold:
            work.stop.check()
            hold, work.hold = work.hold, None
            work.kept = hold.publication.kept()
            work.tell(Publishing(False))
            work.undeleted |= hold.release()


@dataclass(frozen=True, slots=True)
class Prune:
    """Removes from the pool what nobody needs any more: neither this deploy, which is over, nor one that is publishing.

    Whoever stages at this moment and loses bytes to it sends them again.
    """

    moment: Moment = Moment.PRUNE

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        used = {pool_key(entry.sha256) for entry in work.uploader.done.staged.values()}
        work.stop.check()
        if left := prune(work.store, work.remote.listing or {}, used | work.kept):
            work.say(f"{left:,} objects that nobody needs are left in {POOL_FOLDER}; the next deploy removes them.")


def prune(store: WriteStore, listed: Iterable[str], used: Set[str] = frozenset()) -> int:
    """Delete what is ``listed`` in the pool or was ``used``, but for what a publish under way needs; returns how many
    objects are left. Nothing where shards are at work: other machines may have staged for a plan that is not finalized.

    Raises the storage's errors.
    """
    pool, at_work = set(used), False
    for key in listed:
        at_work = at_work or key.startswith(SHARDS_FOLDER)
        if key.startswith(POOL_FOLDER):
            pool.add(key)
    if at_work or not pool:
        return 0
    return len(store.delete(sorted(pool - kept_by(store.get(PUBLICATION_KEY)))))


def _staged(work: Work) -> tuple[Upload, ...]:
    staged = work.uploader.done.staged
    return tuple(up for up in work.plan.uploads if up.key in staged)
