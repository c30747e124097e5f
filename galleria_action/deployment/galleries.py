"""The two galleries that a plan compares: the one on disk and the one that is live, as values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from galleria_action.deployment.made_by import MadeBy
from galleria_action.deployment.model import Base, Commit, Mode, PageEdit, PhotoEdit, SourceFile
from galleria_action.deployment.state.manifest import Kind, Manifest, ManifestEntry
from galleria_action.gallery.metadata.model import NO_SETTINGS, GalleryMetadata, GallerySettings
from galleria_action.storage.interface import ObjectInfo
from galleria_action.values import dataclass, field

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


# -- which photos are gone -----------------------------------------------------------------------------------------

#: photo id → the hashes (SHA-256, hex) that the photo is known by under another id, too; none where there are none.
#: Only those of originals, which are looked at before anything is sent: what an edit is to give may be claimed wrongly
Contents = Mapping[str, tuple[str, ...]]


def contents_of(metadata: GalleryMetadata | None, objects: Mapping[str, ManifestEntry]) -> Contents:
    """The photos of a gallery that is described by its ``metadata``, or without one by the record's ``objects``."""
    if metadata:
        return {photo.id: (photo.file_hash,) for photo in metadata.photos}
    contents: dict[str, tuple[str, ...]] = {}
    for key, entry in objects.items():
        if entry.kind == "photo":
            # a photo of several files is not known by its thumbnail
            contents[entry.photo or key] = (entry.source,) if entry.photo in (None, key) else ()
    return contents


def gone(before: Contents, after: Contents) -> tuple[str, ...]:
    """The ids of ``before`` that are not in ``after``, but for photos that go on under another id: Galleria names those
    anew with every run that have no date. A content that several photos have proves nothing, and each photo of
    ``after`` is what became of one at most: where there are fewer than before, as many are gone."""
    missing = [name for name in before if name not in after]
    if not missing:
        return ()
    there = _owners(after)
    heirs = {name: heir for content, name in _owners(before).items() if (heir := there.get(content))}
    number = min(len(missing), len(before) - _going_on(before, after, heirs))
    lost = set(sorted(missing, key=lambda name: name in heirs)[:number])
    return tuple(name for name in before if name in lost)


def _owners(contents: Contents) -> dict[str, str]:
    """Whose each content is, of those that one photo has alone."""
    owners: dict[str, str] = {}
    shared = set()
    for name, its in contents.items():
        for content in set(its):
            if owners.setdefault(content, name) != name:
                shared.add(content)
    return {content: name for content, name in owners.items() if content not in shared}


def _going_on(before: Contents, after: Contents, heirs: Mapping[str, str]) -> int:
    """How many photos of ``before`` are one of ``after`` each: the one with the same content, or else with the same
    id."""
    taken = {name for name in before if name in after and not set(before[name]).isdisjoint(after[name])}
    others = [name for name in before if name not in taken]
    changed = []
    going_on = len(taken)
    for name in others:
        if name in heirs and heirs[name] not in taken:
            taken.add(heirs[name])
            going_on += 1
        else:
            changed.append(name)
    return going_on + sum(name in after and name not in taken for name in changed)
