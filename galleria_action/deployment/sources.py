"""From the files on disk to the planner's view of them: keys, hashes, headers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

from galleria_action.deployment.galleries import SourcePhoto
from galleria_action.deployment.model import PhotoEdit, SourceFile
from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.gallery.local.files import LocalFile
from galleria_action.gallery.local.media import media_type
from galleria_action.gallery.metadata.model import GalleryMetadata, PhotoMetadata
from galleria_action.storage.interface import Headers

#: Hashing leaves Python's lock, so one thread per core uses the whole machine for files of this many bytes and more.
#: With smaller ones the threads would mostly wait for that lock: 20,000 thumbnails took two of them twice the time.
_WORTH_A_THREAD = 64 * 1024
#: handing a thread one file at a time would cost as much as hashing it
_HASHED_TOGETHER = 16


@dataclass(frozen=True, slots=True)
class Hasher:
    """Hashes local files on several threads. ``read`` gives a file's bytes or raises ``GalleryInvalid``."""

    read: Callable[[LocalFile], bytes]

    def hash_all(self, files: Sequence[LocalFile]) -> list[str]:
        """SHA-256 (hex) of each file, in order. Raises ``GalleryInvalid`` with one finding per unreadable file."""
        large = [number for number, file in enumerate(files) if file.size >= _WORTH_A_THREAD]
        batches = [large[start : start + _HASHED_TOGETHER] for start in range(0, len(large), _HASHED_TOGETHER)]
        with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="hash") as pool:
            started = pool.map(lambda batch: [(number, self._hash(files[number])) for number in batch], batches)
            hashed = {number: self._hash(file) for number, file in enumerate(files) if file.size < _WORTH_A_THREAD}
            hashed.update(pair for batch in started for pair in batch)
        outcomes = [hashed[number] for number in range(len(files))]
        findings = [finding for _, found in outcomes for finding in found]
        if findings:
            raise GalleryInvalid(f"{len(findings)} local files cannot be read", findings=findings)
        return [digest for digest, _ in outcomes]

    def _hash(self, file: LocalFile) -> tuple[str, tuple[Finding, ...]]:
        try:
            return hashlib.sha256(self.read(file)).hexdigest(), ()
        except GalleryInvalid as error:
            return "", error.findings or (Finding(error.message),)


def photos_of_metadata(
    metadata: GalleryMetadata, files: Sequence[LocalFile], cache_control: str, hasher: Hasher, *, strip_gps: bool
) -> tuple[SourcePhoto, ...]:
    """The photos of a gallery with metadata. ``files`` are three per photo, in the metadata's order.

    ``web`` and ``thumb`` are hashed here because no hash in the metadata covers them; ``full`` has ``file_hash``.
    """
    small = [file for file in files if file.variant != "full"]
    hashes = dict(zip((file.key for file in small), hasher.hash_all(small), strict=True))
    offset = metadata.settings.target_timezone_offset_hours
    by_key = {file.key: file for file in files}

    def source(photo: PhotoMetadata, key: str) -> SourceFile:
        return _source(by_key[key], hashes.get(key) or photo.file_hash.lower(), cache_control)

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
    files: Sequence[LocalFile], cache_control: str, hasher: Hasher, *, strip_gps: bool
) -> tuple[SourcePhoto, ...]:
    """The photos of a folder without metadata: each file is a photo whose id is its key; no time is corrected."""
    edit = PhotoEdit(None, None, strip_gps) if strip_gps else None
    hashed = zip(files, hasher.hash_all(files), strict=True)
    return tuple(SourcePhoto(file.key, sha, (_source(file, sha, cache_control),), edit) for file, sha in hashed)


def site_files(files: Sequence[LocalFile], cache_control: str, hasher: Hasher) -> tuple[SourceFile, ...]:
    """The files of the static site."""
    hashed = zip(files, hasher.hash_all(files), strict=True)
    return tuple(_source(file, digest, cache_control) for file, digest in hashed)


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
