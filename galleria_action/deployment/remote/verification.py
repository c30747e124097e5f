"""Does the bucket hold exactly what the metadata says? Reads only.

``list`` compares names, sizes and ETags from one listing; ``deep`` downloads every object and compares its bytes and
headers with what the manifest says was stored. Of what no manifest records, the metadata knows the hash of every full
photo; the others have to be whole pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import filterfalse

from galleria_action.deployment.layout import is_elsewhere
from galleria_action.deployment.remote.listing import beside, differing, in_archives, missing
from galleria_action.deployment.state.entries import Entries
from galleria_action.deployment.state.manifest import MANIFEST_KEY, Manifest
from galleria_action.gallery.keys import METADATA_KEY, folded
from galleria_action.gallery.local.content import look_at
from galleria_action.hands import Hands
from galleria_action.leftovers import is_folder_marker
from galleria_action.storage.faults import LargerThanAsked
from galleria_action.storage.interface import RECORDS, ObjectInfo, ReadStore, StoredObject
from galleria_action.values import dataclass, replace

#: objects that are read at once: each is whole in memory while it is hashed
_READERS = 32


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome. ``checked`` counts the objects that have to be there; the lists hold their keys, sorted.

    ``orphaned`` are objects in the gallery's folders that neither metadata nor manifest names.
    """

    checked: int
    missing: tuple[str, ...] = ()
    orphaned: tuple[str, ...] = ()
    mismatched: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Everything that visitors need is there and right; orphans may remain."""
        return not (self.missing or self.mismatched)

    @property
    def consistent(self) -> bool:
        """Nothing is missing, nothing is wrong and nothing is left over."""
        return self.whole and not self.orphaned


def verify_listing(named: frozenset[str], manifest: Manifest, listing: Mapping[str, ObjectInfo]) -> Verification:
    """Compare a complete ``listing`` with the keys that the gallery names and with what the manifest recorded.

    ``named`` are the photo keys of the live metadata (in directory mode: of the manifest) and the metadata's own.
    """
    expected = named | manifest.of_kind("site").keys()
    differ = set(differing(listing, Entries.of(manifest.objects)))
    differ |= {key for key in unrecorded(named, manifest) if key in listing and not _can_be_seen(listing[key])}
    return Verification(
        checked=len(expected),
        missing=tuple(sorted(missing(listing, expected))),
        orphaned=find_orphans(named, expected, listing),
        mismatched=tuple(sorted(differ & expected)),
    )


def _can_be_seen(found: ObjectInfo) -> bool:
    return bool(found.size) and not found.archived


def archived(listing: Mapping[str, ObjectInfo], *named: Container[str]) -> tuple[str, ...]:
    """The ``named`` keys whose objects were moved to an archive class: they are there, and visitors get an error."""
    return tuple(sorted(key for key in in_archives(listing) if any(key in some for some in named)))


def unrecorded(named: Iterable[str], manifest: Manifest) -> frozenset[str]:
    """The photos among the ``named`` keys of which nothing says what was stored: another tool did, or our record is
    lost."""
    return frozenset(filterfalse(manifest.objects.keys().__contains__, named)) - {METADATA_KEY}


def find_orphans(named: Iterable[str], expected: frozenset[str], listing: Mapping[str, ObjectInfo]) -> tuple[str, ...]:
    """Keys of ``listing`` that lie in a folder of a photo or below it, but are not ``expected``.

    The root is nobody's folder: other things than the gallery may live in the same bucket. Nor is what lies below a
    folder that is a gallery of its own or may be one of ours (a slot, a preview), what differs from an expected key by
    letter case or Unicode form only, and what stands for a folder and nothing else.
    """
    strays = list(filter(may_be_orphan, beside(listing, expected)))
    if not strays:
        return ()
    folders = tuple({key.rpartition("/")[0] + "/" for key in named if "/" in key})
    others, same = tuple(_galleries_within(listing)), {folded(key) for key in expected}
    return tuple(
        sorted(
            key
            for key in strays
            if key.startswith(folders)
            and not (
                key.startswith(others)
                or is_elsewhere(key)
                or folded(key) in same
                or is_folder_marker(key, listing[key].size)
            )
        )
    )


def may_be_orphan(key: str) -> bool:
    """Whether ``key`` lies in a folder that is not one of ours."""
    return "/" in key and not key.startswith(RECORDS)


def _galleries_within(listing: Iterable[str]) -> Iterator[str]:
    """The folders, each with its slash, that hold metadata or a record of their own."""
    for document in (METADATA_KEY, MANIFEST_KEY):
        yield from (key.removesuffix(document) for key in listing if key.endswith(f"/{document}"))


@dataclass(frozen=True, slots=True)
class Expected:
    """What an object has to be. ``size`` in bytes; ``sha256`` (hex) that of its bytes, empty where nobody knows it, and
    ``headers`` the digest of its headers, ``None`` where nobody knows them."""

    key: str
    size: int
    sha256: str
    headers: str | None = None

    def is_met_by(self, found: StoredObject) -> bool:
        """Whether ``found`` is such an object. Without a hash any whole picture is."""
        if self.headers is not None and found.headers is not None and found.headers.digest() != self.headers:
            return False
        if self.sha256:
            return hashlib.sha256(found.body).hexdigest() == self.sha256
        return look_at(self.key, len(found.body), lambda at, n: found.body[max(at, 0) : max(at, 0) + n]).problem is None


def expectations(
    named: Iterable[str], manifest: Manifest, promised: Mapping[str, str], listing: Mapping[str, ObjectInfo]
) -> tuple[Expected, ...]:
    """What is to be read: every recorded object, and the ``named`` ones that nothing records, whose SHA-256 may be
    ``promised`` by the metadata. What the ``listing`` shows in another size needs no reading, and what is archived
    cannot be read."""
    recorded = (Expected(key, it.size, it.sha256, it.headers) for key, it in manifest.objects.items())
    others = (
        Expected(key, listing[key].size, promised.get(key, ""))
        for key in unrecorded(named, manifest)
        if key in listing and _can_be_seen(listing[key])
    )
    here = (it for it in recorded if it.key in listing and not listing[it.key].archived)
    return (*(it for it in here if listing[it.key].size == it.size), *others)


def verify_deep(
    store: ReadStore,
    shallow: Verification,
    expected: Sequence[Expected],
    concurrency: int,
    advance: Callable[[int], None],
) -> Verification:
    """Download every object that is ``expected`` and compare bytes and headers. What its bytes prove overrules its
    ETag, which is another one wherever a bucket was copied or encrypted anew.

    ``advance`` is told the bytes of each object read. Raises the store's errors.
    """

    def check(it: Expected) -> tuple[str, bool | None]:
        try:
            found = store.get(it.key, it.size)
        except LargerThanAsked:
            return it.key, False
        if found is None:
            return it.key, None
        advance(len(found.body))
        return it.key, it.is_met_by(found)

    with Hands(min(concurrency, _READERS), "verify") as pool:
        outcomes = dict(pool.map(check, expected))
    gone = {key for key, right in outcomes.items() if right is None}
    wrong = {key for key, right in outcomes.items() if right is False}
    return replace(
        shallow,
        missing=tuple(sorted({*shallow.missing, *gone})),
        mismatched=tuple(sorted(wrong | (set(shallow.mismatched) - outcomes.keys()))),
    )
