"""The steps that put a whole gallery into the idle slot, and prove it there, while visitors see another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from galleria_action.deployment.apply.order import Moment
from galleria_action.deployment.apply.publishing import Hold, copied, side_by_side
from galleria_action.deployment.apply.work import InSlot, Work
from galleria_action.deployment.documents.writing import commit
from galleria_action.deployment.layout import Layout, laid_out
from galleria_action.deployment.model import Base
from galleria_action.deployment.remote.reading import RemoteState, caught_up, list_target, read_remote
from galleria_action.deployment.remote.verification import verify_listing
from galleria_action.deployment.routing.router import Routing, Slots
from galleria_action.deployment.slots.filling import Filling, Piece, filling
from galleria_action.deployment.slots.staged import STAGED_KEY
from galleria_action.deployment.state.manifest import MANIFEST_KEY, Manifest, ManifestEntry
from galleria_action.deployment.state.publication import Publication
from galleria_action.deployment.state.written import headers_of, written
from galleria_action.errors import Finding, StorageUnavailable, VerifyFailed
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.quantities import count
from galleria_action.storage.interface import WriteStore
from galleria_action.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class Fill:
    """Claims the right to publish and makes the slot that nobody is sent to hold what is ``wanted``: by copies from the
    live gallery and from the pool. What a slot holds already is not copied again."""

    slots: Slots
    wanted: Callable[[Work], Mapping[str, Piece]]
    moment: Moment = Moment.FILL

    def run(self, work: Work) -> None:
        """See ``Step.run``. Raises ``Conflict`` where visitors were sent elsewhere since."""
        work.stop.check()
        claim(work, self.slots)
        layout = self.slots.idle
        slot = laid_out(self.slots.store, layout)
        found = read_remote(slot, listing=True)
        wanted = self.wanted(work)
        needed = filling(wanted, found.manifest, found.listing or {})
        manifest = Manifest({}, {}, work.plan.mode, work.record.made_by())
        base, entries = found.manifest_base, dict(needed.there)
        _owe(work, layout, needed, found)
        if not needed.is_nothing:
            if base or found.metadata_base:  # where no gallery ever was nobody is
                self._let_visitors_leave(work)
            if STAGED_KEY in (found.listing or {}):
                self._delete(work, self.slots.store, [STAGED_KEY])
            if base:  # of what is about to change nothing is known any more
                base = _record(work, slot, replace(manifest, objects=entries), base)
            if needed.gone:
                self._delete(work, slot, list(needed.gone))
            work.say(f"Filling {layout.folder} by {count(len(needed.copies), 'copy')} inside the service")
            entries |= self._copy(work, layout, needed)
        base = _record(work, slot, replace(manifest, objects=entries), base)
        metadata = self._document(work, slot, found.metadata_base)
        site = {key for key, entry in entries.items() if entry.kind == "site"}
        photos = frozenset(wanted.keys() - site)
        named = photos | {METADATA_KEY} if metadata else photos
        work.slot = InSlot(layout, slot, replace(manifest, objects=entries), base, metadata, named)

    def _let_visitors_leave(self, work: Work) -> None:
        router, seen = self.slots.router, self.slots.seen
        if router is None:
            return
        if seen.routing.canary:
            work.say("A gallery is still on trial in that slot; visitors are taken back from it first.")
            work.stop.check()
            seen = router.send(Routing(seen.routing.live, self.slots.now()), seen)
        left = seen.routing.left_alone(self.slots.now(), router.lag_seconds)
        if left:
            work.say(f"Visitors were sent away from that slot a moment ago; it is left alone for {left:.0f} s.")
            wait(work, left)

    def _delete(self, work: Work, store: WriteStore, keys: list[str]) -> None:
        work.stop.check()
        if errors := store.delete(keys):
            key, error = next(iter(errors.items()))
            raise StorageUnavailable(
                f"{count(len(errors), 'object')} in a slot could not be deleted, such as {key}: {error}",
                hint="May the key s3:DeleteObject? Visitors see what they saw before.",
            )

    def _copy(self, work: Work, layout: Layout, needed: Filling) -> dict[str, ManifestEntry]:
        entries: dict[str, ManifestEntry] = {}

        def one(item: tuple[str, Piece]) -> None:
            key, piece = item
            work.stop.check()
            assert work.hold is not None
            work.hold.still()
            etag = copied(self.slots.store, piece.place, layout.lies_at(key), piece.headers)
            if piece.entry:
                entries[key] = replace(piece.entry, etag=etag)

        assert work.hold is not None
        with work.hold.beating(lambda: work.stop.requested):
            side_by_side(needed.copies.items(), one, work.uploader.concurrency)
        return entries

    def _document(self, work: Work, slot: WriteStore, base: Base | None) -> Base | None:
        """The metadata goes last; with another one than this the slot is not the one that was proved."""
        document = work.local.document
        if document is None:
            live = work.remote.metadata_base
            if live is None or (base and base.sha256 == live.sha256):
                return base if live else None
            source = self.slots.live.lies_at(METADATA_KEY)
            return replace(live, etag=copied(self.slots.store, source, self.slots.idle.lies_at(METADATA_KEY), None))
        if base and base.sha256 == document.sha256:
            return base
        work.stop.check()
        return Base.of(document.body, commit(slot, METADATA_KEY, document.body, document.headers, base).etag)


def _owe(work: Work, layout: Layout, needed: Filling, found: RemoteState) -> None:
    """Caches may hold what visitors got from the slot when it was live last."""
    if work.caches is None:
        return
    listing, was = found.listing or {}, found.metadata_base
    document = work.local.document or work.remote.metadata_base
    coming = [*needed.copies, *([METADATA_KEY] if document and not (was and was.sha256 == document.sha256) else [])]
    stale = [*(key for key in coming if key in listing), *needed.gone]
    new = [key for key in coming if key not in listing]
    if stale or new:
        work.caches.owe_slot(layout, stale, new)


def claim(work: Work, slots: Slots) -> None:
    """Claim the right to publish, where visitors are still sent where they were. Raises ``Conflict``."""
    if work.hold is None:
        work.hold = Hold.claim_after(work.store, Publication(), work.stop, work.say)
    slots.check()


def wait(work: Work, seconds: float) -> None:
    """Wait under our claim. Raises ``Cancelled``, and ``Conflict`` when it was taken over."""
    assert work.hold is not None
    with work.hold.beating(lambda: work.stop.requested):
        work.stop.pause(seconds)
    work.stop.check()
    work.hold.sure()


def _record(work: Work, slot: WriteStore, manifest: Manifest, base: Base | None) -> Base:
    body = written(manifest)
    if base and base.sha256 == Base.of(body, "").sha256:
        return base
    work.stop.check()
    return Base.of(body, commit(slot, MANIFEST_KEY, body, headers_of(body), base).etag)


@dataclass(frozen=True, slots=True)
class ProveSlot:
    """A listing of the slot shows that the gallery there is whole, and where that can be, a visitor looks at it, before
    anybody is sent to it."""

    moment: Moment = Moment.PROVE_SLOT

    def run(self, work: Work) -> None:
        """See ``Step.run``. Raises ``VerifyFailed`` and ``ProbeFailed``."""
        work.stop.check()
        assert work.slot is not None
        prove(work, work.slot)


def prove(work: Work, slot: InSlot) -> None:
    """Raise ``VerifyFailed`` where the ``slot`` does not hold its gallery, and ``ProbeFailed`` where visitors would not
    get it."""
    _verify(work, slot)
    if work.caches:
        work.stop.check()
        work.caches.purge_slot()
    if work.look_ahead:
        assert work.hold is not None
        with work.hold.beating(lambda: work.stop.requested):
            work.look_ahead(work)
        work.stop.check()
        work.hold.sure()


def _verify(work: Work, slot: InSlot) -> None:
    wrong = caught_up(lambda: _wrong(slot), lambda findings: not findings, work.stop.pause)
    if wrong:
        raise VerifyFailed(
            f"{slot.layout.folder} does not hold the gallery that was put there: {len(wrong):,} objects are missing or "
            "wrong.",
            hint="Run again: it copies what is missing or wrong. If it stays, does another program write there?",
            findings=wrong,
        )


def _wrong(slot: InSlot) -> list[Finding]:
    listing = list_target(slot.store, list(slot.named))
    found = verify_listing(slot.named, slot.manifest, listing)
    mismatched = [*found.mismatched]
    document = listing.get(METADATA_KEY)
    if slot.metadata and document and document.etag != slot.metadata.etag:
        mismatched.append(METADATA_KEY)
    by_word = {"missing": found.missing, "mismatched": mismatched}
    return [Finding(f"{word}: {slot.layout.folder}{key}") for word, keys in by_word.items() for key in keys]
