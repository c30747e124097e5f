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
from galleria_action.deployment.slots.switch import PutAside, Switch, TakeUp, Try
from galleria_action.deployment.strategies.rolling import rolling
from galleria_action.values import dataclass

_SWITCHED = (Conclude(), Retain())


@dataclass(frozen=True, slots=True)
class Trial:
    """``percent`` after ``percent`` of the visitors get a gallery first, each share of them for so many ``seconds``."""

    percent: tuple[int, ...]
    seconds: float


def blue_green(
    slots: Slots,
    fill: Fill,
    local: Wanted,
    trial: Trial | None = None,
    *,
    stage: Step | None = None,
    restore: Restore | None = None,
) -> tuple[Step, ...]:
    """Fill the slot, prove it, and show it to all; before, where there is a ``trial``, to its shares of the visitors.
    Where there is no router the gallery in place gets what was proved, and ``local`` commits it. Bytes come from the
    disk, or by ``stage`` and ``restore`` from elsewhere."""
    stage = stage or Stage()
    if slots.router is None:
        _, *in_place = rolling(local, restore)
        return (stage, fill, ProveSlot(), *in_place)
    tried = (Try(slots, trial.percent, trial.seconds),) if trial else ()
    return (stage, fill, ProveSlot(), *tried, Keep(in_place=False), Switch(slots), *_SWITCHED)


def put_aside(
    slots: Slots, fill: Fill, strategy: str, trial: Trial | None = None, *, stage: Step | None = None
) -> tuple[Step, ...]:
    """Fill the slot, prove it, and leave it to somebody to promote it; the first share of a ``trial`` gets it
    meanwhile. Bytes come from the disk, or by ``stage`` from elsewhere."""
    tried = (Try(slots, trial.percent[:1], trial.seconds, stays=True),) if trial else ()
    return (stage or Stage(), fill, ProveSlot(), PutAside(slots, strategy), *tried, Conclude())


def promoted(slots: Slots, local: Wanted, restore: Restore) -> tuple[Step, ...]:
    """Show what waits in a slot to all. Where there is no router it is copied in place by ``restore``."""
    if slots.router is None:
        stage, *in_place = rolling(local, restore)
        return (stage, TakeUp(slots), ProveSlot(), *in_place)
    return (TakeUp(slots), ProveSlot(), Keep(in_place=False), Switch(slots), *_SWITCHED)


def brought_back(slots: Slots, fill: Fill) -> tuple[Step, ...]:
    """Have the idle slot hold an earlier release, and show it to all: where it holds that still, nothing is copied."""
    return (fill, ProveSlot(), Keep(in_place=False), Switch(slots), *_SWITCHED)
