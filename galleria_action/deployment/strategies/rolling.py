"""In place: the gallery that visitors see becomes the new one where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from galleria_action.deployment.apply.keep import Keep
from galleria_action.deployment.apply.order import Step
from galleria_action.deployment.apply.publish import Conclude, Publish
from galleria_action.deployment.apply.retain import Retain
from galleria_action.deployment.apply.steps import (
    CommitDocument,
    CommitRecord,
    Delete,
    Prove,
    Stage,
    WriteRecord,
)
from galleria_action.deployment.galleries import Wanted

if TYPE_CHECKING:
    from galleria_action.deployment.apply.restore import Restore


def rolling(local: Wanted, restore: Restore | None = None) -> tuple[Step, ...]:
    """The steps that bring ``local`` online: its metadata commits, or its record where there is no metadata. It comes
    from the disk, or where ``restore`` is given from the pool."""
    if local.document is None:
        commit: tuple[Step, ...] = (Prove(), CommitRecord())
    else:
        commit = (WriteRecord(), Prove(), CommitDocument(local.document))
    return (Stage(claims=True), Keep(), restore or Publish(), *commit, Conclude(), Delete(), Retain())
