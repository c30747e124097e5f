"""The steps by which a deploy puts its gallery online, as the options want them."""

from __future__ import annotations

from collections.abc import Sequence

from galleria_action.deployment.apply.order import Step
from galleria_action.deployment.routing.router import Slots
from galleria_action.deployment.slots.fill import Fill
from galleria_action.deployment.slots.filling import pieces
from galleria_action.deployment.strategies.blue_green import Trial, blue_green, put_aside
from galleria_action.deployment.strategies.rolling import rolling
from galleria_action.options.strategy import Promote
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.planning import Comparison


def steps_of(context: Context, slots: Slots, made: Comparison) -> Sequence[Step]:
    """The steps for what was ``made``."""
    options = context.options.strategy
    if not options.strategy.in_slots:
        return rolling(made.local)
    fill = Fill(slots, lambda work: pieces(work.local, work.plan, work.remote, work.uploader.done, slots.live))
    trial = Trial(options.shares, float(options.canary_wait)) if options.shares else None
    if options.promote is Promote.MANUAL:
        return put_aside(slots, fill, options.strategy, trial)
    return blue_green(slots, fill, made.local, trial)
