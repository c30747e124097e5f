"""``history``: the releases of a gallery, and what a rollback to each would do. Reads only."""

from __future__ import annotations

from galleria_action.deployment.events import Listed
from galleria_action.deployment.releases.history import History
from galleria_action.deployment.releases.hold import HOLD_KEY, held
from galleria_action.deployment.releases.rollback import ListedRelease, pool_of, way_back
from galleria_action.deployment.remote.reading import RemoteState, read_remote
from galleria_action.quantities import count
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.planning import as_before
from galleria_action.usecases.parts.releasing import history_of
from galleria_action.usecases.results import Answered


def history(context: Context) -> Answered:
    """Tell of the releases, the newest first. Raises the store's errors, and ``ConfigInvalid`` for newer records."""
    store = context.reading_store()
    with context.phase("History"):
        remote = read_remote(store, listing=True)
        context.warn_all(remote.warnings)
        remote = as_before(context, remote)
        found = history_of(store, remote)
        context.warn_all(found.warnings)
        if any(key == HOLD_KEY for key in remote.listing or ()):
            context.warn(held(store).message.replace(" Nothing was written.", ""))
        listed = listed_releases(found, remote)
        context.tell(Listed(listed))
    if not listed:
        return Answered(f"There are no releases at {context.target} yet: the next deploy makes the first.")
    back = sum(it.can_come_back for it in listed)
    return Answered(f"{count(len(listed), 'release')}, of which {back or 'none'} can be brought back.")


def listed_releases(history: History, remote: RemoteState) -> tuple[ListedRelease, ...]:
    """The releases as they are told of, the newest first."""
    pool = pool_of(remote)
    rolled_back, last = history.rolled_back(), len(history.releases) - 1
    listed = []
    for index, release in enumerate(history.releases):
        way = None if index == last else way_back(history, index, remote, pool)
        damaged = bool(history.damage_after(index))
        listed.append(ListedRelease(release, index == last, release.id in rolled_back, way, damaged))
    return tuple(reversed(listed))
