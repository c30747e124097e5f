"""The steps by which a deploy puts its gallery online, in a slot or brought from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from galleria_action.deployment.apply.order import Step
from galleria_action.deployment.apply.restore import Restore
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.galleries import Wanted
from galleria_action.deployment.routing.router import Slots
from galleria_action.deployment.slots.fill import Fill
from galleria_action.deployment.slots.filling import Piece, pieces, pieces_brought
from galleria_action.deployment.state.manifest import ManifestEntry
from galleria_action.deployment.strategies.blue_green import Trial, blue_green, put_aside
from galleria_action.deployment.strategies.rolling import rolling
from galleria_action.options.strategy import Promote
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.planning import Comparison


def steps_of(context: Context, slots: Slots, made: Comparison) -> Sequence[Step]:
    """The steps for what was ``made`` of files on disk, into a slot."""

    def wanted(work: Work) -> Mapping[str, Piece]:
        return pieces(work.local, work.plan, work.remote, work.uploader.done, slots.live)

    return _in_slot(context, slots, made.local, wanted)


def steps_onward(
    context: Context, slots: Slots, local: Wanted, bring: Step, recorded: Mapping[str, ManifestEntry]
) -> Sequence[Step]:
    """The steps for what ``bring`` brings from another environment; ``recorded`` is what the record is to say then."""
    publish = Restore(recorded, "Publishing {} in place of live ones")
    if not context.options.strategy.strategy.in_slots:
        return (bring, *rolling(local, publish))

    def wanted(work: Work) -> Mapping[str, Piece]:
        return pieces_brought(work.local, work.plan, work.remote, recorded, slots.live)

    return _in_slot(context, slots, local, wanted, bring, publish)


def _in_slot(
    context: Context,
    slots: Slots,
    local: Wanted,
    wanted: Callable[[Work], Mapping[str, Piece]],
    stage: Step | None = None,
    restore: Restore | None = None,
) -> Sequence[Step]:
    options, fill = context.options.strategy, Fill(slots, wanted)
    trial = Trial(options.shares, float(options.canary_wait)) if options.shares else None
    if options.promote is Promote.MANUAL:
        return put_aside(slots, fill, options.strategy, trial, stage=stage)
    return blue_green(slots, fill, local, trial, stage=stage, restore=restore)
