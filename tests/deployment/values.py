"""Small values for the planner's tests."""

from __future__ import annotations

import hashlib

from galleria_action.deployment.galleries import LocalGallery, RemoteGallery, SourcePhoto
from galleria_action.deployment.model import Base, Commit, PhotoEdit, SourceFile
from galleria_action.deployment.state.manifest import Manifest, ManifestEntry
from galleria_action.gallery.local.files import LocalFile
from galleria_action.gallery.metadata.model import (
    VARIANTS,
    GalleryMetadata,
    GallerySettings,
    MetadataExifData,
    MetadataFileData,
    PhotoMetadata,
    Variant,
)
from galleria_action.storage.interface import Headers, ObjectInfo, Target

TARGET = Target("http://localhost:1", "bucket", "wedding/")
SETTINGS = GallerySettings(target_timezone_offset_hours=2, web_size=2048, thumb_size=400, jpeg_quality=85)
TIME = "2024-06-15T12:00:00"
PHOTO_HEADERS = Headers("image/jpeg", "public, max-age=86400")


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def document(content: str) -> Commit:
    """Metadata to be committed, of which ``content`` stands for the whole."""
    return Commit("gallery-metadata.json", sha(content), Headers("application/json", "no-cache"), content.encode())


def source_file(key: str, variant: Variant | None = None, content: str = "1") -> SourceFile:
    local = LocalFile(key, f"/nowhere/{key}", len(content), variant, stamp=bytes(32))
    return SourceFile(key, local, sha(key + content), PHOTO_HEADERS)


def local_photo(name: str, content: str = "1", time: str | None = TIME, offset: int | None = 2) -> SourcePhoto:
    files = tuple(source_file(f"{variant}/{name}.jpg", variant, content) for variant in VARIANTS)
    return SourcePhoto(name, sha(f"edited {name} {content}"), files, PhotoEdit(time, offset))


def local_gallery(
    *photos: SourcePhoto, settings: GallerySettings = SETTINGS, site: tuple[SourceFile, ...] | None = None
) -> LocalGallery:
    return LocalGallery("metadata", photos, site, settings, document(repr(photos)))


def metadata_of(*photos: SourcePhoto, settings: GallerySettings = SETTINGS) -> GalleryMetadata:
    entries = tuple(
        PhotoMetadata(
            photo.id,
            f"pics/{photo.id}.jpg",
            photo.files[0].sha256,
            photo.identity,
            MetadataExifData(corrected_timestamp=photo.edit.timestamp if photo.edit else None),
            MetadataFileData(*(file.key for file in photo.files)),
        )
        for photo in photos
    )
    return GalleryMetadata("1.0", None, None, settings, entries)


def entry_of(file: SourceFile, photo: SourcePhoto | None = None) -> ManifestEntry:
    edit = photo.edit if photo else None
    if edit and file.variant == "thumb":
        edit = PhotoEdit(None, None, strip_gps=True) if edit.strip_gps else None
    return ManifestEntry(
        size=file.size,
        sha256=sha("stored" + file.sha256),
        etag="etag" + file.sha256[:8],
        headers=file.headers.digest(),
        source=file.sha256,
        kind="photo" if photo else "site",
        photo=photo.id if photo else None,
        edit=edit.digest() if edit else "",
    )


def manifest_of(*photos: SourcePhoto, site: tuple[SourceFile, ...] = ()) -> Manifest:
    objects = {file.key: entry_of(file, photo) for photo in photos for file in photo.files}
    return Manifest(objects | {file.key: entry_of(file) for file in site})


def listing_of(manifest: Manifest) -> dict[str, ObjectInfo]:
    return {key: ObjectInfo(key, entry.size, entry.etag) for key, entry in manifest.objects.items()}


def remote_gallery(
    *photos: SourcePhoto,
    settings: GallerySettings = SETTINGS,
    manifest: Manifest | None = None,
    site: tuple[SourceFile, ...] = (),
    listed: bool = True,
) -> RemoteGallery:
    """What is there after a deploy of ``photos`` and ``site``."""
    recorded = manifest_of(*photos, site=site) if manifest is None else manifest
    base = Base(sha(repr(photos)), "etag of the metadata")
    return RemoteGallery(
        base, metadata_of(*photos, settings=settings), recorded, listing_of(recorded) if listed else None
    )
