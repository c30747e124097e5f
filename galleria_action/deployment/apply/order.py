"""The order in which a plan is carried out, as a value that can be checked.

A strategy chooses steps; what must hold of any of them holds of the list, before the first step runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Protocol, TypeVar

from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.delivery import arrives_as_page
from galleria_action.deployment.model import Copy, Upload

Written = TypeVar("Written", Upload, Copy)


class Moment(IntEnum):
    """When a step may run, in the one order that never shows a broken gallery.

    Until ``PUBLISH`` every object that visitors can reach is as before: what would replace one waits in the pool. What
    each of them held is kept, and written down, before. The record goes before the commit because after it nothing else
    names what is still to be deleted, nor tells which bytes are there; a run that dies in between is finished, or taken
    back, by the next.

    A gallery in a slot is filled and proved where nobody sees it, perhaps tried with a share of the visitors, and then
    put aside for a person, or the router is switched.
    """

    STAGE = 1
    FILL = 2
    PROVE_SLOT = 3
    ASIDE = 4
    TRY = 5
    KEEP = 6
    PUBLISH = 7
    RECORD = 8
    PROVE = 9
    COMMIT = 10
    SWITCH = 11
    CONCLUDE = 12
    DELETE = 13
    PRUNE = 14


class Step(Protocol):
    """One thing that is done on the way."""

    @property
    def moment(self) -> Moment:
        """When it may run."""

    def run(self, work: Work) -> None:
        """Do it. Raises whatever ends the deploy."""


_IN_PLACE = frozenset({Moment.KEEP, Moment.PUBLISH, Moment.PROVE, Moment.DELETE, Moment.PRUNE})
#: how a list of steps may end: what it needs then, and what must not be in it
_ENDINGS = {
    Moment.COMMIT: (_IN_PLACE | {Moment.STAGE}, frozenset({Moment.TRY})),
    # Nothing that visitors reach is touched; and the slot that they are sent away from stays as it is.
    Moment.SWITCH: (
        frozenset({Moment.FILL, Moment.PROVE_SLOT, Moment.KEEP, Moment.PRUNE}),
        frozenset({Moment.PUBLISH, Moment.DELETE}),
    ),
    Moment.ASIDE: (frozenset({Moment.STAGE, Moment.FILL, Moment.PROVE_SLOT}), _IN_PLACE),
}


def check_order(steps: Sequence[Step]) -> None:
    """Raise ``ValueError`` for steps that could lose or show broken photos: a moment that comes too early, two endings,
    one that is left out, or one that does not go with how it ends."""
    moments = [step.moment for step in steps]
    if moments != sorted(moments):
        raise ValueError(f"steps out of order: {', '.join(moment.name for moment in moments)}")
    endings = [moment for moment in moments if moment in _ENDINGS]
    if len(endings) != 1:
        raise ValueError("a deploy commits, switches or is put aside exactly once")
    needed, forbidden = _ENDINGS[endings[0]]
    if missing := (needed | {Moment.CONCLUDE}) - set(moments):
        raise ValueError(f"steps left out: {', '.join(sorted(moment.name for moment in missing))}")
    if wrong := forbidden & set(moments):
        raise ValueError(f"steps that must not be: {', '.join(sorted(moment.name for moment in wrong))}")


def photos_first(actions: Iterable[Written]) -> tuple[list[Written], list[Written], list[Written]]:
    """Photos, what pages need, and pages, of which each is written when all before is there: no page shows what is not
    there yet."""
    photos: list[Written] = []
    assets: list[Written] = []
    pages: list[Written] = []
    for it in actions:
        headers = it.headers if isinstance(it, Copy) else it.file.headers
        (photos if it.photo is not None else pages if arrives_as_page(it.key, headers) else assets).append(it)
    return photos, assets, pages


def shows(steps: Sequence[Step]) -> bool:
    """Whether visitors see the new gallery after ``steps``."""
    return all(step.moment is not Moment.ASIDE for step in steps)
