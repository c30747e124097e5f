"""A huge gallery that becomes visible bit by bit: after so many new photos a whole, smaller gallery is committed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Set

from galleria_action.deployment.galleries import LocalGallery
from galleria_action.deployment.model import Commit, Reason
from galleria_action.usecases.parts.planning import Comparison
from galleria_action.values import replace


def batches(made: Comparison, size: int | None) -> Iterator[LocalGallery]:
    """The galleries before the whole one: with so many new photos more each. There are none where anything but new
    photos comes or goes, because then each of them would show something that is neither before nor after.

    The site comes with the whole, so that no page shows what is not there yet.
    """
    local, plan = made.local, made.plan
    document = local.document
    new = {up.photo for up in plan.uploads if up.photo is not None}
    only_new = all(up.reason is Reason.NEW for up in plan.uploads if up.photo is not None)
    if not size or document is None or local.photos is None or not only_new or plan.removed_photos:
        return
    there = [photo.id for photo in local.photos if photo.id not in new]
    coming = [photo.id for photo in local.photos if photo.id in new]
    for end in range(size, len(coming), size):
        ids = {*there, *coming[:end]}
        photos = tuple(photo for photo in local.photos if photo.id in ids)
        yield replace(local, photos=photos, site=None, document=_part_of(document, ids))


def _part_of(document: Commit, ids: Set[str]) -> Commit:
    """The metadata with these photos only, and everything else as it is."""
    metadata = json.loads(document.body)
    metadata["photos"] = [photo for photo in metadata["photos"] if photo["id"] in ids]
    body = json.dumps(metadata, ensure_ascii=False, indent=2).encode()
    return replace(document, sha256=hashlib.sha256(body).hexdigest(), content=body)
