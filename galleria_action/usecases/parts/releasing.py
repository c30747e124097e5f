"""What a run has to do with releases beside its steps: under what it makes one, how one ends, whether it may."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from galleria_action.deployment.apply.beside import Beside
from galleria_action.deployment.apply.publishing import Hold
from galleria_action.deployment.apply.retain import anything_to_let_go, pooled, retain, retain_under
from galleria_action.deployment.events import Deploying, Released
from galleria_action.deployment.model import Plan
from galleria_action.deployment.releases.history import History, read_history
from galleria_action.deployment.releases.hold import HOLD_KEY, held
from galleria_action.deployment.releases.record import (
    RELEASES_FOLDER,
    Release,
    Standing,
    id_in,
    is_open,
    time_of,
)
from galleria_action.deployment.releases.terms import Terms
from galleria_action.deployment.remote.listing import records_in
from galleria_action.deployment.remote.reading import RemoteState
from galleria_action.deployment.remote.verification import Verification
from galleria_action.deployment.shards import SHARDS_FOLDER
from galleria_action.deployment.state.publication import Publication
from galleria_action.errors import Conflict, GalleriaError, ReleaseUnavailable, VerifyFailed
from galleria_action.gallery.metadata.model import GalleryMetadata
from galleria_action.gallery.metadata.schema import RemoteInvalid, parse_remote
from galleria_action.storage.conditions import prove_ahead
from galleria_action.storage.interface import RECORD_HEADERS, ReadStore, WriteStore, open_ahead
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.approval import check_approval
from galleria_action.values import dataclass, replace

if TYPE_CHECKING:
    from galleria_action.deployment.apply.work import Work

#: documents, records, listings and probes that a deploy asks for at once, beside the objects that it changes
BESIDE = 10


def terms_of(context: Context) -> Terms:
    """Under what this run makes a release."""
    options = context.options
    return Terms(options.releases.keeping, context.who, context.now, strategy=options.strategy.strategy)


def check_hold(store: ReadStore, remote: RemoteState) -> None:
    """Raise ``Held`` where deploys are held, as far as a listing tells; before a publish it is looked at anew."""
    if HOLD_KEY in (remote.listing or ()):
        raise held(store)


def history_of(store: ReadStore, remote: RemoteState) -> History:
    """The releases of the gallery that lies there. Raises the store's errors, and ``ConfigInvalid`` for newer ones."""
    listed = remote.listing
    keys: Iterable[str] = (it.key for it in store.list(RELEASES_FOLDER)) if listed is None else listed
    metadata = remote.metadata_base
    return read_history(store, keys, metadata.sha256 if metadata else None, remote.manifest)


def metadata_of(release: Release, body: bytes | None) -> GalleryMetadata | None:
    """What the metadata document ``body`` of a ``release`` says (``None``: it has none). Raises ``ReleaseUnavailable``
    where it cannot be understood."""
    try:
        return parse_remote(body) if body is not None else None
    except RemoteInvalid as error:
        raise ReleaseUnavailable(
            f"The metadata of {release.id} cannot be understood: {error}. Nothing was written.",
            hint="history lists what can be brought back.",
        ) from error


def begin(context: Context, store: WriteStore, plan: Plan) -> None:
    """The last question before the gallery in ``store`` is written to for which there are no files here, and word that
    it is."""
    check_approval(context, plan)
    context.stop.check()
    context.tell(Deploying())
    be_ready(store, plan)
    prove_ahead(store)


def be_ready(store: WriteStore, plan: Plan) -> None:
    """Have connections opened for what carrying ``plan`` out asks for at once."""
    open_ahead(store, len(plan.uploads) + len(plan.deletes) + len(plan.copies) + BESIDE)


@dataclass
class Judged:
    """What a verification came to."""

    verification: Verification | None = None


@contextmanager
def concluding(context: Context, work: Work, *, instead: Release | None = None) -> Iterator[Judged]:
    """What is verified meanwhile is how the release of ``work`` ended, and is written down. That this fails harms
    nobody: the next deploy does it. A rollback is live ``instead`` of another release."""
    judged, release = Judged(), work.release
    if release is None:
        yield judged
        return
    context.tell(Released(release.id, release.previous or "", instead.id if instead else ""))
    try:
        yield judged
    except VerifyFailed:
        _conclude(context, work, release, Standing.FAILED)
        raise
    _conclude(context, work, release, Standing.UNVERIFIED if judged.verification is None else Standing.VERIFIED)


def _conclude(context: Context, work: Work, release: Release, standing: Standing) -> None:
    from galleria_action.deployment.apply.publish import tell_ended  # only here: most runs have nothing to publish

    ahead = work.ended.result() if work.ended else None

    def put() -> None:
        context.stop.check()
        tell_ended(work.store, replace(release, standing=standing), ahead)

    def forget_open() -> None:
        context.stop.check()
        work.store.delete([release.key])

    try:
        with Beside(work.uploader.concurrency) as beside:
            if ahead is None:  # nothing else tells of the release when its open record has gone
                put()
            elif standing is not Standing.UNVERIFIED:
                beside.begin(put)
            beside.begin(forget_open)
    except GalleriaError as error:
        context.stop.check()
        context.warn(f"The record of the release could not be ended, which the next deploy does: {error.message}")


def tidy(context: Context, store: WriteStore, remote: RemoteState) -> None:
    """Where a listing shows that an earlier run did not come to its end: end its release, and what follows. And let go
    what is not to be kept any longer, because time has gone by or less is asked for."""
    listing = remote.listing or {}
    records, keep = list(records_in(listing)), context.options.releases.keeping
    unended = list(filter(is_open, records))
    releases = {id_in(key) or "" for key in records if key.startswith(RELEASES_FOLDER)} - {""}
    made = [time_of(release) for release in sorted(releases)]
    pool, now = set(pooled(listing)), context.now()
    idle = (not keep.anything and bool(pool)) or keep.dropped(made, now) > 0
    if not (unended or idle) or any(key.startswith(SHARDS_FOLDER) for key in records):
        return
    if unended:
        _end(context, store, remote, unended)
    elif anything_to_let_go(store, pool, keep, now):  # a record that is damaged counts for nothing
        context.stop.check()
        retain(store, pool, keep, now, context.say, context.stop.check)


def _end(context: Context, store: WriteStore, remote: RemoteState, open_keys: list[str]) -> None:
    """End the releases that lie under ``open_keys``, and what follows from that, unless somebody is at work."""
    context.stop.check()
    try:
        hold = Hold.claim(store, Publication())
    except Conflict:
        return
    for release in history_of(store, remote).releases:
        if release.standing is Standing.OPEN:
            ended = replace(release, standing=Standing.UNVERIFIED)
            context.stop.check()
            store.put(ended.key, ended.to_bytes(), RECORD_HEADERS)
    context.stop.check()
    pool, keep = set(pooled(remote.listing)), context.options.releases.keeping
    retain_under(hold, pool, keep, context.now(), context.say, context.stop.check, open_keys)
