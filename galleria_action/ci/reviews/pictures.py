"""Which small pictures of the photos in a plan are online, to be shown beside it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from galleria_action.deployment.model import Plan, Reason
from galleria_action.errors import GalleriaError
from galleria_action.hands import Hands
from galleria_action.report.comment import Picture
from galleria_action.storage.interface import ReadStore
from galleria_action.storage.public_store import public_address

#: more would be a gallery
MOST = 8


def pictures_online(plan: Plan, url: str, store: ReadStore, *, deployed: bool) -> list[Picture]:
    """Thumbnails of up to eight photos that ``plan`` uploads, as far as ``store`` (the gallery at ``url``) has them.

    Before a deploy new photos are left out: nothing of them can be online yet.
    """
    candidates = list(islice(_thumbs(plan, url, deployed), MOST))
    if not candidates:
        return []
    with Hands(MOST, "pictures") as pool:
        there = pool.map(lambda named: _served(store, named[0]), candidates)
        return [picture for (_, picture), online in zip(candidates, there, strict=True) if online]


def _thumbs(plan: Plan, url: str, deployed: bool) -> Iterator[tuple[str, Picture]]:
    """key and picture of each thumbnail."""
    for up in plan.uploads:
        if up.photo and up.file.variant == "thumb" and (deployed or up.reason is not Reason.NEW):
            yield up.key, Picture(up.photo, public_address(url, up.key), up.digest[:8] if deployed else "")


def _served(store: ReadStore, key: str) -> bool:
    """A picture that cannot be had is not shown; that is all that can be done about it. Some servers have a page to
    show in place of everything that is missing."""
    try:
        found = store.head(key)
    except GalleriaError:
        return False
    return found is not None and found.headers is not None and found.headers.content_type.startswith("image/")
