"""What the keys hold that a plan replaces or deletes: what has to be kept of them, and what a release tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from galleria_action.deployment.apply.publishing import side_by_side
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.model import Copy, Delete, Reason, Upload
from galleria_action.deployment.state.pool import pool_key, unproven_key
from galleria_action.deployment.state.publication import Replaced
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.storage.interface import Headers, ObjectHead


def replacing(work: Work) -> list[Upload | Copy]:
    """What gives a key that visitors may reach other bytes or headers."""
    there, in_place = work.remote.listing or {}, work.uploader.done.entries.keys()
    was = part_of_it(work, (up.key for up in work.plan.uploads))
    uploads = [up for up in work.plan.uploads if (up.key in there or up.key in was) and up.key not in in_place]
    return [*uploads, *(copy for copy in work.plan.copies if copy.key in there)]


def going_of(work: Work) -> list[Delete]:
    """What is deleted of the gallery as it is. Orphans, and what is left of earlier deploys, belong to no release."""
    named = part_of_it(work, (gone.key for gone in work.plan.deletes))
    gone = (gone for gone in work.plan.deletes if gone.reason is not Reason.ORPHAN and gone.key in named)
    return [it for it in gone if it.photo is None or it.photo != work.terms.forgets]


def part_of_it(work: Work, keys: Iterable[str]) -> Set[str]:
    """Those of ``keys`` that belong to the gallery that is live."""
    asked = set(keys)
    others = asked.difference(filter(work.remote.manifest.objects.keys().__contains__, asked))
    return asked - (others - work.remote.named_keys()) if others else asked


def looked_at(work: Work, actions: Iterable[Upload | Copy | Delete]) -> dict[str, Replaced]:
    """What the keys of ``actions`` hold, without those that turn out to hold nothing."""
    found: dict[str, Replaced] = {}
    usual = {up.file.headers.digest(): up.file.headers for up in work.plan.uploads}
    usual |= {copy.headers.digest(): copy.headers for copy in work.plan.copies}
    stays = {up.key for up in work.only_headers}

    def look(action: Upload | Copy | Delete) -> None:
        if (before := _before(work, action.key, usual, stays)) is not None:
            found[action.key] = before

    side_by_side(actions, look, work.uploader.concurrency)
    return found


def _before(work: Work, key: str, usual: Mapping[str, Headers], stays: Set[str]) -> Replaced | None:
    """What ``key`` holds; its bytes need not be kept where it is one of those that keep theirs (``stays``). ``usual``
    headers by their digest spare a request."""
    entry = work.remote.manifest.objects.get(key)
    found = (work.remote.listing or {}).get(key)
    proven = entry is not None and found is not None and entry.describes(found)
    headers = usual.get(entry.headers) if entry else None
    if found is None or not proven or headers is None:
        head = work.store.head(key)
        if head is None:
            return None
        size, etag, headers = head.size, head.etag, head.headers
        proven = entry is not None and (entry.size, entry.etag) == (size, etag)
    else:
        size, etag = found.size, found.etag
    if key in stays:
        return Replaced(size, etag, None, headers, entry)
    kept = pool_key(entry.sha256) if proven and entry else unproven_key(key, etag)
    return Replaced(size, etag, kept, headers, entry)


def document_of(work: Work, head: ObjectHead | None) -> dict[str, Replaced]:
    """The metadata document as it lies there, where another is about to take its place."""
    commit, base = work.plan.commit, work.remote.metadata_base
    if commit is None or base is None or head is None or work.terms.forgets:
        return {}
    return {METADATA_KEY: Replaced(head.size, head.etag, pool_key(base.sha256), head.headers, None)}


def undo_of(work: Work, kept: Mapping[str, Replaced]) -> dict[str, Replaced | None]:
    """What each key held that this release changes; of one that comes back as it was recorded, nothing changes."""
    objects = work.remote.manifest.objects
    undo: dict[str, Replaced | None] = {}
    actions: tuple[Upload | Copy, ...] = (*work.plan.uploads, *work.plan.copies)
    was = part_of_it(work, (action.key for action in actions))
    for action in actions:
        key, entry, before = action.key, objects.get(action.key), kept.get(action.key)
        if before is not None and (key in was or not _is_ours(work, action, before)):
            undo[key] = before
        elif key not in was:
            undo[key] = None
        elif entry and entry.sha256 != _brought(work, action)[0]:
            undo[key] = Replaced(entry.size, entry.etag, pool_key(entry.sha256), None, entry)
    for gone in going_of(work):
        if gone.key in kept:
            undo[gone.key] = kept[gone.key]
    if work.plan.commit and not work.terms.forgets:
        undo[METADATA_KEY] = kept.get(METADATA_KEY)
    return undo


def _is_ours(work: Work, action: Upload | Copy, before: Replaced) -> bool:
    """Whether a key that nothing names holds what an earlier run of ours has left there: not a part of what was."""
    checkpoint = work.uploader.checkpoint
    return (checkpoint is not None and action.key in checkpoint.stored) or before.etag == _brought(work, action)[1]


def _brought(work: Work, action: Upload | Copy) -> tuple[str, str]:
    """SHA-256 (hex) and, where it is known, ETag of the bytes that ``action`` brings."""
    if isinstance(action, Copy):
        return action.source.sha256, ""
    done = work.uploader.done
    entry = done.staged.get(action.key) or done.entries.get(action.key)
    return (entry.sha256, entry.etag) if entry else ("", "")
