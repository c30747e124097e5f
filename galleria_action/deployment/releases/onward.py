"""A release goes on to another environment: what one gallery offers, and the plan that has another hold it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping

from galleria_action.deployment.galleries import KINDS, Wanted, contents_of, gone
from galleria_action.deployment.made_by import MadeBy
from galleria_action.deployment.model import Commit, Copy, Delete, Mode, PlacedObject, Plan, Reason, Storing
from galleria_action.deployment.planner import deletes_for, orphans_beside, remote_photos
from galleria_action.deployment.releases.record import TakenFrom
from galleria_action.deployment.releases.rollback import Restored, WayBack
from galleria_action.deployment.remote.reading import RemoteState
from galleria_action.deployment.state.manifest import Kind, ManifestEntry
from galleria_action.deployment.state.pool import pool_key
from galleria_action.errors import Finding, ReleaseUnavailable
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.metadata.model import GalleryMetadata
from galleria_action.storage.interface import Headers, ObjectInfo, Target
from galleria_action.values import dataclass, field, replace

#: where a key of a gallery's own store lies: the target, and what it is called there
Places = Callable[[str], tuple[Target, str]]


@dataclass(frozen=True, slots=True)
class Offer:
    """A release as another gallery holds it.

    ``recorded`` are its objects by key as the record there has them, ``at`` the keys of that gallery under which their
    bytes lie, ``placed`` where that is. ``body`` is its metadata document, ``metadata`` the same parsed; both are
    ``None`` for a folder of photos.
    """

    taken_from: TakenFrom
    mode: Mode
    recorded: Mapping[str, ManifestEntry] = field(repr=False)
    at: Mapping[str, str] = field(repr=False)
    placed: Mapping[str, PlacedObject] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    metadata: GalleryMetadata | None = field(default=None, repr=False)
    made_by: Mapping[Kind, MadeBy] = field(default_factory=dict)

    def without(self, kind: Kind) -> Offer:
        """The same without one part, which is left alone then."""
        recorded = {key: entry for key, entry in self.recorded.items() if entry.kind != kind}
        parts = {part: it for part, it in self.made_by.items() if part != kind}
        if kind == "photo":
            return replace(self, recorded=recorded, made_by=parts, body=None, metadata=None)
        return replace(self, recorded=recorded, made_by=parts)

    def wanted(self, headers: Headers) -> Wanted:
        """What the receiving gallery is to be; ``headers`` are those of its metadata. A part of which there is nothing
        here is left alone there."""
        keys = {kind: [key for key, it in self.recorded.items() if it.kind == kind] for kind in KINDS}
        document = None
        if self.body is not None:
            document = Commit(METADATA_KEY, hashlib.sha256(self.body).hexdigest(), headers, self.body)
        commits = set(self.made_by.values())
        has_photos = document is not None or bool(keys["photo"])
        return Restored(
            self.mode,
            {"photo": keys["photo"] if has_photos else None, "site": keys["site"] or None},
            document,
            commits.pop() if len(commits) == 1 else None,
        )


def offered(
    taken_from: TakenFrom, way: WayBack, remote: RemoteState, places: Places, body: bytes | None,
    metadata: GalleryMetadata | None,
) -> Offer:  # fmt: skip
    """What ``remote`` offers of the release at the end of ``way``, whose document is ``body``, parsed ``metadata``.

    Raises ``ReleaseUnavailable`` with a list where bytes are not, or not provably, what was recorded.
    """
    way.check()
    listing = remote.listing or {}
    kept = {copy.key: copy for copy in way.copies}
    at = {key: key for key in way.recorded}
    at |= {key: pool_key(way.recorded[key].sha256) for key, it in kept.items() if it.reason is not Reason.HEADERS}
    placed: dict[str, PlacedObject] = {}
    doubtful: list[str] = []
    for key, entry in way.recorded.items():
        found = listing.get(at[key])
        if found is None or (
            not _is_still(entry, remote.manifest.objects.get(key), found)
            if at[key] == key
            else found.size != entry.size
        ):
            doubtful.append(key)
            continue
        target, name = places(at[key])
        placed[key] = PlacedObject(target, name, entry.sha256, found.size, found.etag)
    unrecorded = (metadata.keys() if metadata else frozenset()) - way.recorded.keys()
    if doubtful or unrecorded:
        raise _not_as_recorded(taken_from, sorted([*doubtful, *unrecorded]))
    mode: Mode = "metadata" if body is not None else "directory"
    return Offer(taken_from, mode, way.recorded, at, placed, body, metadata, remote.manifest.made_by)


def _is_still(entry: ManifestEntry, now: ManifestEntry | None, found: ObjectInfo) -> bool:
    """Whether ``found`` has the bytes of ``entry``, by what is recorded ``now``: only its headers may be others."""
    return now is not None and now.sha256 == entry.sha256 and now.describes(found)


def _not_as_recorded(taken_from: TakenFrom, keys: list[str]) -> ReleaseUnavailable:
    return ReleaseUnavailable(
        f"{len(keys):,} objects in {taken_from.environment} are not what a deploy has recorded there, or are gone: "
        "nobody knows whether they are what was looked at. Nothing was written.",
        hint=f"Run verify, then deploy, in {taken_from.environment}; then take its release over.",
        findings=[Finding(f"not as recorded: {key}") for key in keys],
    )


def recorded_there(offer: Offer, headers: Mapping[str, Headers]) -> dict[str, ManifestEntry]:
    """What the receiving gallery's record is to say of each key, whose ``headers`` are its own."""
    return {key: replace(entry, headers=headers[key].digest()) for key, entry in offer.recorded.items()}


def plan_onward(
    offer: Offer, wanted: Wanted, recorded: Mapping[str, ManifestEntry], headers: Mapping[str, Headers],
    remote: RemoteState, target: Target, storing: Storing, *, force: bool = False, delete_orphans: bool = False,
    strategy: str = "rolling",
) -> Plan:  # fmt: skip
    """The plan by which ``target``, where lies what ``remote`` says, comes to hold the ``offer``: a plan as any other,
    made of copies, deletes and the commit, which goes live by the ``strategy``."""
    there = remote.gallery(wanted)
    copies = tuple(_copies(offer, recorded, headers, remote, force))
    deletes = list(deletes_for(wanted, there))
    orphans = orphans_beside(wanted, there)
    if delete_orphans and there.base:
        deletes += [Delete(key, Reason.ORPHAN) for key in orphans]
    touched = {copy.photo for copy in copies}
    known = contents_of(there.metadata, there.manifest.objects)
    before = {name: known.get(name, ()) for name in remote_photos(there).values()}
    after = contents_of(offer.metadata, offer.recorded)
    document = wanted.document
    leaves_photos = wanted.keys_of("photo") is None
    return Plan(
        mode=wanted.mode,
        target=target,
        base=there.base,
        uploads=(),
        deletes=tuple(sorted(deletes, key=lambda it: it.key)),
        unchanged_photos=tuple(photo for photo in after if photo not in touched),
        removed_photos=() if leaves_photos else gone(before, after),
        remote_photo_count=len(before),
        local_photo_count=len(after),
        commit=None if document and there.base and there.base.sha256 == document.sha256 else document,
        local_file_count=len(wanted.keys_of("photo") or ()),
        remote_site_count=0 if wanted.keys_of("site") is None else len(remote.manifest.of_kind("site")),
        orphans=orphans,
        storing=storing,
        copies=copies,
        strategy=strategy,
    )


def _copies(
    offer: Offer,
    recorded: Mapping[str, ManifestEntry],
    headers: Mapping[str, Headers],
    remote: RemoteState,
    force: bool,
) -> Iterator[Copy]:
    listing = remote.listing or {}
    for key, entry in sorted(recorded.items()):
        live, found = remote.manifest.objects.get(key), listing.get(key)
        whole = live is not None and found is not None and live.describes(found)
        reason = _reason(entry, live)
        if reason is None and not whole:
            reason = Reason.MISSING
        if reason is None and force:
            reason = Reason.FORCED
        if reason is Reason.HEADERS and not whole:
            reason = Reason.CHANGED
        if reason:
            yield Copy(key, reason, offer.placed[key], headers[key], entry.photo)


def _reason(entry: ManifestEntry, live: ManifestEntry | None) -> Reason | None:
    if live is None:
        return Reason.NEW
    if live.sha256 != entry.sha256:
        return Reason.CHANGED
    return Reason.HEADERS if live.headers != entry.headers else None
