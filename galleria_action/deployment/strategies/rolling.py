"""In place: the gallery that visitors see becomes the new one where it lies."""

from __future__ import annotations

from galleria_action.deployment.apply.order import Step
from galleria_action.deployment.apply.publish import Conclude, Keep, Prune, Publish
from galleria_action.deployment.apply.steps import (
    CommitDocument,
    CommitRecord,
    Delete,
    Prove,
    Stage,
    WriteRecord,
)
from galleria_action.deployment.galleries import LocalGallery


def rolling(local: LocalGallery) -> tuple[Step, ...]:
    """The steps that bring ``local`` online: its metadata commits, or its record where there is no metadata."""
    if local.document is None:
        commit: tuple[Step, ...] = (Prove(), CommitRecord())
    else:
        commit = (WriteRecord(), Prove(), CommitDocument(local.document))
    return (Stage(), Keep(), Publish(), *commit, Conclude(), Delete(), Prune())
