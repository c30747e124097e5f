"""A release that visitors do not see as it was deployed is taken back, where that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from galleria_action.deployment.events import Committed, Deploying, Event, Planned, Probed, Recognised, Sight
from galleria_action.deployment.guards import DeleteLimit
from galleria_action.errors import Cancelled, GalleriaError
from galleria_action.options.edge import Probe
from galleria_action.options.guards import PlanApproval
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.probing import Unseen
from galleria_action.usecases.results import RolledBack
from galleria_action.values import replace

#: what is told of the rollback's own plan would hide that of the deploy
_NOT_TOLD = (Planned, Recognised, Deploying)


@contextmanager
def taking_back(context: Context) -> Iterator[None]:
    """A release that is made meanwhile, and that the probe does not see, makes room for the one before. Once: what that
    one looks like is not probed. The error says what became of it."""
    try:
        yield
    except Unseen as unseen:
        if context.options.edge.probe is not Probe.ROLLBACK:
            raise
        if not unseen.mendable:
            unseen.message += " The release stays: an earlier one would not mend this."
            raise
        _take_back(context, unseen)
        raise


def step_back(context: Context) -> RolledBack | GalleriaError:
    """Roll back by one step. Returns the error where the release before is live, but not all is as it should be.

    Raises ``GalleriaError`` where it is not live, and ``Cancelled``.
    """
    from galleria_action.usecases.releases.rollback import rollback

    live = False

    def hear(event: Event) -> None:
        nonlocal live
        live = event.outcome is True if isinstance(event, Committed) else live
        context.tell(event)

    try:
        done = rollback(one_step_back(replace(context, tell=hear)))
    except Cancelled:
        raise
    except GalleriaError as trouble:
        if not live:
            raise
        return trouble
    assert isinstance(done, RolledBack)
    return done


def _take_back(context: Context, unseen: Unseen) -> None:
    began = monotonic()
    try:
        done = step_back(context)
    except Cancelled:
        raise
    except GalleriaError as trouble:
        unseen.message += f" It could not be rolled back, so the new release is live: {trouble.message}"
        unseen.hint = " ".join(filter(None, (unseen.hint, trouble.hint)))
        return
    context.tell(Probed(Sight.ROLLED_BACK))
    unseen.message += f" It was rolled back within {monotonic() - began:.1f} s"
    if isinstance(done, GalleriaError):
        unseen.message += f", but not all is as it should be: {done.message}"
        unseen.hint = " ".join(filter(None, (unseen.hint, done.hint)))
    else:
        unseen.message += f": the gallery is online as with {done.release}."


def one_step_back(context: Context) -> Context:
    """One step back, whatever guards a deploy has: it brings only what was there."""
    options = context.options
    guards = replace(
        options.guards,
        approved_plan=None,
        plan_approval=PlanApproval.OFF,
        max_delete=DeleteLimit.parse("100%"),
        allow_empty=True,
    )
    releases = replace(options.releases, to=None, steps=1, hold=False)
    edge = replace(options.edge, probe=Probe.OFF)

    def tell(event: Event) -> None:
        if not isinstance(event, _NOT_TOLD):
            context.tell(event)

    wanted = replace(options, command="rollback", guards=guards, releases=releases, edge=edge)
    return replace(context, options=wanted, tell=tell)
