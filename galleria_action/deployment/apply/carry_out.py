"""Carries a plan out, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from galleria_action.deployment.apply.order import Step, check_order
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.errors import DeleteFailed, Finding


def carry_out(work: Work, steps: Sequence[Step]) -> Manifest:
    """Run ``steps`` in their order and return the manifest of what is deployed then.

    Raises whatever ends a step, ``DeleteFailed`` when old objects remain, and ``ValueError`` for steps in an order
    that must not be.
    """
    check_order(steps)
    for step in steps:
        step.run(work)
    if work.undeleted:
        raise _delete_failed(work.undeleted)
    return work.record.manifest


def _delete_failed(undeleted: Mapping[str, str]) -> DeleteFailed:
    return DeleteFailed(
        f"The new gallery is live, but {len(undeleted)} old objects could not be deleted.",
        hint="Run again: only the deletes are repeated. If it stays, check that the credentials may s3:DeleteObject.",
        findings=[Finding(f"{key}: {error}") for key, error in undeleted.items()],
    )
