"""The plan as a value: what a deploy will do and why, and the values it is made from (``planner`` makes it)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import TypeVar

from galleria_action.deployment.state.manifest import Manifest, Mode
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.local.files import LocalFile
from galleria_action.gallery.metadata.model import GalleryMetadata, GallerySettings, Variant
from galleria_action.storage.interface import Headers, ObjectInfo, Target

PLAN_SCHEMA = 1


class Reason(StrEnum):
    """Why an object is uploaded or deleted, the strongest first."""

    FORCED = "forced"
    NEW = "new"
    CHANGED = "changed"
    SETTINGS = "settings"
    VARIANT = "variant"
    HEADERS = "headers"
    MISSING = "missing"
    REMOVED = "removed"
    ORPHAN = "orphan"


_STRENGTH = {reason: rank for rank, reason in enumerate(Reason)}


# -- what goes in ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PhotoEdit:
    """What is done to a photo's EXIF on its way: the ISO 8601 time and the whole hours of its zone that are written
    (13 keeps the zone), and whether its position is removed."""

    timestamp: str | None
    offset_hours: int | None
    strip_gps: bool = False

    def digest(self) -> str:
        """SHA-256 (hex) of the edit, so that an edit of another kind is seen as a change."""
        return _edit_digest(self)


@lru_cache(maxsize=64)
def _edit_digest(edit: PhotoEdit) -> str:
    """Remembered for the files of one photo, which are asked for one after the other."""
    canonical = json.dumps([edit.timestamp, edit.offset_hours, edit.strip_gps], separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A local file that belongs under ``key``.

    ``sha256`` is what its bytes must hash to when they are read for the upload: measured while planning, or claimed
    by the metadata (``file_hash``) for ``full``, which is read once only.
    """

    key: str
    local: LocalFile
    sha256: str
    headers: Headers

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.local.size

    @property
    def variant(self) -> Variant | None:
        """Which of a photo's three sizes it is; ``None`` for other files."""
        return self.local.variant


@dataclass(frozen=True, slots=True)
class SourcePhoto:
    """A local photo.

    ``identity`` stands for the content of its full file after the edit (``deployment_file_hash``, or the file's own
    hash in directory mode); ``edit`` is part of its identity too, because ``identity`` does not cover ``web``.
    """

    id: str
    identity: str
    files: tuple[SourceFile, ...]
    edit: PhotoEdit | None = None


@dataclass(frozen=True, slots=True)
class LocalGallery:
    """What the workspace wants online. ``photos`` or ``site`` is ``None`` when that part is to be left alone.

    ``metadata`` is the metadata document's SHA-256 and size in bytes, in metadata mode.
    """

    mode: Mode
    photos: tuple[SourcePhoto, ...] | None
    site: tuple[SourceFile, ...] | None
    settings: GallerySettings = field(default_factory=GallerySettings)
    metadata: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Base:
    """The remote document that the plan was made against: SHA-256 of its bytes, and its ETag for the commit."""

    sha256: str
    etag: str

    @classmethod
    def of(cls, body: bytes, etag: str) -> Base:
        """The base that the stored ``body`` is."""
        return cls(hashlib.sha256(body).hexdigest(), etag)


@dataclass(frozen=True, slots=True)
class RemoteGallery:
    """What the target holds. ``listing`` is ``None`` when nobody asked the store for one.

    ``base`` describes the document whose write commits (metadata, or the manifest where there is none).
    """

    base: Base | None = None
    metadata: GalleryMetadata | None = None
    manifest: Manifest = field(default_factory=Manifest)
    listing: Mapping[str, ObjectInfo] | None = None


# -- what comes out ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Upload:
    """One object to be written.

    ``photo`` is the photo's id and ``edit`` its EXIF edit; both are ``None`` for a file of the site. ``digest`` is the
    SHA-256 of the local file, or the ``deployment_file_hash`` for ``full``.
    """

    reason: Reason
    file: SourceFile
    digest: str
    photo: str | None = None
    edit: PhotoEdit | None = None

    @property
    def key(self) -> str:
        """Where it goes."""
        return self.file.key

    @property
    def size(self) -> int:
        """Bytes of the local file, before any edit."""
        return self.file.size


@dataclass(frozen=True, slots=True)
class Delete:
    """One object to be removed after the commit."""

    key: str
    reason: Reason
    photo: str | None = None


@dataclass(frozen=True)
class Plan:
    """The whole plan. ``removed_photos`` are ids that the remote gallery has and the local one has not."""

    mode: Mode
    target: Target
    base: Base | None
    uploads: tuple[Upload, ...]
    deletes: tuple[Delete, ...]
    unchanged_photos: tuple[str, ...]
    removed_photos: tuple[str, ...]
    remote_photo_count: int
    local_photo_count: int
    commit: tuple[str, int] | None

    @cached_property
    def plan_id(self) -> str:
        """SHA-256 (hex) over target, base and every action: no times, no local paths."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    @property
    def canonical(self) -> str:
        """The text (ASCII) that ``plan_id`` is the SHA-256 of."""
        document = {
            "schema": PLAN_SCHEMA,
            "target": [self.target.endpoint, self.target.bucket, self.target.prefix],
            "base": self.base.sha256 if self.base else None,
            "actions": sorted(self.actions()),
        }
        return json.dumps(document, separators=(",", ":"), sort_keys=True)

    def actions(self) -> Iterator[list[str]]:
        """Everything the plan does, in no order: operation, key, and what else decides its outcome."""
        for up in self.uploads:
            edit = up.edit.digest() if up.edit else ""
            yield ["upload", up.key, str(up.size), up.digest, up.reason, up.file.headers.digest(), edit]
        for gone in self.deletes:
            yield ["delete", gone.key, gone.reason]
        if self.commit:
            yield ["commit", METADATA_KEY, str(self.commit[1]), self.commit[0]]

    @property
    def changed(self) -> bool:
        """Whether a deploy would write anything at all."""
        return bool(self.uploads or self.deletes or self.commit)

    @cached_property
    def photo_uploads(self) -> dict[str, tuple[Upload, ...]]:
        """Uploads of photos by photo id, in the gallery's order."""
        return _grouped(self.uploads)

    @cached_property
    def photo_deletes(self) -> dict[str, tuple[Delete, ...]]:
        """Deletes of photos by photo id."""
        return _grouped(self.deletes)

    @property
    def site_uploads(self) -> tuple[Upload, ...]:
        """Uploads of site files."""
        return tuple(up for up in self.uploads if up.photo is None)

    @property
    def site_deletes(self) -> tuple[Delete, ...]:
        """Deletes of site files."""
        return tuple(gone for gone in self.deletes if gone.photo is None and gone.reason is not Reason.ORPHAN)

    @property
    def orphan_deletes(self) -> tuple[Delete, ...]:
        """Deletes of objects in the gallery's folders that nothing names, where those are asked for."""
        return tuple(gone for gone in self.deletes if gone.reason is Reason.ORPHAN)

    @property
    def bytes_to_upload(self) -> int:
        """Bytes of all local files to be uploaded, before any EXIF edit."""
        return sum(up.size for up in self.uploads)


def strongest(uploads: Iterable[Upload]) -> Reason:
    """The one reason that is told for a photo whose files may have several."""
    return min((up.reason for up in uploads), key=_STRENGTH.__getitem__)


_Entry = TypeVar("_Entry", Upload, Delete)


def _grouped(entries: Iterable[_Entry]) -> dict[str, tuple[_Entry, ...]]:
    groups: dict[str, list[_Entry]] = {}
    for entry in entries:
        if entry.photo is not None:
            groups.setdefault(entry.photo, []).append(entry)
    return {photo: tuple(group) for photo, group in groups.items()}
