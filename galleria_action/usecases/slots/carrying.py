"""A plan carried out as the strategy wants it: in one go, bit by bit, or after the old gallery was taken down."""

from __future__ import annotations

from galleria_action.deployment.outgoing.done import UploadsDone
from galleria_action.deployment.routing.router import Slots
from galleria_action.deployment.state.checkpoint import Checkpoint
from galleria_action.options.strategy import Strategy
from galleria_action.quantities import count
from galleria_action.storage.interface import WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.applying import put_online
from galleria_action.usecases.parts.batches import batches, in_private
from galleria_action.usecases.parts.local import LocalSide
from galleria_action.usecases.parts.planning import Comparison, make_comparison
from galleria_action.usecases.parts.recreating import before_it, take_down
from galleria_action.usecases.results import Deployed, PutAside
from galleria_action.usecases.slots.steps import steps_of
from galleria_action.values import replace


def carried_out(
    context: Context, slots: Slots, store: WriteStore, side: LocalSide, made: Comparison, checkpoint: Checkpoint
) -> Deployed | PutAside:
    """The plan, in one go or in several."""
    done, previous, part_of_it = UploadsDone(), None, in_private(context)
    if context.options.strategy.strategy is Strategy.RECREATE:
        if made.plan.remote_photo_count:
            take_down(context, store, made)
            made = make_comparison(part_of_it, store, side)
        previous = before_it(store, made)
    smaller = list(batches(made, context.options.strategy.batch))
    for number, gallery in enumerate(smaller, 1):
        context.say(f"Part {number} of {len(smaller) + 1}: {count(len(gallery.photos or ()), 'photo')}")
        part = make_comparison(part_of_it, store, replace(side, gallery=gallery))
        put_online(part_of_it, store, part, checkpoint, done)
    if smaller:
        made = make_comparison(part_of_it, store, side)
    return put_online(context, store, made, checkpoint, done, steps_of(context, slots, made), previous)
