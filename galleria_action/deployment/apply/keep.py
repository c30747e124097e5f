"""The step between staging and publishing: what live keys hold is kept, and written down as a release."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from galleria_action.deployment.apply.beside import Beside
from galleria_action.deployment.apply.holding import (
    document_of,
    going_of,
    looked_at,
    part_of_it,
    replacing,
    undo_of,
)
from galleria_action.deployment.apply.order import Moment
from galleria_action.deployment.apply.publishing import Hold, copied, is_as_before, side_by_side
from galleria_action.deployment.apply.work import Around, Surroundings, Work
from galleria_action.deployment.documents.writing import check_base
from galleria_action.deployment.releases.history import History, read_history, read_records, says_otherwise
from galleria_action.deployment.releases.hold import HOLD_KEY, held
from galleria_action.deployment.releases.record import (
    RELEASES_FOLDER,
    Counts,
    Kind,
    Release,
    Standing,
    id_for,
    id_in,
    is_open,
)
from galleria_action.deployment.remote.listing import in_archives, records_in
from galleria_action.deployment.remote.reading import RemoteState
from galleria_action.deployment.state.manifest import MANIFEST_KEY
from galleria_action.deployment.state.pool import POOL_HEADERS, pool_key
from galleria_action.deployment.state.publication import Publication, Replaced
from galleria_action.errors import Conflict, GalleriaError
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.storage.interface import RECORD_HEADERS, ObjectHead, ReadStore
from galleria_action.values import dataclass, replace

#: how often it is looked whether most is sent
_LOOK_UP_SECONDS = 0.05
#: what a new connection carries without waiting for the other side (RFC 6928: ten packets)
AT_ONCE = 14_600


@dataclass(frozen=True, slots=True)
class Keep:
    """Claims the right to publish, keeps what live keys hold that are about to get other bytes or to go, and writes
    down how to take it back: of the publish, and of the release that it makes.

    Where little was staged, that was done meanwhile (``claiming_ahead``). A publish that an earlier run of this plan
    has begun is taken up: what it replaced is written down already, and kept as far as it came. Where nothing is
    published ``in_place`` there is nothing of a publish to be taken back.
    """

    in_place: bool = True
    moment: Moment = Moment.KEEP

    def run(self, work: Work) -> None:
        """See ``Step.run``. Raises ``Conflict`` when another has committed since the plan was made, ``Held`` where
        deploys are held."""
        work.stop.check()
        if work.is_kept:
            return
        taken_up = work.hold is not None and work.hold.publication.begun
        replaced = work.hold.publication.replaced if work.hold and taken_up else looked_at(work, replacing(work))
        if work.hold is None:
            work.hold = Hold.claim_after(work.store, _publication(work, self._shown(replaced)), work.stop, work.say)
        with work.hold.beating(lambda: work.stop.requested):
            self.keep(work, work.hold, replaced, taken_up=taken_up)

    def _shown(self, replaced: Mapping[str, Replaced]) -> Mapping[str, Replaced]:
        return replaced if self.in_place else {}

    def keep(self, work: Work, hold: Hold, replaced: Mapping[str, Replaced], *, taken_up: bool = False) -> None:
        """Look around under ``hold``, and keep what is ``replaced`` and what goes."""
        seen = work.surroundings or _looked_around(work)
        if HOLD_KEY in seen.records and not work.terms.despite_hold:
            raise held(work.store)
        history, going = seen.history, seen.going
        theirs = _of_the_dead(work, history)
        for_publish = {} if not self.in_place else _not_kept_yet(work, replaced) if taken_up else replaced
        # What a publish has begun to replace holds other bytes by now, and was kept before.
        changing = going if self.in_place or taken_up else {**replaced, **going}
        for_later = {key: it for key, it in changing.items() if key not in theirs} if work.terms.keep.anything else {}

        # nobody can read it; where the same bytes are sent again, they lie in the pool already
        away = set(in_archives(work.remote.listing or {}))

        alike: list[bool] = []

        def keep(item: tuple[str, Replaced]) -> None:
            key, before = item
            work.stop.check()
            if before.kept and key not in away:
                alike.append(copied(work.store, key, before.kept, None) == before.etag)

        kept = {**for_publish, **for_later}.items()
        # All of it is done before anything live is touched; what of it first, is all one. Whoever finds that a publish
        # has begun of which not all is kept knows that nothing was touched.
        with Beside(work.uploader.concurrency) as beside:
            if self.in_place and (replaced or work.publishes) and not taken_up:
                work.stop.check()
                beside.begin(lambda: hold.begin(_publication(work, replaced)))
            beside.begin(lambda: side_by_side(kept, keep, work.uploader.concurrency))
            if caches := work.caches:
                beside.begin(lambda: caches.owe(in_place=self.in_place))
            undo = {**undo_of(work, {**replaced, **going}), **theirs}
            work.records, work.history = seen.records, self._write_down(work, seen, undo)
        work.copies_alike = bool(alike) and all(alike)

    def _write_down(self, work: Work, seen: Surroundings, undo: Mapping[str, Replaced | None]) -> History:
        """Write the record of the release, settle those that nobody has ended, and return the history as it is then."""
        first, history = work.remote.mode is None, seen.history
        if not history.releases and not first:
            history = replace(history, releases=(_found(work),))
            _put(work, history.releases[-1])
        for open_one in (it for it in history.releases if it.standing is Standing.OPEN):
            _put(work, replace(open_one, standing=Standing.UNVERIFIED))
        if work.plan.commit or undo:
            work.release = _release(work, history, {} if first else undo)
            _put(work, work.release)
        settled = [key for key in seen.records if is_open(key) and id_in(key) not in history.damaged]
        if settled:
            work.stop.check()
            work.store.delete(settled)
        ended = (
            replace(it, standing=Standing.UNVERIFIED) if it.standing is Standing.OPEN else it for it in history.releases
        )
        return replace(history, releases=(*ended, *([work.release] if work.release else ())), dead=())


def _publication(work: Work, replaced: Mapping[str, Replaced]) -> Publication:
    return Publication(work.plan.plan_id, work.plan.commit.sha256 if work.plan.commit else None, replaced)


def keep_document_ahead(work: Work) -> None:
    """Send the metadata as it was read into the pool, under its SHA-256, where a release will keep it and nothing else
    is sent that is as large. A new connection has the record and the commit wait for several answers; one that has
    carried this does not. Whether it arrives is all one: it is copied with the others."""
    document, base, plan = work.remote.document, work.remote.metadata_base, work.plan
    sent = sum(up.size for up in plan.uploads)
    if document is None or base is None or plan.commit is None or not work.terms.keep.anything:
        return
    if work.uploader.concurrency == 1 or not sent < len(document) > AT_ONCE:
        return

    def put() -> None:
        work.stop.check()
        with suppress(GalleriaError):
            work.store.put(pool_key(base.sha256), document, POOL_HEADERS)

    work.beside.begin(put)


@contextmanager
def claiming_ahead(work: Work, nearly_sent: Callable[[], bool]) -> Iterator[None]:
    """While the last of what is staged is sent, as ``nearly_sent`` tells, claim the right to publish, look around, and
    keep what is going to be replaced, where that is known by now. Where another publishes at this moment ``Keep`` waits
    for it."""
    staged = threading.Event()

    def claim() -> None:
        while not nearly_sent():
            if staged.wait(_LOOK_UP_SECONDS):
                return
        work.stop.check()
        try:
            work.hold = Hold.claim(work.store, _publication(work, {}))
        except Conflict:
            return
        with work.hold.beating(lambda: work.stop.requested):
            work.surroundings = _looked_around(work)
            if (replaced := _foreseen(work)) is not None:
                Keep().keep(work, work.hold, replaced)
                work.is_kept = True
            staged.wait()

    with Beside(work.uploader.concurrency) as beside:
        beside.begin(claim)
        try:
            yield
        finally:
            staged.set()


def _foreseen(work: Work) -> Mapping[str, Replaced] | None:
    """What keys hold that are going to be replaced, where nothing of it depends on what is being staged: each key is of
    the gallery and there, or it is new. ``None`` where that is not so."""
    was, there = part_of_it(work, (up.key for up in work.plan.uploads)), work.remote.listing or {}
    if work.plan.copies or work.caches or any((up.key in was) != (up.key in there) for up in work.plan.uploads):
        return None
    actions = replacing(work)
    replaced = looked_at(work, actions)
    return replaced if len(replaced) == len(actions) else None


def _not_kept_yet(work: Work, replaced: Mapping[str, Replaced]) -> dict[str, Replaced]:
    """Of what a publish that died was about to replace, what it has neither kept nor touched."""
    pool = work.remote.listing or {}
    lacking = {key: it for key, it in replaced.items() if it.kept and it.kept not in pool}
    found: dict[str, Replaced] = {}

    def look(item: tuple[str, Replaced]) -> None:
        if is_as_before(work.store, *item):
            found[item[0]] = item[1]

    side_by_side(lacking.items(), look, work.uploader.concurrency)
    return found


def _looked_around(work: Work) -> Surroundings:
    """What nobody else changes from our claim on. Raises ``Conflict`` when another has committed since the plan was
    made."""
    store, known = work.store, work.history.read if work.history else {}
    ours = records_in(work.remote.listing or ())
    listed = [key for key in ours if key.startswith(RELEASES_FOLDER) and key not in known]
    with Beside(work.uploader.concurrency) as beside:
        around = beside.begin(lambda: work.around or _around(work))
        read = beside.begin(lambda: read_records(store, listed))
        going = beside.begin(lambda: looked_at(work, going_of(work)))
    etags, metadata = around.result().records, work.remote.metadata_base
    # what the plan was made of is not read again where it is as it was
    same = {key: it for key, it in known.items() if etags.get(key) == it.etag}
    records, been_read = tuple(etags), {**read.result(), **same}
    history = read_history(store, records, metadata.sha256 if metadata else None, work.remote.manifest, been_read)
    return Surroundings(records, history, {**going.result(), **document_of(work, around.result().document)})


def _around(work: Work) -> Around:
    with Beside(work.uploader.concurrency) as beside:
        document = beside.begin(lambda: _current_document(work))
        beside.begin(work.record.refresh)
        records = {found.key: found.etag for found in work.store.list(RELEASES_FOLDER)}
    return Around(document.result(), records)


def look_around(store: ReadStore, remote: RemoteState, concurrency: int) -> Around:
    """What nobody else changes from our claim on, for a plan of all that ``remote`` holds. Raises ``Conflict`` when
    another has committed since that was read."""
    with Beside(concurrency) as beside:
        document = beside.begin(lambda: check_base(store, METADATA_KEY, remote.metadata_base))
        beside.begin(lambda: check_base(store, MANIFEST_KEY, remote.manifest_base))
        records = {found.key: found.etag for found in store.list(RELEASES_FOLDER)}
    return Around(document.result(), records)


def _current_document(work: Work) -> ObjectHead | None:
    """The metadata document, where this deploy has one. Raises ``Conflict`` when it is not that of the plan."""
    document = work.local.document
    return check_base(work.store, document.key, work.plan.base) if document else None


def _of_the_dead(work: Work, history: History) -> dict[str, Replaced | None]:
    """What keys held before a release that died did what the bucket's record says of them: that is part of this one."""
    undo = [(key, it) for dead in reversed(history.dead) for key, it in dead.undo.items() if key != METADATA_KEY]
    return {key: it for key, it in undo if says_otherwise(work.remote.manifest, key, it)}


def _put(work: Work, release: Release) -> None:
    work.stop.check()
    work.store.put(release.key, release.to_bytes(), RECORD_HEADERS)


def _release(work: Work, history: History, undo: Mapping[str, Replaced | None]) -> Release:
    plan, terms, live = work.plan, work.terms, history.live
    base = work.remote.metadata_base
    return Release(
        id=id_for(plan.plan_id, terms.now(), history.last_id),
        plan_id=plan.plan_id,
        kind=terms.kind,
        who=terms.who,
        counts=Counts(
            len({up.photo for up in plan.uploads if up.photo} | {copy.photo for copy in plan.copies if copy.photo}),
            len(plan.removed_photos),
            len(plan.uploads) + len(plan.copies),
            len(plan.deletes),
            plan.bytes_to_upload + sum(copy.size for copy in plan.copies),
        ),
        metadata=plan.commit.sha256 if plan.commit else base.sha256 if base else None,
        commit=plan.commit.sha256 if plan.commit else None,
        previous=terms.previous or (live.state if live and not terms.restores else None),
        restores=terms.restores,
        undo=undo,
        strategy=terms.strategy,
        taken_from=terms.taken_from,
    )


def _found(work: Work) -> Release:
    """The gallery that was there before releases were recorded."""
    base = work.remote.metadata_base or work.remote.manifest_base
    assert base
    metadata = work.remote.metadata_base
    return Release(
        id=id_for(base.sha256, work.terms.now(), None),
        plan_id="",
        kind=Kind.FOUND,
        metadata=metadata.sha256 if metadata else None,
        standing=Standing.UNVERIFIED,
    )
