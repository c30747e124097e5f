"""The last step: what no kept release needs any more, nor anybody who is at work, goes from the pool."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from galleria_action.deployment.apply.order import Moment
from galleria_action.deployment.apply.publishing import Hold
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.releases.history import read_history
from galleria_action.deployment.releases.record import RELEASES_FOLDER, Release, id_in
from galleria_action.deployment.releases.terms import Keeping
from galleria_action.deployment.shards import SHARDS_FOLDER
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.deployment.state.pool import POOL_FOLDER, pool_key
from galleria_action.deployment.state.publication import Publication
from galleria_action.errors import ConfigInvalid, Conflict
from galleria_action.storage.interface import ObjectInfo, ReadStore, WriteStore
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True)
class Retain:
    """Lets releases go that are older than asked for, and what nobody needs from the pool.

    Whoever stages at this moment and loses bytes to it sends them again.
    """

    moment: Moment = Moment.PRUNE

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        if any(key.startswith(SHARDS_FOLDER) for key in work.remote.listing or ()):
            return  # other machines may have staged for a plan that is not finalized yet
        used = {pool_key(entry.sha256) for entry in work.uploader.done.staged.values()}
        kept = work.kept | (work.release.kept() if work.release else frozenset())
        candidates = {*pooled(work.remote.listing), *used, *kept}
        retain(work.store, candidates, work.terms.keep, work.terms.now(), work.say, work.stop.check)


def pooled(listing: Mapping[str, ObjectInfo] | None) -> Iterator[str]:
    """The keys of what ``listing`` shows in the pool."""
    return (key for key in listing or () if key.startswith(POOL_FOLDER))


def anything_to_let_go(store: ReadStore, candidates: set[str], keep: Keeping, now: datetime) -> bool:
    """Whether ``retain`` has anything to do, by what lies there at this moment. Raises the storage's errors."""
    try:
        return _surplus(store, candidates, keep, now).any
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
        hold = Hold.claim(store, Publication("", None, {}))
    except Conflict:
        say("Another deploy is publishing, so it is left to the next one to tidy the pool.")
        return
    try:
        errors = _let_go(store, candidates, keep, now, say, check)
        check()
    except ConfigInvalid as newer:
        say(f"Nothing is taken from the pool. {newer.message}")
        errors = {}
    errors |= hold.release()
    if errors:
        say(f"{len(errors):,} objects that nobody needs could not be deleted; the next deploy tries again.")


def _let_go(
    store: WriteStore,
    candidates: set[str],
    keep: Keeping,
    now: datetime,
    say: Callable[[str], None],
    check: Callable[[], None],
) -> dict[str, str]:
    # Read under our claim: whoever is between its record and its commit holds one.
    found = _surplus(store, candidates, keep, now)
    dropped, garbage = found.releases, found.garbage
    check()
    errors = store.delete(garbage) if garbage else {}
    # Only then: without its record nobody would know what a release kept.
    gone = [release.key for release in dropped if not release.kept() & errors.keys()] + found.damaged
    if gone:
        check()
        errors |= store.delete(gone)
    if dropped:
        freed = {held.kept: held.size for it in dropped for held in it.undo.values() if held and held.kept in garbage}
        say(f"Retention: {len(dropped):,} older releases let go, which frees {sum(freed.values()):,} bytes.")
    return errors


@dataclass(frozen=True, slots=True)
class _Surplus:
    """What goes: ``releases``, what nobody needs from the pool then, and the records among them that are damaged."""

    releases: list[Release]
    garbage: list[str]
    damaged: list[str]

    @property
    def any(self) -> bool:
        return bool(self.releases or self.garbage or self.damaged)


def _surplus(store: ReadStore, candidates: set[str], keep: Keeping, now: datetime) -> _Surplus:
    there = [found.key for found in store.list(RELEASES_FOLDER)]
    history = read_history(store, there, None, Manifest())
    together = sorted((*history.releases, *history.dead), key=lambda release: release.id)
    kept = keep.kept(together, now)
    needed = {key for release in kept[1:] for key in release.kept()} if keep.anything else set()
    dropped = together[: len(together) - len(kept)]
    garbage = sorted(candidates.union(*(release.kept() for release in dropped)) - needed)
    oldest = kept[0].id if kept else ""
    damaged = [key for key in there if (id_in(key) or oldest) < oldest and id_in(key) in history.damaged]
    return _Surplus(list(dropped), garbage, damaged)
