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
    RELEASE_HEADERS,
    RELEASES_FOLDER,
    Release,
    Standing,
    id_in,
    is_open,
    time_of,
)
from galleria_action.deployment.releases.terms import Terms
from galleria_action.deployment.remote.reading import RemoteState
from galleria_action.deployment.remote.verification import Verification
from galleria_action.deployment.shards import SHARDS_FOLDER
from galleria_action.deployment.state.publication import Publication
from galleria_action.errors import Conflict, GalleriaError, VerifyFailed
from galleria_action.storage.conditions import prove_ahead
from galleria_action.storage.interface import ReadStore, WriteStore, seconds_between_writes
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.approval import check_approval
from galleria_action.values import dataclass, replace

if TYPE_CHECKING:
    from galleria_action.deployment.apply.upload import Uploader
    from galleria_action.deployment.apply.work import Work


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


def begin(context: Context, store: WriteStore, plan: Plan) -> None:
    """The last question before the gallery in ``store`` is written to for which there are no files here, and word that
    it is."""
    check_approval(context, plan)
    context.stop.check()
    context.tell(Deploying())
    prove_ahead(store)


def idle_uploader(context: Context, store: WriteStore) -> Uploader:
    """For a run that has nothing to upload."""
    from galleria_action.deployment.apply.upload import Uploader
    from galleria_action.deployment.outgoing.prepare import PreparePolicy

    concurrency = context.options.upload.concurrency
    return Uploader(store, PreparePolicy(), concurrency, context.stop, context.tell)


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
    ending = _Ending(context, work, release)
    try:
        yield judged
    except VerifyFailed:
        ending.told(Standing.FAILED)
        raise
    ending.told(Standing.UNVERIFIED if judged.verification is None else Standing.VERIFIED)


class _Ending:
    """Writes down how ``release`` ended. That it has ended goes ahead, beside the verification: so its open record can
    go while it is written how. A service that takes few writes of one object is told once."""

    def __init__(self, context: Context, work: Work, release: Release) -> None:
        self._context, self._work, self._release = context, work, release
        self._ahead = None if seconds_between_writes(work.store) else work.beside.begin(self._went_ahead)

    def told(self, standing: Standing) -> None:
        """It ended with ``standing``."""
        ahead = self._ahead is not None and self._ahead.result()
        try:
            with Beside(self._work.uploader.concurrency) as beside:
                if not ahead:  # nothing else tells of the release when its open record has gone
                    self._put(standing)
                elif standing is not Standing.UNVERIFIED:
                    beside.begin(lambda: self._put(standing))
                beside.begin(self._forget_open)
        except GalleriaError as error:
            self._context.stop.check()
            text = "The record of the release could not be ended, which the next deploy does"
            self._context.warn(f"{text}: {error.message}")

    def _went_ahead(self) -> bool:
        """Whether that could be written; else it is tried again in the end."""
        try:
            self._put(Standing.UNVERIFIED)
        except GalleriaError:
            return False
        return True

    def _put(self, standing: Standing) -> None:
        ended = replace(self._release, standing=standing)
        self._context.stop.check()
        self._work.store.put(ended.key, ended.to_bytes(), RELEASE_HEADERS)

    def _forget_open(self) -> None:
        self._context.stop.check()
        self._work.store.delete([self._release.key])


def tidy(context: Context, store: WriteStore, remote: RemoteState) -> None:
    """Where a listing shows that an earlier run did not come to its end: end its release, and what follows. And let go
    what is not to be kept any longer, because time has gone by or less is asked for."""
    listing = remote.listing or {}
    unended, keep = [key for key in listing if is_open(key)], context.options.releases.keeping
    releases = {id_in(key) or "" for key in listing if key.startswith(RELEASES_FOLDER)} - {""}
    made = [time_of(release) for release in sorted(releases)]
    pool, now = set(pooled(listing)), context.now()
    idle = (not keep.anything and bool(pool)) or keep.dropped(made, now) > 0
    if not (unended or idle) or any(key.startswith(SHARDS_FOLDER) for key in listing):
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
        hold = Hold.claim(store, Publication("", None, {}))
    except Conflict:
        return
    for release in history_of(store, remote).releases:
        if release.standing is Standing.OPEN:
            ended = replace(release, standing=Standing.UNVERIFIED)
            context.stop.check()
            store.put(ended.key, ended.to_bytes(), RELEASE_HEADERS)
    context.stop.check()
    pool, keep = set(pooled(remote.listing)), context.options.releases.keeping
    retain_under(hold, pool, keep, context.now(), context.say, context.stop.check, open_keys)
