"""Carries a plan out, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from galleria_action.deployment.apply.order import Step, check_order
from galleria_action.deployment.apply.publishing import may_be_taken_back, take_back
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.events import Publishing
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.errors import DeleteFailed, Finding, GalleriaError


def carry_out(work: Work, steps: Sequence[Step]) -> Manifest:
    """Run ``steps`` in their order and return the manifest of what is deployed then.

    Raises whatever ends a step, ``DeleteFailed`` when old objects remain, and ``ValueError`` for steps in an order
    that must not be.
    """
    check_order(steps)
    try:
        for step in steps:
            step.run(work)
    except GalleriaError as error:
        _undo(work, error)
        raise
    if work.undeleted:
        raise _delete_failed(work.undeleted)
    return work.record.manifest


def _undo(work: Work, error: GalleriaError) -> None:
    """Have visitors see what they saw before a publish that ``error`` has ended, if that is certain."""
    hold = work.hold
    if hold is None or hold.lost or not may_be_taken_back(error):
        return
    try:
        record = work.record
        take_back(work.store, hold.publication, work.uploader.concurrency, record.manifest, record.base)
        hold.release()
    except GalleriaError as trouble:
        if not hold.publication.begun:
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


def _delete_failed(undeleted: Mapping[str, str]) -> DeleteFailed:
    return DeleteFailed(
        f"The new gallery is live, but {len(undeleted)} old objects could not be deleted.",
        hint="Run again: only the deletes are repeated. If it stays, check that the credentials may s3:DeleteObject.",
        findings=[Finding(f"{key}: {error}") for key, error in undeleted.items()],
    )
