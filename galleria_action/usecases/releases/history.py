"""``history``: the releases of a gallery, and what a rollback to each would do. Reads only."""

from __future__ import annotations

from galleria_action.deployment.events import Listed
from galleria_action.deployment.releases.history import History
from galleria_action.deployment.releases.hold import HOLD_KEY, held
from galleria_action.deployment.releases.rollback import ListedRelease, way_back
from galleria_action.deployment.remote.reading import RemoteState, read_remote
from galleria_action.deployment.state.pool import POOL_FOLDER
from galleria_action.quantities import count
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.planning import under_way
from galleria_action.usecases.parts.releasing import history_of
from galleria_action.usecases.results import Answered


def history(context: Context) -> Answered:
    """Tell of the releases, the newest first. Raises the store's errors, and ``ConfigInvalid`` for newer records."""
    store = context.reading_store()
    with context.phase("History"):
        remote = read_remote(store, listing=True)
        context.warn_all(remote.warnings)
        if unfinished := remote.unfinished:
            context.warn(under_way(unfinished))
            remote = remote.before(unfinished)
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
    pool = {key: it.size for key, it in (remote.listing or {}).items() if key.startswith(POOL_FOLDER)}
    rolled_back, last = history.rolled_back(), len(history.releases) - 1
    listed = []
    for index, release in enumerate(history.releases):
        way = None if index == last else way_back(history, index, remote, pool)
        damaged = bool(history.damage_after(index))
        listed.append(ListedRelease(release, index == last, release.id in rolled_back, way, damaged))
    return tuple(reversed(listed))
