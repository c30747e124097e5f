"""Makes the plan from values alone.

Local gallery and remote state go in, actions with a reason each come out. There is no I/O here, so the same inputs
always give the same plan and the same plan id, whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cached_property
from itertools import chain, compress, filterfalse, repeat
from operator import not_
from typing import cast

from galleria_action.deployment.delivery import arrives_as_page
from galleria_action.deployment.galleries import (
    LocalGallery,
    RemoteGallery,
    SourcePhoto,
    Wanted,
    contents_of,
    gone,
)
from galleria_action.deployment.model import (
    Commit,
    Delete,
    PageEdit,
    PhotoEdit,
    Plan,
    Reason,
    SourceFile,
    Storing,
    Upload,
)
from galleria_action.deployment.remote.listing import beside
from galleria_action.deployment.remote.standing import places_by, rendering, standing
from galleria_action.deployment.remote.verification import find_orphans, may_be_orphan
from galleria_action.deployment.state.entries import Entries
from galleria_action.deployment.state.manifest import ManifestEntry
from galleria_action.gallery.keys import each_folded, folded
from galleria_action.gallery.metadata.model import (
    NO_SETTINGS,
    VARIANTS,
    MetadataFileData,
    PhotoMetadata,
)
from galleria_action.gallery.metadata.photos import fulls_of, ids_of, keys_of
from galleria_action.storage.interface import Target

_UNSAID = Storing()


def make_plan(
    local: LocalGallery,
    remote: RemoteGallery,
    target: Target,
    *,
    force: bool = False,
    delete_orphans: bool = False,
    storing: Storing = _UNSAID,
    keep_unproven: bool = False,
    strategy: str = "rolling",
) -> Plan:
    """Compare ``local`` with ``remote`` and say what has to be written and deleted.

    With ``force`` every photo and site file is uploaded whatever the hashes say. ``delete_orphans`` also deletes
    what lies in the gallery's folders and nothing names; it needs the listing, and something deployed to compare with.
    ``storing`` goes with each object, and ``strategy`` is how all goes live. With ``keep_unproven`` the metadata is
    believed where nothing of ours records what lies there: another tool may have filled the bucket.
    """
    comparison = _Comparison(local, remote, force, keep_unproven)
    uploads = [*comparison.photo_uploads(), *comparison.site_uploads()]
    deletes = list(deletes_for(local, remote))
    orphans = orphans_beside(local, remote)
    if delete_orphans and remote.base:
        deletes += [Delete(key, Reason.ORPHAN) for key in orphans]
    names_before = _names(remote)
    changed = {up.photo for up in uploads}
    local_photos = dict.fromkeys(local.photo_ids())
    return Plan(
        mode=local.mode,
        target=target,
        base=remote.base,
        uploads=tuple(uploads),
        deletes=tuple(sorted(deletes, key=lambda gone: gone.key)),
        unchanged_photos=tuple(filterfalse(changed.__contains__, local_photos)),
        removed_photos=() if names_before <= local_photos.keys() else _removed(local, remote),
        remote_photo_count=len(names_before),
        local_photo_count=len(local_photos),
        commit=_commit(local, remote),
        local_file_count=len(local.photo_keys()),
        remote_site_count=len(_site_before(remote)) if local.site is not None else 0,
        orphans=orphans,
        storing=storing,
        strategy=strategy,
    )


def all_uploads(local: LocalGallery) -> Iterator[Upload]:
    """What the first deploy of ``local`` sends: everything."""
    comparison = _Comparison(local, RemoteGallery(), force=False, keep_unproven=False)
    yield from comparison.photo_uploads()
    yield from comparison.site_uploads()


class _Comparison:
    """Decides for each local file whether it has to be uploaded, and why."""

    def __init__(self, local: LocalGallery, remote: RemoteGallery, force: bool, keep_unproven: bool) -> None:
        self.local = local
        self.remote = remote
        self.force = force
        self.keep_unproven = keep_unproven
        settings = remote.metadata.settings if remote.metadata else NO_SETTINGS
        self.resized = rendering(settings) != rendering(local.settings)
        self.offset = settings.target_timezone_offset_hours
        self.live = remote.metadata.photos if remote.metadata else ()

    @cached_property
    def by_id(self) -> Mapping[str, int]:
        """The places of the live photos by id."""
        return places_by(ids_of(self.live))

    @cached_property
    def by_key(self) -> Mapping[str, int]:
        """The same by the key of their full file."""
        return places_by(fulls_of(self.live))

    def photo_uploads(self) -> Iterator[Upload]:
        photos, live_ids = self.local.photos or (), ids_of(self.live)
        stand = () if self.force else standing(self.local, self.remote)
        for place in sorted({*range(len(photos))}.difference(stand)):
            photo = photos[place]
            same_place = place < len(live_ids) and live_ids[place] == photo.id  # as it mostly is
            before = self.live[place] if same_place else self._before(photo)
            whole = self._reason_for_photo(photo, before)
            keys = before.files if before and not whole and self.local.mode == "metadata" else None
            edited = photo.edit.digest() if photo.edit else ""
            small = PhotoEdit(None, None, strip_gps=True) if photo.edit and photo.edit.strip_gps else None
            of_small = small.digest() if small else ""
            for file in photo.files:
                edit, digest = (small, of_small) if file.variant == "thumb" else (photo.edit, edited)
                reason = whole or self._reason_for_variant(keys, file) or self._reason_for_file(file, edit, digest)
                if reason:
                    digest = photo.identity if file.variant == "full" else file.sha256
                    yield Upload(reason, file, digest, photo.id, edit)

    def site_uploads(self) -> Iterator[Upload]:
        for file in self.local.site or ():
            edit = self._edit_of(file)
            reason = self._reason_for_tracked_file(file, edit.digest() if edit else "")
            if reason:
                yield Upload(reason, file, file.sha256, edit=edit)

    def _edit_of(self, file: SourceFile) -> PhotoEdit | PageEdit | None:
        """What is done to a file of the site on its way."""
        if _is_picture(file):
            return self.local.edit_of_site
        return self.local.edit_of_pages if arrives_as_page(file.key, file.headers) else None

    def _before(self, photo: SourcePhoto) -> PhotoMetadata | None:
        """What ``photo`` was: the live photo of its id, or the same one under another id."""
        place = self.by_id.get(photo.id)
        if place is not None:
            return self.live[place]
        full = next((file.key for file in photo.files if file.variant == "full"), "")
        place = self.by_key.get(full)
        other = None if place is None else self.live[place]
        return other if other and other.deployment_file_hash.lower() == photo.identity else None

    def _reason_for_photo(self, photo: SourcePhoto, before: PhotoMetadata | None) -> Reason | None:
        """A reason that concerns every file of the photo, if there is one."""
        if self.force:
            return Reason.FORCED
        if self.local.mode == "directory":
            return None
        if before is None:
            return Reason.NEW
        times = (photo.edit.timestamp, photo.edit.offset_hours) if photo.edit else (None, None)
        same_times = times == (before.exif.corrected_timestamp, self.offset)
        return None if same_times and before.deployment_file_hash.lower() == photo.identity else Reason.CHANGED

    def _reason_for_variant(self, keys: MetadataFileData | None, file: SourceFile) -> Reason | None:
        """What the metadata alone says of one file of a photo that is otherwise unchanged and had ``keys``."""
        if keys is None:
            return None
        if file.variant is None or getattr(keys, file.variant) != file.key:
            return Reason.CHANGED
        return Reason.SETTINGS if self.resized and file.variant != "full" else None

    def _reason_for_file(self, file: SourceFile, edit: PhotoEdit | None, digest: str) -> Reason | None:
        """What manifest and listing say of a photo's file. Without an entry nothing proves what lies there: the photos
        of a bucket that was copied have the wrong time.

        It is never believed that a position was removed: no metadata says so, and a published one cannot be recalled.
        """
        if self.local.mode == "directory":
            return self._reason_for_tracked_file(file, digest)
        entry = self.remote.manifest.objects.get(file.key)
        if entry and entry.source != file.sha256:
            return Reason.VARIANT
        if entry is None and edit and edit.strip_gps:
            return Reason.CHANGED
        reason = self._reason_for_object(file, entry, digest)
        return Reason.UNPROVEN if reason is None and entry is None and not self.keep_unproven else reason

    def _reason_for_tracked_file(self, file: SourceFile, digest: str) -> Reason | None:
        """For files whose only record is the manifest: the site, and photos in directory mode."""
        if self.force:
            return Reason.FORCED
        entry = self.remote.manifest.objects.get(file.key)
        if entry is None:
            return Reason.NEW
        return Reason.CHANGED if entry.source != file.sha256 else self._reason_for_object(file, entry, digest)

    def _reason_for_object(self, file: SourceFile, entry: ManifestEntry | None, digest: str) -> Reason | None:
        """``digest`` is that of the edit which the file gets."""
        if entry and entry.edit != digest:
            return Reason.CHANGED
        if entry and entry.headers != file.headers.digest():
            return Reason.HEADERS
        if self.remote.listing is None:
            return None
        found = self.remote.listing.get(file.key)
        whole = found is not None and (entry.describes(found) if entry else not found.archived)
        return None if whole else Reason.MISSING


def _is_picture(file: SourceFile) -> bool:
    kind = file.headers.content_type
    return kind.startswith(("image/", "video/")) and kind != "image/svg+xml"


def remote_photos(remote: RemoteGallery, *, but: Set[str] = frozenset()) -> dict[str, str]:
    """key → photo id of every photo object that the live metadata or the manifest names, ``but`` for these keys.

    The manifest matters after a run that died between commit and deletes: only it still names the old keys.
    """
    manifest = remote.manifest
    named = {key: gone.photo or key for key, gone in manifest.leaving_of("photo").items() if key not in but}
    named.update(_named(Entries.of(manifest.objects).photos(but)))
    photos = remote.metadata.photos if remote.metadata else ()
    if any(others := list(map(not_, map(but.__contains__, keys_of(photos))))):
        each = chain.from_iterable(map(repeat, ids_of(photos), repeat(len(VARIANTS))))
        named.update(compress(zip(keys_of(photos), each, strict=True), others))
    return named


def _named(photos: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """``photos``, each without a name of its own by its key."""
    named = dict(photos)
    nameless = () if all(named.values()) else [key for key, name in named.items() if not name]
    named.update(zip(nameless, nameless, strict=True))
    return cast(dict[str, str], named)


def _names(remote: RemoteGallery) -> Set[str]:
    """The ids that ``remote_photos`` gives."""
    if remote.metadata is None:
        return frozenset(remote_photos(remote).values())
    ids = set(ids_of(remote.metadata.photos))
    others = {key: gone.photo or key for key, gone in remote.manifest.leaving_of("photo").items()}
    others.update(_named(Entries.of(remote.manifest.objects).photos(strangers_to=ids)))
    if not others:
        return ids
    named = remote.metadata.keys()
    return ids | {name for key, name in others.items() if key not in named}


def _removed(local: LocalGallery, remote: RemoteGallery) -> tuple[str, ...]:
    """The photos that the remote gallery has and the local one has not."""
    if local.photos is None:
        return ()
    known = contents_of(remote.metadata, remote.manifest.objects)
    names = dict.fromkeys(remote_photos(remote).values())
    return gone(dict(zip(names, map(known.get, names, repeat(())), strict=False)), local.contents())


def deletes_for(local: Wanted, remote: RemoteGallery) -> Iterator[Delete]:
    """What is gone from the gallery when it is as ``local``, unless a disk or a service may hold its key to be one that
    stays."""
    unwanted = tuple(_unwanted(local, remote))
    stays = {folded(gone.key) for gone in unwanted}.intersection(each_folded(_wanted(local) if unwanted else ()))
    return (gone for gone in unwanted if folded(gone.key) not in stays)


def _site_before(remote: RemoteGallery) -> Mapping[str, object]:
    return {**remote.manifest.leaving_of("site"), **remote.manifest.of_kind("site")}


def _unwanted(local: Wanted, remote: RemoteGallery) -> Iterator[Delete]:
    wanted, site_before = _wanted(local), _site_before(remote)
    photos, site = local.keys_of("photo") is not None, local.keys_of("site") is not None
    if photos:
        kept = wanted if site or not site_before else wanted | site_before.keys()
        yield from (Delete(key, Reason.REMOVED, photo) for key, photo in remote_photos(remote, but=kept).items())
    if site:
        kept = wanted if photos else wanted | remote_photos(remote).keys()
        yield from (Delete(key, Reason.REMOVED) for key in site_before if key not in kept)


def _wanted(local: Wanted) -> frozenset[str]:
    photos, site = local.keys_of("photo"), local.keys_of("site")
    return frozenset(chain(photos or (), site or ()))


def orphans_beside(local: Wanted, remote: RemoteGallery) -> tuple[str, ...]:
    """What lies in the gallery's folders and neither ``local`` nor anything there names; needs the listing."""
    listing, manifest = remote.listing or {}, remote.manifest
    strays = [
        key for key in beside(listing, manifest.objects.keys()) if key not in manifest.leaving and may_be_orphan(key)
    ]
    if not strays:
        return ()
    named = frozenset(local.keys_of("photo") or ()) | remote_photos(remote).keys()
    expected = named | manifest.objects.keys() | manifest.leaving.keys() | frozenset(local.keys_of("site") or ())
    return find_orphans(named, expected, listing)


def _commit(local: LocalGallery, remote: RemoteGallery) -> Commit | None:
    """The document to be committed, or ``None`` when the live one is the same already."""
    document = local.document
    return None if document and remote.base and remote.base.sha256 == document.sha256 else document
