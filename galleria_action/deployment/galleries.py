"""The two galleries that a plan compares: the one on disk and the one that is live, as values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Protocol

from galleria_action.deployment.made_by import MadeBy
from galleria_action.deployment.model import Base, Commit, Mode, PageEdit, PhotoEdit, SourceFile
from galleria_action.deployment.state.manifest import Kind, Manifest
from galleria_action.gallery.metadata.model import NO_SETTINGS, GalleryMetadata, GallerySettings
from galleria_action.storage.interface import ObjectInfo
from galleria_action.values import dataclass

#: the parts of a gallery
KINDS: tuple[Kind, ...] = ("photo", "site")


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


class Wanted(Protocol):
    """What a run wants online, as far as the steps that bring it there need to know."""

    @property
    def mode(self) -> Mode:
        """How its photos are named."""

    @property
    def document(self) -> Commit | None:
        """The metadata that is committed for it; ``None`` where the record commits."""

    @property
    def made_by(self) -> MadeBy | None:
        """The commit that it is, where that is known."""

    def keys_of(self, kind: Kind) -> Collection[str] | None:
        """The keys of one part, ``None`` where that is to be left alone."""


@dataclass(frozen=True, slots=True)
class LocalGallery:
    """What the workspace wants online. ``photos`` or ``site`` is ``None`` when that part is to be left alone.

    ``document`` is the metadata document to be committed, where there is one and the photos are part of the deploy.
    ``made_by`` is the commit that the workspace is of, where that is known.
    ``edit_of_site`` is what is done to the site's pictures and videos, ``edit_of_pages`` what is done to its pages.
    """

    mode: Mode
    photos: tuple[SourcePhoto, ...] | None
    site: tuple[SourceFile, ...] | None
    settings: GallerySettings = NO_SETTINGS
    document: Commit | None = None
    made_by: MadeBy | None = None
    edit_of_site: PhotoEdit | None = None
    edit_of_pages: PageEdit | None = None

    def photo_keys(self) -> frozenset[str]:
        """The keys of all files of the photos."""
        return frozenset(file.key for photo in self.photos or () for file in photo.files)

    def keys_of(self, kind: Kind) -> list[str] | None:
        """See ``Wanted``."""
        if kind == "photo":
            return None if self.photos is None else [file.key for photo in self.photos for file in photo.files]
        return None if self.site is None else [file.key for file in self.site]

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
