"""From the files that were found and hashed to the planner's view of them: keys, hashes, headers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from galleria_action.deployment.galleries import SourcePhoto
from galleria_action.deployment.model import PhotoEdit, SourceFile
from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.gallery.local.files import LocalFile
from galleria_action.gallery.local.media import media_type
from galleria_action.gallery.metadata.model import GalleryMetadata, PhotoMetadata
from galleria_action.storage.interface import Headers


def photos_of_metadata(
    metadata: GalleryMetadata, files: Sequence[LocalFile], cache_control: str, hashes: Sequence[str], *, strip_gps: bool
) -> tuple[SourcePhoto, ...]:
    """The photos of a gallery with metadata. ``files`` are three per photo, in the metadata's order, and ``hashes``
    their SHA-256 (hex); that of ``full`` may be empty, because the metadata has it (``file_hash``)."""
    offset = metadata.settings.target_timezone_offset_hours
    by_key = {file.key: (file, sha256) for file, sha256 in zip(files, hashes, strict=True)}

    def source(photo: PhotoMetadata, key: str) -> SourceFile:
        file, sha256 = by_key[key]
        return _source(file, sha256 or photo.file_hash.lower(), cache_control)

    return tuple(
        SourcePhoto(
            id=photo.id,
            identity=photo.deployment_file_hash.lower(),
            files=tuple(source(photo, key) for _, key in photo.files.items()),
            edit=PhotoEdit(photo.exif.corrected_timestamp, offset, strip_gps),
        )
        for photo in metadata.photos
    )


def photos_of_directory(
    files: Sequence[LocalFile], cache_control: str, hashes: Sequence[str], *, strip_gps: bool
) -> tuple[SourcePhoto, ...]:
    """The photos of a folder without metadata: each file is a photo whose id is its key; no time is corrected."""
    edit = PhotoEdit(None, None, strip_gps) if strip_gps else None
    return tuple(
        SourcePhoto(file.key, sha256, (_source(file, sha256, cache_control),), edit)
        for file, sha256 in zip(files, hashes, strict=True)
    )


def site_files(files: Sequence[LocalFile], cache_control: str, hashes: Sequence[str]) -> tuple[SourceFile, ...]:
    """The files of the static site."""
    return tuple(_source(file, sha256, cache_control) for file, sha256 in zip(files, hashes, strict=True))


def _source(file: LocalFile, digest: str, cache_control: str) -> SourceFile:
    return SourceFile(file.key, file, digest, _headers(media_type(file.key), cache_control))


@cache
def _headers(content_type: str, cache_control: str) -> Headers:
    """One for all files of a kind: there are hundreds of thousands of files and a handful of kinds."""
    return Headers(content_type, cache_control)


def check_collisions(photos: Iterable[SourcePhoto], site: Iterable[SourceFile], metadata_key: str) -> None:
    """Raise ``GalleryInvalid`` when a site file would go where a photo or the metadata goes."""
    taken = {file.key for photo in photos for file in photo.files} | {metadata_key}
    findings = [
        Finding(f"the site's file {file.key!r} would overwrite a photo or the metadata of the same key")
        for file in site
        if file.key in taken
    ]
    if findings:
        raise GalleryInvalid("Site and photos overlap", findings=findings)
