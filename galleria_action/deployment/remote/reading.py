"""Reads what the target holds: metadata, manifest and, where wanted, the listing, all three at the same time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import chain, islice, takewhile
from operator import attrgetter
from typing import TypeVar

from galleria_action.deployment.documents.reading import read_document
from galleria_action.deployment.galleries import RemoteGallery, Wanted
from galleria_action.deployment.model import Base, Mode
from galleria_action.deployment.remote.listing import Listing
from galleria_action.deployment.state.entries import Entries
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.deployment.state.publication import PUBLICATION_KEY, Publication
from galleria_action.deployment.state.reading import read_manifest, read_publication
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.metadata.model import GalleryMetadata
from galleria_action.gallery.metadata.schema import LoadedMetadata, RemoteInvalid, parse_remote
from galleria_action.hands import Hands
from galleria_action.leftovers import is_folder_marker
from galleria_action.storage.interface import Indivisible, ObjectInfo, Part, ReadStore, with_shared_keys
from galleria_action.storage.persistence import Pause
from galleria_action.values import dataclass, field, replace

#: up to so many keys are asked for one by one: a listing takes a request per 1,000 objects, one after the other
_FEW = 100
#: A service answers with so many keys at once. What has more is listed in parts, each a little less than a page (there
#: is more than what was expected), but in no more than so many; so many keys tell where to divide it.
_PAGE = 1_000
_KEYS_IN_A_PART = 900
_PARTS = 8
_SAMPLE = 1_000
_SIZE = attrgetter("size")
#: a document of up to this size is kept at hand
_SMALL_DOCUMENT = 256 << 10
#: between two listings, where the first does not show our own writes yet
LISTING_PAUSES_SECONDS = (0.5, 1.0, 2.0)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RemoteState:
    """Everything that was read.

    The bases are what a conditional write of the metadata or of the manifest has to match. ``document`` is the metadata
    as it is stored, where that is small. ``warnings`` say what was there but could not be understood.
    """

    metadata: GalleryMetadata | None = None
    metadata_base: Base | None = None
    manifest: Manifest = field(default_factory=Manifest)
    manifest_base: Base | None = None
    listing: Mapping[str, ObjectInfo] | None = None
    warnings: tuple[str, ...] = ()
    publication: Publication | None = None
    publication_base: Base | None = None
    document: bytes | None = None

    @property
    def mode(self) -> Mode | None:
        """How the gallery that lies there was deployed; ``None`` when there is none.

        A manifest that waits for its metadata is of a first deploy that did not get to its commit.
        """
        if self.metadata_base:
            return "metadata"
        return "directory" if self.manifest_base and self.manifest.mode == "directory" else None

    @property
    def unfinished(self) -> Publication | None:
        """A publish that is under way, or died before its commit."""
        found = self.publication
        if found is None or not found.begun:
            return None
        if found.commit is not None:
            committed = self.metadata_base is not None and self.metadata_base.sha256 == found.commit
        else:
            committed = all(self.manifest.objects.get(key) != it.entry for key, it in found.replaced.items())
        return None if committed else found

    def before(self, publication: Publication) -> RemoteState:
        """What was there before ``publication`` began."""
        listing = self.listing
        return replace(
            self,
            manifest=publication.manifest_before(self.manifest),
            listing=None if listing is None else publication.listing_before(listing),
        )

    def gallery(self, local: Wanted) -> RemoteGallery:
        """The planner's view, with the base of the document whose write commits ``local``."""
        base = self.metadata_base if local.document else self.manifest_base
        manifest = self.manifest if self.listing is None else self.manifest.still(self.listing)
        return RemoteGallery(base, self.metadata, manifest, self.listing)

    def etag_of(self, key: str) -> str:
        """The ETag of the object under ``key``; empty where that is not known."""
        known = (self.listing or {}).get(key) or self.manifest.objects.get(key) or self.manifest.leaving.get(key)
        return known.etag if known else ""

    def named_keys(self) -> frozenset[str]:
        """The keys that the live gallery names: by its metadata, or by its manifest where there is none."""
        if self.metadata is None:
            return frozenset(self.manifest.of_kind("photo"))
        return self.metadata.keys() | {METADATA_KEY}


def read_remote(
    store: ReadStore,
    *,
    listing: bool,
    local: LoadedMetadata | None = None,
    tell_manifest: Callable[[Manifest], None] = lambda _: None,
) -> RemoteState:
    """Read the target, with a ``listing`` where one is asked for or needed. Where its metadata is ``local`` byte for
    byte it is not parsed again. ``tell_manifest`` hears of the manifest as soon as it is read. Raises the store's
    errors."""

    def manifest_told() -> tuple[Manifest, Base | None, tuple[str, ...]]:
        read = read_manifest(store)
        tell_manifest(read[0])
        return read

    def recorded() -> Entries:
        return Entries.of(manifest_read.result()[0].objects)

    def guess() -> Collection[str]:
        return local.metadata.keys() if local and not recorded() else recorded()

    # Each document is parsed where it was read, so that its text is gone when the next one needs the memory.
    with Hands(3, "remote") as pool:
        metadata_read = pool.begin(_read_metadata, store, local)
        manifest_read = pool.begin(manifest_told)
        listing_read = pool.begin(list_from_the_start, store, recorded, guess) if listing else None
        metadata, metadata_base, document, warnings = metadata_read.result()
        manifest, manifest_base, more_warnings = manifest_read.result()
        if listing_read is None and manifest.leaving:
            # What a deploy was about to delete may be gone, or somebody else's by now: only a listing tells.
            listing_read = pool.begin(list_from_the_start, store, recorded, guess)
        found = listing_read.result() if listing_read else None
    warnings += more_warnings
    state = RemoteState(metadata, metadata_base, manifest, manifest_base, found, warnings, document=document)
    # a listing without it spares the question
    return state if found is not None and PUBLICATION_KEY not in found else _with_publication(store, state)


def _with_publication(store: ReadStore, state: RemoteState) -> RemoteState:
    publication, base, warnings = read_publication(store)
    return replace(state, publication=publication, publication_base=base, warnings=(*state.warnings, *warnings))


def list_target(
    store: ReadStore, expected: Sequence[str] = (), recorded: Entries | None = None
) -> Mapping[str, ObjectInfo]:
    """The whole target by key, compared with what is ``recorded`` where that is known. Raises the store's errors; a
    listing is complete or an error.

    A service takes a tenth of a second or more for each page of 1,000 keys, and each page names the next. So a large
    target is listed in parts at the same time, divided where ``expected`` says that keys will be; a wrong guess makes
    the parts unequal and nothing else.
    """

    def read(listings: Sequence[Iterable[ObjectInfo]]) -> Mapping[str, ObjectInfo]:
        return _together(listings) if recorded is None else _compared(listings, recorded)

    parts = divided(expected)
    if len(parts) > 1:
        with suppress(Indivisible):
            return read([store.list(part=part) for part in parts])
    return read([store.list()])


def list_from_the_start(
    store: ReadStore, recorded: Callable[[], Entries], expected: Callable[[], Collection[str]]
) -> Mapping[str, ObjectInfo]:
    """The same where ``expected`` is not known before the first page is there: what is behind that is divided. Where
    the parts lack one of the ``recorded`` keys, the whole is listed before that is called missing: a service may begin
    a part behind some of its keys."""
    whole = iter(store.list())
    first = list(islice(whole, _PAGE))
    if len(first) < _PAGE:
        return _together([first])
    reached = first[-1].key
    begun, *others = divided([key for key in expected() if key > reached])
    until = begun.until
    if until is None:
        return _compared([chain(first, whole)], recorded())
    with suppress(Indivisible):
        rest = takewhile(lambda found: found.key <= until, whole)
        together = _compared([chain(first, rest), *(store.list(part=part) for part in others)], recorded())
        if together.has_all():
            return together
    return _compared([store.list()], recorded())


def _compared(listings: Sequence[Iterable[ObjectInfo]], recorded: Entries) -> Listing:
    """All of ``listings``, read at the same time, as a comparison with what is ``recorded``."""
    together = Listing(recorded)
    with Hands(len(listings), "list") as pool:
        for _ in pool.map(lambda listing: together.take(_objects(listing)), listings):
            pass
    return together


def _together(listings: Sequence[Iterable[ObjectInfo]]) -> dict[str, ObjectInfo]:
    """All of ``listings``, read at the same time, by key."""
    with Hands(len(listings), "list") as pool:
        read = pool.map(lambda listing: list(_objects(listing)), listings)
        return {found.key: found for listing in read for found in with_shared_keys(listing)}


def _objects(listing: Iterable[ObjectInfo]) -> Iterator[ObjectInfo]:
    """What a listing holds beside markers of folders: those hold nothing, and belong to nobody."""
    left = iter(listing)
    return chain.from_iterable(map(_without_markers, iter(lambda: list(islice(left, _PAGE)), [])))


def _without_markers(objects: list[ObjectInfo]) -> list[ObjectInfo]:
    if all(map(_SIZE, objects)):
        return objects
    return [found for found in objects if not is_folder_marker(found.key, found.size)]


def divided(expected: Sequence[str]) -> list[Part]:
    """Parts that together are everything, of about as many of the ``expected`` keys each; one part for few keys."""
    number = min(_PARTS, -(-len(expected) // _KEYS_IN_A_PART))
    some = sorted(key for key in expected[:: len(expected) // _SAMPLE + 1] if key.isascii())
    bounds = sorted({some[len(some) * part // number] for part in range(1, number)}) if some else []
    return [Part(after, until) for after, until in zip(["", *bounds], [*bounds, None], strict=True)]


def caught_up(look: Callable[[], T], as_expected: Callable[[T], bool], pause: Pause, seen: T | None = None) -> T:
    """What a ``look`` at a listing shows (the first may have been ``seen`` already), or a later one where it is not
    ``as_expected``: some services show writes only after a moment, and until then nothing is to be called missing or
    left over. ``pause`` says whether to wait on."""
    seen = look() if seen is None else seen
    for seconds in LISTING_PAUSES_SECONDS:
        if as_expected(seen) or not pause(seconds):
            break
        seen = look()
    return seen


def find_missing(store: ReadStore, keys: Collection[str], concurrency: int) -> tuple[str, ...]:
    """Which of ``keys`` are not there, sorted, learnt by few requests: one for each of few keys, else a listing, and
    one for each that it does not show, because some services show new objects only after a moment.

    Raises the store's errors.
    """
    doubtful = sorted(keys if len(keys) <= _FEW else set(keys).difference(list_target(store, list(keys))))
    with Hands(concurrency, "head") as pool:
        heads = dict(zip(doubtful, pool.map(store.head, doubtful), strict=True))
    return tuple(sorted(key for key, head in heads.items() if head is None))


def _read_metadata(
    store: ReadStore, local: LoadedMetadata | None
) -> tuple[GalleryMetadata | None, Base | None, bytes | None, tuple[str, ...]]:
    """What the document says, its base, its bytes where they are few, and what was odd."""
    found = read_document(store, METADATA_KEY)
    if found is None:
        return None, None, None, ()
    few = len(found.body) <= _SMALL_DOCUMENT and not found.warnings  # what was unpacked is not what lies there
    document = found.body if few else None
    if local and sha256(found.body).hexdigest() == local.sha256:
        return local.metadata, found.base, document, found.warnings
    try:
        return parse_remote(found.body), found.base, document, found.warnings
    except RemoteInvalid as error:
        text = f"The {METADATA_KEY} in the bucket cannot be understood and is treated as absent: {error}"
        return None, found.base, document, (text,)
