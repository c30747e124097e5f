"""In a slot: the new gallery is made beside the live one, proved there, perhaps tried, and then shown."""

from __future__ import annotations

from galleria_action.deployment.apply.keep import Keep
from galleria_action.deployment.apply.order import Step
from galleria_action.deployment.apply.publish import Conclude
from galleria_action.deployment.apply.restore import Restore
from galleria_action.deployment.apply.retain import Retain
from galleria_action.deployment.apply.steps import Stage
from galleria_action.deployment.galleries import Wanted
from galleria_action.deployment.routing.router import Slots
from galleria_action.deployment.slots.fill import Fill, ProveSlot
from galleria_action.deployment.slots.switch import Look, PutAside, Switch, TakeUp, Try, not_looked
from galleria_action.deployment.strategies.rolling import rolling

_SWITCHED = (Conclude(), Retain())


def blue_green(
    slots: Slots,
    fill: Fill,
    local: Wanted,
    percent: tuple[int, ...] = (),
    *,
    stage: Step | None = None,
    restore: Restore | None = None,
    look: Look = not_looked,
) -> tuple[Step, ...]:
    """Fill the slot, prove it, and show it to all; before, where ``percent`` are given, to these shares of the
    visitors, of whom one takes a ``look``. Where there is no router the gallery in place gets what was proved, and
    ``local`` commits it. Bytes come from the disk, or by ``stage`` and ``restore`` from elsewhere."""
    stage = stage or Stage()
    if slots.router is None:
        _, *in_place = rolling(local, restore)
        return (stage, fill, ProveSlot(), *in_place)
    trial = (Try(slots, percent, look=look),) if percent else ()
    return (stage, fill, ProveSlot(), *trial, Keep(in_place=False), Switch(slots), *_SWITCHED)


def put_aside(
    slots: Slots,
    fill: Fill,
    strategy: str,
    percent: tuple[int, ...] = (),
    *,
    stage: Step | None = None,
    look: Look = not_looked,
) -> tuple[Step, ...]:
    """Fill the slot, prove it, and leave it to somebody to promote it; ``percent`` of the visitors get it meanwhile."""
    trial = (Try(slots, percent, stays=True, look=look),) if percent else ()
    return (stage or Stage(), fill, ProveSlot(), PutAside(slots, strategy), *trial, Conclude())


def promoted(slots: Slots, local: Wanted, restore: Restore) -> tuple[Step, ...]:
    """Show what waits in a slot to all. Where there is no router it is copied in place by ``restore``."""
    if slots.router is None:
        stage, *in_place = rolling(local, restore)
        return (stage, TakeUp(slots), ProveSlot(), *in_place)
    return (TakeUp(slots), ProveSlot(), Keep(in_place=False), Switch(slots), *_SWITCHED)


def brought_back(slots: Slots, fill: Fill) -> tuple[Step, ...]:
    """Have the idle slot hold an earlier release, and show it to all: where it holds that still, nothing is copied."""
    return (fill, ProveSlot(), Keep(in_place=False), Switch(slots), *_SWITCHED)
