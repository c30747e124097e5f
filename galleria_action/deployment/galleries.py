"""The two galleries that a plan compares: the one on disk and the one that is live, as values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress, filterfalse, islice
from operator import and_, eq, not_
from typing import Protocol, overload

from galleria_action.columns import some_of
from galleria_action.deployment.made_by import MadeBy
from galleria_action.deployment.model import Base, Commit, Mode, PageEdit, PhotoEdit, SourceFile
from galleria_action.deployment.stale import Proofs
from galleria_action.deployment.state.entries import Entries
from galleria_action.deployment.state.manifest import Kind, Manifest, ManifestEntry
from galleria_action.gallery.local.files import LocalFile, LocalFiles
from galleria_action.gallery.metadata.model import (
    NO_SETTINGS,
    VARIANTS,
    GalleryMetadata,
    GallerySettings,
    PhotoMetadata,
)
from galleria_action.gallery.metadata.photos import deployment_file_hashes_of, file_hashes_of, fulls_of, ids_of
from galleria_action.storage.interface import Headers, ObjectInfo
from galleria_action.values import dataclass, field

#: which of some full files are wanted, by their keys and SHA-256 (hex)
FullsWanted = Callable[[Sequence[str], Sequence[str]], Iterable[object]]

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


@dataclass(frozen=True, slots=True)
class Hashes:
    """The SHA-256 (hex) of local files by key: ``measured`` just now, or ``proved`` to be that of what was deployed."""

    measured: Mapping[str, str]
    proved: Mapping[str, str]

    def of(self, file: LocalFile) -> str:
        """That of ``file``; empty where nothing but the metadata tells, whose word of a ``full`` counts more than what
        was deployed."""
        return self.measured.get(file.key) or ("" if file.variant == "full" else self.proved.get(file.key, ""))

    def blob_of(self, key: str) -> str | None:
        """See ``SourceFile.blob``."""
        return self.proved.blob_of(key) if isinstance(self.proved, Proofs) else None


class SourcePhotos(Sequence[SourcePhoto]):
    """The photos that the metadata ``described``, each made when it is asked for; their ``files`` are three per photo,
    in its order. ``hashes`` gives the SHA-256 (hex) of each but ``full``, of which the metadata claims one, by key, and
    of what else was hashed; ``headers_of`` what files are stored with, by their keys."""

    def __init__(
        self,
        described: GalleryMetadata,
        files: Sequence[LocalFile],
        hashes: Hashes,
        headers_of: Callable[[Sequence[str]], Iterable[Headers]],
        *,
        strip_gps: bool,
    ) -> None:
        self.described, self.files = described.photos, files
        self.hashes, self.headers_of = hashes, headers_of
        self.offset_hours, self.strip_gps = described.settings.target_timezone_offset_hours, strip_gps

    def __len__(self) -> int:
        return len(self.described)

    @overload
    def __getitem__(self, place: int) -> SourcePhoto: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[SourcePhoto]: ...

    def __getitem__(self, place: int | slice) -> SourcePhoto | Sequence[SourcePhoto]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        photo, first = self.described[place], place * len(VARIANTS)
        return SourcePhoto(
            photo.id,
            photo.deployment_file_hash,
            (self._file(photo, first), self._file(photo, first + 1), self._file(photo, first + 2)),
            PhotoEdit(photo.exif.corrected_timestamp, self.offset_hours, self.strip_gps),
        )

    def _file(self, photo: PhotoMetadata, row: int) -> SourceFile:
        local = self.files[row]
        key = local.key
        digest = self.hashes.of(local) or photo.file_hash
        (headers,) = self.headers_of((key,))
        return SourceFile(key, local, digest, headers, self.hashes.blob_of(key))

    def __iter__(self) -> Iterator[SourcePhoto]:
        return map(self.__getitem__, range(len(self)))

    def keys(self) -> list[str]:
        """The keys of all files."""
        return self.files.keys if isinstance(self.files, LocalFiles) else [file.key for file in self.files]

    def fulls(self, wanted: FullsWanted) -> Iterator[SourceFile]:
        """See ``LocalGallery.fulls``."""
        measured, every = self.hashes.measured, self.keys()[:: len(VARIANTS)]
        claimed = file_hashes_of(self.described)
        for places in some_of(range(len(self))):
            keys, hashes = every[places[0] : places[-1] + 1], list(islice(claimed, len(places)))
            if measured:
                hashes = [measured.get(key) or it for key, it in zip(keys, hashes, strict=True)]
            for place in compress(places, wanted(keys, hashes)):
                yield self._file(self.described[place], place * len(VARIANTS))


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
    photos: Sequence[SourcePhoto] | None
    site: tuple[SourceFile, ...] | None
    settings: GallerySettings = NO_SETTINGS
    document: Commit | None = None
    made_by: MadeBy | None = None
    edit_of_site: PhotoEdit | None = None
    edit_of_pages: PageEdit | None = None

    def photo_ids(self) -> Iterable[str]:
        """The ids of the photos, in their order."""
        if isinstance(self.photos, SourcePhotos):
            return ids_of(self.photos.described)
        return (photo.id for photo in self.photos or ())

    def photo_keys(self) -> frozenset[str]:
        """The keys of all files of the photos."""
        return frozenset(self.keys_of("photo") or ())

    def keys_of(self, kind: Kind) -> list[str] | None:
        """See ``Wanted``."""
        if kind == "site":
            return None if self.site is None else [file.key for file in self.site]
        if isinstance(self.photos, SourcePhotos):
            return self.photos.keys()
        return None if self.photos is None else [file.key for photo in self.photos for file in photo.files]

    def fulls(self, wanted: FullsWanted) -> Iterator[SourceFile]:
        """The full files of the photos, as far as they are ``wanted``."""
        if isinstance(self.photos, SourcePhotos):
            return self.photos.fulls(wanted)
        files = [file for photo in self.photos or () for file in photo.files if file.variant == "full"]
        return compress(files, wanted([file.key for file in files], [file.sha256 for file in files]))

    def promised(self) -> dict[str, str]:
        """The hash (SHA-256, hex) that the full file of each photo has after its edit, by key."""
        if isinstance(self.photos, SourcePhotos):
            described = self.photos.described
            return dict(zip(fulls_of(described), deployment_file_hashes_of(described), strict=True))
        photos = self.photos or ()
        return {file.key: photo.identity for photo in photos for file in photo.files if file.variant == "full"}

    def contents(self) -> Contents:
        """The photos by their content."""
        if isinstance(self.photos, SourcePhotos):
            measured, described = self.photos.hashes.measured, self.photos.described
            if not measured:
                return _claimed(described)
            its = zip(ids_of(described), fulls_of(described), file_hashes_of(described), strict=True)
            return {name: (measured.get(key) or claimed,) for name, key, claimed in its}
        return {photo.id: _content(photo) for photo in self.photos or ()}

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


def _content(photo: SourcePhoto) -> tuple[str, ...]:
    """See ``Contents``."""
    return tuple(file.sha256 for file in photo.files if file.variant in (None, "full") and file.sha256)


def _claimed(photos: Sequence[PhotoMetadata]) -> Contents:
    return dict(zip(ids_of(photos), zip(file_hashes_of(photos)), strict=True))


def contents_of(metadata: GalleryMetadata | None, objects: Mapping[str, ManifestEntry]) -> Contents:
    """The photos of a gallery that is described by its ``metadata``, or without one by the record's ``objects``."""
    if metadata:
        return _claimed(metadata.photos)
    contents: dict[str, tuple[str, ...]] = {}
    for key, photo in Entries.of(objects).photos():
        # a photo of several files is not known by its thumbnail
        contents[photo or key] = (objects[key].source,) if photo in (None, key) else ()
    return contents


def gone(before: Contents, after: Contents) -> tuple[str, ...]:
    """The ids of ``before`` that are not in ``after``, but for photos that go on under another id: Galleria names those
    anew with every run that have no date. A content that several photos have proves nothing, and each photo of
    ``after`` is what became of one at most: where there are fewer than before, as many are gone."""
    missing = list(filterfalse(after.__contains__, before))
    if not missing:
        return ()
    others = _others(before, after)
    asked = set(chain.from_iterable(map(before.__getitem__, others)))
    there = _owners(after, asked)
    heirs = {name: heir for content, name in _owners(before, asked).items() if (heir := there.get(content))}
    number = min(len(missing), len(others) - _going_on(others, before, after, heirs))
    lost = set(sorted(missing, key=lambda name: name in heirs)[:number])
    return tuple(filter(lost.__contains__, before))


def _others(before: Contents, after: Contents) -> list[str]:
    """The ids of ``before`` that do not have the same content in ``after``."""
    same = map(eq, before.values(), map(after.get, before))
    told = map(bool, before.values())  # what is not known is not the same
    left = compress(before, map(not_, map(and_, same, told)))
    return [name for name in left if name not in after or set(before[name]).isdisjoint(after[name])]


def _owners(contents: Contents, asked: set[str]) -> dict[str, str]:
    """Whose each content is of those that are ``asked`` for, where one photo has it alone."""
    owners: dict[str, str] = {}
    shared = set()
    for name, its in compress(contents.items(), map(not_, map(asked.isdisjoint, contents.values()))):
        for content in asked.intersection(its):
            if owners.setdefault(content, name) != name:
                shared.add(content)
    return {content: name for content, name in owners.items() if content not in shared}


def _going_on(others: Sequence[str], before: Contents, after: Contents, heirs: Mapping[str, str]) -> int:
    """How many of ``others`` are one of ``after`` each, which nobody else is: the one with the same content, or else
    with the same id."""
    free = (after.keys() - before.keys()).union(filter(after.__contains__, others))
    changed = []
    going_on = 0
    for name in others:
        if heirs.get(name) in free:
            free.remove(heirs[name])
            going_on += 1
        else:
            changed.append(name)
    return going_on + sum(name in free for name in changed)
