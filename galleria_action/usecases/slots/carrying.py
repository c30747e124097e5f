"""A plan carried out as the strategy wants it: in one go, bit by bit, or after the old gallery was taken down."""

from __future__ import annotations

from collections.abc import Sequence

from galleria_action.deployment.apply.order import Step
from galleria_action.deployment.events import Event, Planned
from galleria_action.deployment.outgoing.done import UploadsDone
from galleria_action.deployment.routing.router import Slots
from galleria_action.deployment.state.checkpoint import Checkpoint
from galleria_action.options.guards import PlanApproval
from galleria_action.options.strategy import Strategy
from galleria_action.quantities import count
from galleria_action.storage.interface import WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.applying import put_online
from galleria_action.usecases.parts.local import LocalSide
from galleria_action.usecases.parts.planning import Comparison, make_comparison
from galleria_action.usecases.results import Deployed, PutAside
from galleria_action.values import replace

# What takes down, makes smaller or fills a slot is loaded where that is asked for: most galleries change in one go.


def carried_out(
    context: Context, slots: Slots, store: WriteStore, side: LocalSide, made: Comparison, checkpoint: Checkpoint
) -> Deployed | PutAside:
    """The plan, in one go or in several."""
    options, done, previous = context.options.strategy, UploadsDone(), None
    if options.strategy is Strategy.RECREATE:
        from galleria_action.usecases.parts.recreating import before_it, take_down

        if made.plan.remote_photo_count:
            take_down(context, store, made)
            made = make_comparison(_in_private(context), store, side)
        previous = before_it(store, made)
    if options.batch:
        made = _bit_by_bit(context, store, side, made, checkpoint, done, options.batch)
    steps: Sequence[Step] = ()
    if options.strategy.in_slots:
        from galleria_action.usecases.slots.steps import steps_of

        steps = steps_of(context, slots, made)
    return put_online(context, store, made, checkpoint, done, steps, previous)


def _bit_by_bit(
    context: Context,
    store: WriteStore,
    side: LocalSide,
    made: Comparison,
    checkpoint: Checkpoint,
    done: UploadsDone,
    size: int,
) -> Comparison:
    """Have smaller galleries online first, of ``size`` new photos more each; what is left to do then."""
    from galleria_action.usecases.parts.batches import batches

    part_of_it, smaller = _in_private(context), list(batches(made, size))
    for number, gallery in enumerate(smaller, 1):
        context.say(f"Part {number} of {len(smaller) + 1}: {count(len(gallery.photos or ()), 'photo')}")
        part = make_comparison(part_of_it, store, replace(side, gallery=gallery))
        put_online(part_of_it, store, part, checkpoint, done)
    return make_comparison(part_of_it, store, side) if smaller else made


def _in_private(context: Context) -> Context:
    """The same run for a part of what was approved and shown as a whole."""

    def tell(event: Event) -> None:
        if not isinstance(event, Planned):
            context.tell(event)

    guards = replace(context.options.guards, approved_plan=None, plan_approval=PlanApproval.OFF)
    return replace(context, options=replace(context.options, guards=guards), tell=tell)
