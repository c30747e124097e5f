"""A publish that somebody else has begun: waited for, finished, or taken back, before anything is written."""

from __future__ import annotations

from dataclasses import replace

from galleria_action.deployment.apply.publishing import Hold, has_died, take_back
from galleria_action.deployment.remote.reading import RemoteState, read_remote
from galleria_action.deployment.state.publication import Publication
from galleria_action.storage.interface import WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.local import LocalSide
from galleria_action.usecases.parts.planning import Comparison, make_comparison


def settled(context: Context, store: WriteStore, side: LocalSide, made: Comparison) -> Comparison:
    """``made``, or a comparison made anew, after which nobody else is publishing.

    One that died is finished when it was of the same plan, else taken back. Raises ``Conflict`` when one that is at
    work does not come to its end, and the storage's errors.
    """
    base = made.remote.publication_base
    if base is None:
        return made
    found = made.remote.publication or Publication("", None, {})
    unfinished = made.remote.unfinished
    if unfinished or not found.begun:
        context.say("Another deploy is publishing, or died while it did; waiting to see which.")
        if not has_died(store, base.etag, context.stop.pause, context.stop.check):
            return settled(context, store, side, make_comparison(context, store, side))
    context.stop.check()
    hold = Hold.claim(store, replace(found, beat=found.beat + 1), base)
    if unfinished is None:
        hold.release()
        return made
    if unfinished.plan_id == made.plan.plan_id:
        context.say("An earlier run of this plan died while it was publishing; it is finished now.")
        return replace(made, hold=hold)
    context.say(f"A publish of another plan has died; {len(unfinished.replaced):,} objects are taken back first.")
    take_back(store, unfinished, context.options.upload.concurrency, made.recorded, made.remote.manifest_base)
    hold.release()
    return make_comparison(context, store, side)


def cleared(context: Context, store: WriteStore) -> RemoteState:
    """What lies there, with a listing, when nobody is publishing: a publish that died is taken back.

    Raises ``Conflict`` when one that is at work does not come to its end, and the storage's errors.
    """
    remote = read_remote(store, listing=True)
    base = remote.publication_base
    if base is None:
        return remote
    found, unfinished = remote.publication or Publication("", None, {}), remote.unfinished
    if unfinished or not found.begun:
        context.say("Another deploy is publishing, or died while it did; waiting to see which.")
        if not has_died(store, base.etag, context.stop.pause, context.stop.check):
            return cleared(context, store)
    context.stop.check()
    hold = Hold.claim(store, replace(found, beat=found.beat + 1), base)
    if unfinished:
        context.say(f"A publish has died; {len(unfinished.replaced):,} objects are taken back first.")
        concurrency = context.options.upload.concurrency
        take_back(store, unfinished, concurrency, remote.manifest, remote.manifest_base)
    hold.release()
    return read_remote(store, listing=True)
