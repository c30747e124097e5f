"""The two galleries that a plan compares: the one on disk and the one that is live, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from galleria_action.deployment.made_by import MadeBy
from galleria_action.deployment.model import Base, Commit, Mode, PhotoEdit, SourceFile
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.gallery.metadata.model import NO_SETTINGS, GalleryMetadata, GallerySettings
from galleria_action.storage.interface import ObjectInfo


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

    ``document`` is the metadata document to be committed, where there is one and the photos are part of the deploy.
    ``made_by`` is the commit that the workspace is of, where that is known.
    ``edit_of_site`` is what is done to the site's pictures and videos.
    """

    mode: Mode
    photos: tuple[SourcePhoto, ...] | None
    site: tuple[SourceFile, ...] | None
    settings: GallerySettings = NO_SETTINGS
    document: Commit | None = None
    made_by: MadeBy | None = None
    edit_of_site: PhotoEdit | None = None

    def photo_keys(self) -> frozenset[str]:
        """The keys of all files of the photos."""
        return frozenset(file.key for photo in self.photos or () for file in photo.files)

    def site_keys(self) -> frozenset[str]:
        """The keys of the site's files."""
        return frozenset(file.key for file in self.site or ())


@dataclass(frozen=True, slots=True)
class RemoteGallery:
    """What the target holds. ``listing`` is ``None`` when nobody asked the store for one.

    ``base`` describes the document whose write commits (metadata, or the manifest where there is none).
    """

    base: Base | None = None
    metadata: GalleryMetadata | None = None
    manifest: Manifest = field(default_factory=Manifest)
    listing: Mapping[str, ObjectInfo] | None = None
