"""Carries a plan out, in the one order that never shows a broken gallery:

photos, site assets, site pages, commit, deletes, manifest. Nothing is deleted before the commit is confirmed, and
nothing is committed after a failed upload or a stop signal.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from hashlib import sha256

from galleria_action.deployment.commit import MANIFEST_HEADERS, check_base, commit, write_manifest
from galleria_action.deployment.manifest import MANIFEST_KEY, Kind, Manifest, ManifestEntry
from galleria_action.deployment.plan import Base, Delete, LocalGallery, Plan
from galleria_action.deployment.remote import RemoteState, read_manifest
from galleria_action.deployment.stop import Stop
from galleria_action.deployment.upload import Uploader
from galleria_action.errors import DeleteFailed, Finding
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.media import is_page
from galleria_action.storage.interface import Headers, WriteStore

NARROWED = (
    "This storage does not support conditional writes: another deploy at the very same moment could have been "
    "overwritten. The window is narrowed, not closed; a `concurrency:` group in the workflow closes it."
)


#: between two batches a stop signal is heard
_DELETE_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Document:
    """The metadata as it is committed, byte for byte, and the headers it is stored with."""

    body: bytes
    headers: Headers


@dataclass
class Deployment:
    """One plan about to be carried out against one store."""

    plan: Plan
    local: LocalGallery
    remote: RemoteState
    store: WriteStore
    uploader: Uploader
    stop: Stop
    warn: Callable[[str], None]
    step: Callable[[str], None]
    document: Document | None = None
    committed: bool = False
    metadata_uploaded: bool = False
    photos_deleted: int = 0

    def __post_init__(self) -> None:
        self._manifest = self.remote.manifest
        self._manifest_base = self.remote.manifest_base

    def run(self) -> Manifest:
        """Carry the plan out and return the manifest of what is deployed now.

        Raises whatever ended it; ``committed`` tells on which side of the commit that was.
        """
        self._upload()
        self._commit()
        undeleted = self._delete()
        manifest = self._record(undeleted)
        if self.uploader.checkpoint:
            self.uploader.checkpoint.clear()
        if undeleted:
            raise _delete_failed(undeleted)
        return manifest

    # -- the steps, in order -------------------------------------------------------------------------------------

    def _upload(self) -> None:
        """Photos first, then what pages need, then the pages, so that no page shows what is not there yet."""
        site = self.plan.site_uploads
        photos = tuple(up for up in self.plan.uploads if up.photo is not None)
        assets = tuple(up for up in site if not is_page(up.key))
        pages = tuple(up for up in site if is_page(up.key))
        for title, batch in (("photos", photos), ("site assets", assets), ("site pages", pages)):
            if batch:
                self.step(f"Uploading {len(batch)} files: {title}")
                self.uploader.upload(batch)

    def _commit(self) -> None:
        """One conditional write. Without a metadata document of its own, a deploy commits by its manifest."""
        self.stop.check()
        if self.document is None:
            self._commit_manifest()
        elif self.plan.commit:
            self.step(f"Committing {METADATA_KEY}")
            done = commit(self.store, METADATA_KEY, self.document.body, self.document.headers, self.plan.base)
            self.metadata_uploaded = True
            self._warn_if(done.narrowed)
        else:
            check_base(self.store, METADATA_KEY, self.plan.base)
        self.committed = True

    def _commit_manifest(self) -> None:
        """What is to be deleted stays in this first manifest, so that a run that dies now is continued by the next."""
        self.step("Committing the manifest")
        self._manifest = self._merged(self._manifest, {gone.key for gone in self.plan.deletes})
        done = commit(self.store, MANIFEST_KEY, self._manifest.to_bytes(), MANIFEST_HEADERS, self.plan.base)
        self._manifest_base = Base(sha256(self._manifest.to_bytes()).hexdigest(), done.etag)
        self._warn_if(done.narrowed)

    def _warn_if(self, narrowed: bool) -> None:
        if narrowed:
            self.warn(NARROWED)

    def _delete(self) -> dict[str, str]:
        """Delete what the plan names; returns the keys that remain, each with its error."""
        if not self.plan.deletes:
            return {}
        self.step(f"Deleting {len(self.plan.deletes)} objects that are gone from the gallery")
        errors = self._delete_keys([gone.key for gone in self.plan.deletes])
        if errors:
            errors = self._delete_keys(list(errors))
        remaining = {gone.photo for gone in self.plan.deletes if gone.key in errors}
        self.photos_deleted = sum(photo not in remaining for photo in self.plan.removed_photos)
        return errors

    def _delete_keys(self, keys: list[str]) -> dict[str, str]:
        errors: dict[str, str] = {}
        for start in range(0, len(keys), _DELETE_BATCH):
            self.stop.check()
            errors.update(self.store.delete(keys[start : start + _DELETE_BATCH]))
        return errors

    def _record(self, undeleted: Container[str]) -> Manifest:
        self.stop.check()
        known = iter([(self._manifest, self._manifest_base)])
        return write_manifest(
            self.store,
            lambda stored: self._merged(stored, undeleted),
            lambda: next(known, None) or read_manifest(self.store),
        )

    def _merged(self, stored: Manifest, undeleted: Container[str]) -> Manifest:
        """``stored`` with our part replaced: what was left alone stays, and so does what is still to be deleted."""
        objects: dict[str, ManifestEntry] = {}
        parts: tuple[tuple[Kind, list[str] | None], ...] = (("photo", self._photo_keys()), ("site", self._site_keys()))
        for kind, keys in parts:
            before = stored.of_kind(kind)
            objects.update(before if keys is None else {key: before[key] for key in keys if key in before})
        objects.update(self.uploader.done.entries)
        for gone in self.plan.deletes:
            if gone.key in undeleted:
                objects[gone.key] = stored.objects.get(gone.key) or _still_there(gone)
        return Manifest(objects)

    def _photo_keys(self) -> list[str] | None:
        photos = self.local.photos
        return None if photos is None else [file.key for photo in photos for file in photo.files]

    def _site_keys(self) -> list[str] | None:
        return None if self.local.site is None else [file.key for file in self.local.site]


def _still_there(gone: Delete) -> ManifestEntry:
    """Names an object that only the replaced metadata knew, so that the next run deletes it."""
    return ManifestEntry(size=0, sha256="", etag="", headers="", source="", kind="photo", photo=gone.photo)


def _delete_failed(undeleted: dict[str, str]) -> DeleteFailed:
    return DeleteFailed(
        f"The new gallery is live, but {len(undeleted)} old objects could not be deleted.",
        hint="Run again: only the deletes are repeated. If it stays, check that the credentials may s3:DeleteObject.",
        findings=[Finding(f"{key}: {error}") for key, error in undeleted.items()],
    )
