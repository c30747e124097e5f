"""The plan by which a gallery that waits in a slot goes live, in the words of any other plan. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from galleria_action.deployment.galleries import contents_of, gone
from galleria_action.deployment.layout import Layout
from galleria_action.deployment.model import Commit, Copy, Delete, KeptObject, Plan, Reason, Storing
from galleria_action.deployment.releases.rollback import Restored
from galleria_action.deployment.remote.reading import RemoteState
from galleria_action.deployment.slots.staged import Staged
from galleria_action.deployment.state.manifest import Kind
from galleria_action.errors import Conflict, VerifyFailed
from galleria_action.gallery.keys import METADATA_KEY, folded
from galleria_action.storage.interface import Headers, Target

_UNKNOWN = Headers("application/octet-stream")


def changed_keys(there: RemoteState, live: RemoteState) -> tuple[str, ...]:
    """The keys that hold something else in the slot, which is ``there``, than in the ``live`` gallery, or nothing there
    yet."""
    now, listing = live.manifest.objects, live.listing or {}
    return tuple(
        key
        for key, entry in there.manifest.objects.items()
        if not (
            key in now
            and key in listing
            and now[key].describes(listing[key])
            and (now[key].sha256, now[key].headers) == (entry.sha256, entry.headers)
        )
    )


def plan_forward(
    there: RemoteState,
    live: RemoteState,
    document: Commit | None,
    headers: Mapping[str, Headers | None],
    target: Target,
    storing: Storing,
    strategy: str,
) -> Plan:
    """What visitors will see change when the slot, which is ``there``, takes the place of the ``live`` gallery.
    ``headers`` are those of what changes, by key."""
    objects, was = there.manifest.objects, live.manifest.objects
    copies = [
        Copy(key, _reason(key, there, live), KeptObject(objects[key].sha256, objects[key].size), it or _UNKNOWN,
             objects[key].photo)
        for key, it in sorted(headers.items())
    ]  # fmt: skip
    stays = {folded(key) for key in (*objects, *there.named_keys(), METADATA_KEY)}
    going = {key: entry.photo for key, entry in was.items()}
    listing = live.listing or {}
    still = {key: gone for key, gone in live.manifest.leaving.items() if gone.is_still(listing.get(key))}
    going |= {key: gone.photo for key, gone in still.items()}
    going |= dict.fromkeys(live.named_keys() - going.keys())
    deletes = [Delete(key, Reason.REMOVED, photo) for key, photo in going.items() if folded(key) not in stays]
    before = contents_of(live.metadata, live.manifest.objects)
    after = contents_of(there.metadata, there.manifest.objects)
    touched = {copy.photo for copy in copies}
    base = live.metadata_base if document else live.manifest_base
    return Plan(
        mode=there.mode or "directory",
        target=target,
        base=base,
        uploads=(),
        deletes=tuple(sorted(deletes, key=lambda gone: gone.key)),
        unchanged_photos=tuple(photo for photo in after if photo in before and photo not in touched),
        removed_photos=gone(before, after),
        remote_photo_count=len(before),
        local_photo_count=len(after),
        commit=document if document and not (base and base.sha256 == document.sha256) else None,
        local_file_count=len(objects),
        remote_site_count=len(live.manifest.of_kind("site")),
        storing=storing,
        copies=tuple(copies),
        strategy=strategy,
    )


def wanted(there: RemoteState, document: Commit | None) -> Restored:
    """What is in the slot, as the steps want it."""
    keys: dict[Kind, Collection[str] | None] = {
        "photo": list(there.manifest.of_kind("photo")),
        "site": list(there.manifest.of_kind("site")),
    }
    return Restored(there.mode or "directory", keys, document)


def check_staged(staged: Staged, there: RemoteState, live: RemoteState, at: Layout) -> None:
    """Raise ``Conflict`` where the gallery that is live, and lies ``at`` this place, is not the one that the staged one
    was made from, and ``VerifyFailed`` where the slot holds another."""
    document = there.metadata_base or there.manifest_base
    if document is None or document.sha256 != staged.holds:
        raise VerifyFailed(
            f"{staged.slot.folder} does not hold the gallery that was put there. Nothing was switched.",
            hint="Another deploy or program has written there. Deploy again: that stages the gallery anew.",
        )
    base = live.metadata_base or (live.manifest_base if live.mode else None)
    if staged.live != at or (base.sha256 if base else None) not in (staged.base, staged.holds):
        raise Conflict(
            "The gallery that waits was made from another one than is live now: somebody has deployed or rolled back "
            "since. Nothing was switched.",
            hint="Deploy again: that stages the gallery anew, on top of what is live.",
        )


def _reason(key: str, there: RemoteState, live: RemoteState) -> Reason:
    now = live.manifest.objects.get(key)
    if now is None:
        return Reason.NEW
    return Reason.HEADERS if now.sha256 == there.manifest.objects[key].sha256 else Reason.CHANGED
