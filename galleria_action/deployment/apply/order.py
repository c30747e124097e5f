"""The order in which a plan is carried out, as a value that can be checked.

A strategy chooses steps; what must hold of any of them holds of the list, before the first step runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol

from galleria_action.deployment.apply.work import Work


class Moment(IntEnum):
    """When a step may run, in the one order that never shows a broken gallery.

    Until ``PUBLISH`` every object that visitors can reach is as before: what would replace one waits in the pool. What
    each of them held is kept, and written down, before. The record goes before the commit because after it nothing else
    names what is still to be deleted, nor tells which bytes are there; a run that dies in between is finished, or taken
    back, by the next.
    """

    STAGE = 1
    KEEP = 2
    PUBLISH = 3
    RECORD = 4
    PROVE = 5
    COMMIT = 6
    CONCLUDE = 7
    DELETE = 8
    PRUNE = 9


class Step(Protocol):
    """One thing that is done on the way."""

    @property
    def moment(self) -> Moment:
        """When it may run."""

    def run(self, work: Work) -> None:
        """Do it. Raises whatever ends the deploy."""


#: without these there is no deploy
_NEEDED = frozenset(set(Moment) - {Moment.RECORD})


def check_order(steps: Sequence[Step]) -> None:
    """Raise ``ValueError`` for steps that could lose or show broken photos: a moment that comes too early, two commits,
    or one that is left out."""
    moments = [step.moment for step in steps]
    if moments != sorted(moments):
        raise ValueError(f"steps out of order: {', '.join(moment.name for moment in moments)}")
    if moments.count(Moment.COMMIT) != 1:
        raise ValueError("a deploy commits exactly once")
    if missing := _NEEDED - set(moments):
        raise ValueError(f"steps left out: {', '.join(sorted(moment.name for moment in missing))}")
