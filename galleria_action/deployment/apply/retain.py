"""The last step: what no kept release needs any more, nor anybody who is at work, goes from the pool."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime

from galleria_action.deployment.apply.order import Moment
from galleria_action.deployment.apply.publishing import Hold
from galleria_action.deployment.apply.work import Work, delete_failed
from galleria_action.deployment.releases.history import History, read_history
from galleria_action.deployment.releases.record import RELEASES_FOLDER, Release, id_in
from galleria_action.deployment.releases.terms import Keeping
from galleria_action.deployment.remote.listing import records_in
from galleria_action.deployment.shards import SHARDS_FOLDER
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.deployment.state.pool import POOL_FOLDER, pool_key
from galleria_action.deployment.state.publication import PUBLICATION_KEY, Publication
from galleria_action.errors import ConfigInvalid, Conflict
from galleria_action.quantities import count
from galleria_action.storage.interface import ObjectInfo, ReadStore, WriteStore
from galleria_action.values import dataclass, replace

_BUSY = "Another deploy is publishing, so it is left to the next one to tidy the pool."


@dataclass(frozen=True, slots=True)
class Retain:
    """Lets releases go that are older than asked for, and what nobody needs from the pool, and then others publish.

    It goes on beside what follows. Whoever stages at this moment and loses bytes to it sends them again.
    """

    moment: Moment = Moment.PRUNE

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        if work.over is None:
            return
        hold, work.over = work.over, None
        work.beside.begin(lambda: self._tidy(work, hold))

    def _tidy(self, work: Work, hold: Hold) -> None:
        work.stop.check()
        try:
            hold.sure()
        except Conflict:  # it has taken us for dead
            work.say(_BUSY)
            return
        let_go(work.store, hold, surplus_of(work), work.say, work.stop.check, work.is_ended)


def surplus_of(work: Work) -> Surplus:
    """What there is to tidy under our claim, after the commit: nobody else has done so meanwhile."""
    if work.history is None or any(key.startswith(SHARDS_FOLDER) for key in records_in(work.remote.listing or ())):
        return Surplus()  # other machines may have staged for a plan that is not finalized yet
    used = {pool_key(entry.sha256) for entry in work.uploader.done.staged.values()}
    kept = work.kept | (work.release.kept() if work.release else frozenset())
    candidates = {*pooled(work.remote.listing), *used, *kept}
    return surplus(work.history, work.records, candidates, work.terms.keep, work.terms.now())


def pooled(listing: Mapping[str, ObjectInfo] | None) -> Iterator[str]:
    """The keys of what ``listing`` shows in the pool."""
    return (key for key in records_in(listing or ()) if key.startswith(POOL_FOLDER))


@dataclass(frozen=True, slots=True)
class Surplus:
    """What goes: ``releases``, what nobody needs from the pool then, and the records among them that are damaged, or
    count for nothing any more."""

    releases: tuple[Release, ...] = ()
    garbage: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether anything does."""
        return bool(self.releases or self.garbage or self.damaged)


def surplus(
    history: History, records: Collection[str], candidates: Collection[str], keep: Keeping, now: datetime
) -> Surplus:
    """What goes of the releases in ``history``, whose records have the keys ``records``, and of the pool: of
    ``candidates``, and of what the releases that go needed."""
    together = sorted((*history.releases, *history.dead), key=lambda release: release.id)
    kept = keep.kept(together, now)
    needed = {key for release in kept[1:] for key in release.kept()} if keep.anything else set()
    dropped = tuple(together[: len(together) - len(kept)])
    garbage = sorted({*candidates}.union(*(release.kept() for release in dropped)) - needed)
    oldest = kept[0].id if kept else ""
    damaged = (key for key in records if (id_in(key) or oldest) < oldest and id_in(key) in history.damaged)
    return Surplus(dropped, tuple(garbage), tuple(damaged))


def anything_to_let_go(store: ReadStore, candidates: set[str], keep: Keeping, now: datetime) -> bool:
    """Whether ``retain`` has anything to do, by what lies there at this moment. Raises the storage's errors."""
    try:
        return _surplus_now(store, candidates, keep, now).any
    except ConfigInvalid:
        return True  # of which retain says what there is to say


def retain(
    store: WriteStore,
    candidates: set[str],
    keep: Keeping,
    now: datetime,
    say: Callable[[str], None],
    check: Callable[[], None],
) -> None:
    """Keep of the releases what ``keep`` asks for, and of the pool what these need: of ``candidates``, and of what the
    others needed. Nothing is done where somebody is publishing; the next deploy does it. ``check`` may raise between
    any two writes. Raises the storage's errors.
    """
    there = [found.key for found in store.list(RELEASES_FOLDER)]
    if not candidates and len(there) <= keep.releases + 1:
        return
    check()
    try:
        hold = Hold.claim(store, Publication())
    except Conflict:
        say(_BUSY)
        return
    retain_under(hold, candidates, keep, now, say, check)


def retain_under(
    hold: Hold,
    candidates: set[str],
    keep: Keeping,
    now: datetime,
    say: Callable[[str], None],
    check: Callable[[], None],
    over: Collection[str] = (),
) -> None:
    """The same under ``hold``, which ends with it. The records ``over`` count for nothing any more, and go last:
    whoever comes after one that died finds that something is left to be done."""
    try:
        # Read under our claim: whoever is between its record and its commit holds one.
        found = _surplus_now(hold.store, candidates, keep, now, over)
    except ConfigInvalid as newer:
        say(f"Nothing is taken from the pool. {newer.message}")
        found = Surplus()
    let_go(hold.store, hold, replace(found, damaged=(*found.damaged, *over)), say, check)


def _surplus_now(
    store: ReadStore, candidates: set[str], keep: Keeping, now: datetime, over: Collection[str] = ()
) -> Surplus:
    there = [found.key for found in store.list(RELEASES_FOLDER) if found.key not in over]
    return surplus(read_history(store, there, None, Manifest()), there, candidates, keep, now)


def let_go(
    store: WriteStore,
    hold: Hold,
    found: Surplus,
    say: Callable[[str], None],
    check: Callable[[], None],
    first: Callable[[], None] = lambda: None,
) -> None:
    """Delete what was ``found`` under ``hold``, which ends with it, when all is done that has to be done ``first``.
    ``check`` may raise between any two writes. Raises the storage's errors, and ``DeleteFailed`` where the claim
    remains."""
    check()
    errors = store.delete(found.garbage) if found.garbage else {}
    first()
    check()
    # Only then: without its record nobody would know what a release kept. And nobody publishes before: a delete that is
    # on its way must not meet what the next release keeps.
    gone = [release.key for release in found.releases if not release.kept() & errors.keys()]
    refused = store.delete([*gone, *found.damaged, PUBLICATION_KEY])
    if PUBLICATION_KEY in refused:
        raise delete_failed({PUBLICATION_KEY: refused[PUBLICATION_KEY]})
    if found.releases:
        garbage = frozenset(found.garbage)
        freed = {it.kept: it.size for one in found.releases for it in one.undo.values() if it and it.kept in garbage}
        say(f"Retention: {len(found.releases):,} older releases let go, which frees {sum(freed.values()):,} bytes.")
    if errors or refused:
        left = len(errors) + len(refused)
        say(f"{count(left, 'object')} that nobody needs could not be deleted; the next deploy tries again.")
