"""Carries a plan out, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress

from galleria_action.deployment.apply.order import Moment, Step, check_order
from galleria_action.deployment.apply.publishing import Hold, may_be_taken_back, take_back
from galleria_action.deployment.apply.work import Work, delete_failed
from galleria_action.deployment.events import Publishing
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.errors import Cancelled, GalleriaError


@contextmanager
def carried_out(work: Work, steps: Sequence[Step], meanwhile: AbstractContextManager[None]) -> Iterator[Manifest]:
    """Run ``steps`` in their order, ``meanwhile``, and give the manifest of what is deployed then. What nobody waits
    for goes on beside what follows, and has ended when all of it has.

    Raises whatever ends a step, ``DeleteFailed`` when old objects remain, and ``ValueError`` for steps in an order
    that must not be.
    """
    check_order(steps)
    with work.beside:
        with meanwhile:
            _run(work, steps)
        if work.undeleted:
            raise delete_failed(work.undeleted)
        yield work.record.manifest


def _run(work: Work, steps: Sequence[Step]) -> None:
    try:
        for step in steps:
            step.run(work)
    except GalleriaError as error:
        if isinstance(error, Cancelled) and step.moment < Moment.PUBLISH and not (work.hold and work.hold.touched):
            _let_others(work.hold)  # one that was taken up tells what a run that died has touched
        _undo(work, error)
        if not isinstance(error, Cancelled):
            _let_others(work.over)
        raise


def _undo(work: Work, error: GalleriaError) -> None:
    """Have visitors see what they saw before a publish that ``error`` has ended, if that is certain."""
    hold = work.hold
    if hold is None or hold.lost or not may_be_taken_back(error):
        return
    try:
        record = work.record
        if hold.touched:
            take_back(work.store, hold.publication, work.uploader.concurrency, record.manifest, record.base)
        hold.release()
    except GalleriaError as trouble:
        if not hold.touched:
            return
        error.message = error.message.replace(
            "the gallery that visitors see is as before", "visitors may see new photos under the old metadata"
        ) + (
            f" {len(hold.publication.replaced):,} live objects were about to be replaced and could not be taken back "
            f"({trouble.message}); the next deploy finishes that, or takes it back."
        )
        return
    work.hold = None
    work.tell(Publishing(False))


def _let_others(hold: Hold | None) -> None:
    """Give up a claim under which nothing is published, or tidied, any more: nobody has to wait until it is taken for
    dead, and the next deploy does what was to be done."""
    if hold:
        with suppress(GalleriaError):
            hold.check()
            hold.release()
