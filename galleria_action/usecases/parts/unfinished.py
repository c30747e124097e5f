"""A publish that somebody else has begun: waited for, finished, or taken back, before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from galleria_action.deployment.apply.publishing import Hold, has_died, take_back
from galleria_action.deployment.remote.reading import RemoteState, read_remote
from galleria_action.deployment.state.publication import Publication
from galleria_action.quantities import count
from galleria_action.storage.interface import WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.local import LocalSide
from galleria_action.usecases.parts.planning import Comparison, make_comparison
from galleria_action.values import replace

T = TypeVar("T")


def settled(context: Context, store: WriteStore, side: LocalSide, made: Comparison) -> Comparison:
    """``made``, or a comparison made anew, after which nobody else is publishing.

    One that died is finished when it was of the same plan, else taken back. Raises ``Conflict`` when one that is at
    work does not come to its end, and the storage's errors.
    """

    def anew() -> Comparison:
        return make_comparison(context, store, side)

    made, hold = _taken_over(context, store, made, lambda it: it.remote, anew)
    unfinished = made.remote.unfinished
    if hold is None:
        return made
    if unfinished is None:
        hold.release()
        return made
    if unfinished.plan_id == made.plan.plan_id:
        context.say("An earlier run of this plan died while it was publishing; it is finished now.")
        return replace(made, hold=hold)
    context.say(
        f"A publish of another plan has died; it is taken back first ({count(len(unfinished.replaced), 'object')})."
    )
    take_back(store, unfinished, context.options.upload.concurrency, made.recorded, made.remote.manifest_base)
    hold.release()
    return anew()


def cleared(context: Context, store: WriteStore) -> RemoteState:
    """What lies there, with a listing, when nobody is publishing: a publish that died is taken back.

    Raises ``Conflict`` when one that is at work does not come to its end, and the storage's errors.
    """

    def anew() -> RemoteState:
        return read_remote(store, listing=True)

    remote, hold = _taken_over(context, store, anew(), lambda it: it, anew)
    if hold is None:
        return remote
    if unfinished := remote.unfinished:
        context.say(f"A publish has died; it is taken back first ({count(len(unfinished.replaced), 'object')}).")
        concurrency = context.options.upload.concurrency
        take_back(store, unfinished, concurrency, remote.manifest, remote.manifest_base)
    hold.release()
    return anew()


def _taken_over(
    context: Context, store: WriteStore, found: T, remote_of: Callable[[T], RemoteState], anew: Callable[[], T]
) -> tuple[T, Hold | None]:
    """``found``, or what is found ``anew`` once others have come to their end; and the claim of a publish that was not
    brought to its end, which is ours then."""
    while (base := remote_of(found).publication_base) is not None:
        # Also one that has committed: it deletes, and tidies the pool.
        if not has_died(store, base.etag, context.stop, context.say):
            found = anew()
            continue
        publication = remote_of(found).publication or Publication()
        context.stop.check()
        return found, Hold.claim(store, replace(publication, beat=publication.beat + 1), base)
    return found, None
