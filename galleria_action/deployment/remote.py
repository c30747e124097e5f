"""Reads what the target holds: metadata, manifest and, where wanted, the listing, all three at the same time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from galleria_action.deployment.manifest import MANIFEST_KEY, Manifest, ManifestUnreadable, Mode, parse_manifest
from galleria_action.deployment.plan import Base, RemoteGallery
from galleria_action.gallery.json_source import paused_gc
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.metadata import GalleryMetadata
from galleria_action.gallery.schema import LoadedMetadata, RemoteInvalid, parse_remote
from galleria_action.storage.interface import ObjectInfo, ReadStore

#: up to so many keys are asked for one by one: a listing takes a request per 1,000 objects, one after the other
_FEW = 100


@dataclass(frozen=True, slots=True)
class RemoteState:
    """Everything that was read.

    The bases are what a conditional write of the metadata or of the manifest has to match. ``warnings`` say what was
    there but could not be understood.
    """

    metadata: GalleryMetadata | None = None
    metadata_base: Base | None = None
    manifest: Manifest = field(default_factory=Manifest)
    manifest_base: Base | None = None
    listing: Mapping[str, ObjectInfo] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def mode(self) -> Mode | None:
        """How the gallery that lies there was deployed; ``None`` when there is none.

        A manifest that waits for its metadata is of a first deploy that did not get to its commit.
        """
        if self.metadata_base:
            return "metadata"
        return "directory" if self.manifest_base and self.manifest.mode == "directory" else None

    def gallery(self, commit_key: str, missing: Set[str] = frozenset()) -> RemoteGallery:
        """The planner's view, with the base of the document whose write will commit. ``missing`` is to be planned as if
        it were not listed."""
        base = self.metadata_base if commit_key == METADATA_KEY else self.manifest_base
        listing = self.listing
        if listing and missing:
            listing = {key: found for key, found in listing.items() if key not in missing}
        return RemoteGallery(base, self.metadata, self.manifest, listing)

    def named_keys(self) -> frozenset[str]:
        """The keys that the live gallery names: by its metadata, or by its manifest where there is none."""
        if self.metadata is None:
            return frozenset(self.manifest.of_kind("photo"))
        return self.metadata.keys() | {METADATA_KEY}


@paused_gc()
def read_remote(store: ReadStore, *, listing: bool, local: LoadedMetadata | None = None) -> RemoteState:
    """Read the target. Where its metadata is ``local`` byte for byte it is not parsed again. Raises the store's
    errors."""
    # Each document is parsed where it was read, so that its text is gone when the next one needs the memory.
    with ThreadPoolExecutor(3, thread_name_prefix="remote") as pool:
        metadata_read = pool.submit(_read_metadata, store, local)
        manifest_read = pool.submit(_read_manifest, store)
        listing_read = pool.submit(list_target, store) if listing else None
        metadata, metadata_base, warnings = metadata_read.result()
        manifest, manifest_base, more_warnings = manifest_read.result()
        listed = listing_read.result() if listing_read else None
    return RemoteState(metadata, metadata_base, manifest, manifest_base, listed, warnings + more_warnings)


def list_target(store: ReadStore) -> dict[str, ObjectInfo]:
    """The whole target by key. Raises the store's errors; a listing is complete or an error."""
    return {found.key: found for found in store.list()}


def find_missing(store: ReadStore, keys: Collection[str], concurrency: int) -> tuple[str, ...]:
    """Which of ``keys`` are not there, sorted, learnt by few requests: one for each of few keys, else a listing, and
    one for each that it does not show, because some services show new objects only after a moment.

    Raises the store's errors.
    """
    doubtful = sorted(keys if len(keys) <= _FEW else set(keys).difference(list_target(store)))
    with ThreadPoolExecutor(concurrency, thread_name_prefix="head") as pool:
        heads = dict(zip(doubtful, pool.map(store.head, doubtful), strict=True))
    return tuple(sorted(key for key, head in heads.items() if head is None))


def read_manifest(store: ReadStore) -> tuple[Manifest, Base | None]:
    """The manifest alone, anew, with what a conditional write has to match."""
    manifest, base, _ = _read_manifest(store)
    return manifest, base


def _read_metadata(
    store: ReadStore, local: LoadedMetadata | None
) -> tuple[GalleryMetadata | None, Base | None, tuple[str, ...]]:
    stored = store.get(METADATA_KEY)
    if stored is None:
        return None, None, ()
    base = Base.of(stored.body, stored.etag)
    if local and stored.body == local.raw:
        return local.metadata, base, ()
    try:
        return parse_remote(stored.body), base, ()
    except RemoteInvalid as error:
        text = f"The {METADATA_KEY} in the bucket cannot be understood and is treated as absent: {error}"
        return None, base, (text,)


def _read_manifest(store: ReadStore) -> tuple[Manifest, Base | None, tuple[str, ...]]:
    stored = store.get(MANIFEST_KEY)
    if stored is None:
        return Manifest(), None, ()
    base = Base.of(stored.body, stored.etag)
    try:
        return parse_manifest(stored.body), base, ()
    except ManifestUnreadable as error:
        text = f"{MANIFEST_KEY} in the bucket cannot be understood and is treated as absent: {error}"
        return Manifest(), base, (text,)
