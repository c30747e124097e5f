"""Does the bucket hold exactly what the metadata says? Reads only.

``list`` compares names, sizes and ETags from one listing; ``deep`` downloads every object and compares its bytes and
headers with what the manifest says was stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from galleria_action.deployment.state.manifest import MANIFEST_KEY, Manifest, ManifestEntry
from galleria_action.gallery.keys import METADATA_KEY, folded
from galleria_action.leftovers import is_folder_marker
from galleria_action.storage.faults import LargerThanAsked
from galleria_action.storage.interface import ObjectInfo, ReadStore

OWN_FOLDER = ".galleria/"
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
    listed = ((key, entry, listing.get(key)) for key, entry in manifest.objects.items())
    differ = (key for key, entry, found in listed if found is not None and not entry.describes(found))
    return Verification(
        checked=len(expected),
        missing=tuple(sorted(expected - listing.keys())),
        orphaned=find_orphans(named, expected, listing),
        mismatched=tuple(sorted(key for key in differ if key in expected)),
    )


def find_orphans(named: Iterable[str], expected: frozenset[str], listing: Mapping[str, ObjectInfo]) -> tuple[str, ...]:
    """Keys of ``listing`` that lie in a folder of a photo or below it, but are not ``expected``.

    The root is nobody's folder: other things than the gallery may live in the same bucket. Nor is what lies below a
    folder that is a gallery of its own, what differs from an expected key by letter case or Unicode form only, and what
    stands for a folder and nothing else.
    """
    folders = tuple({key.rpartition("/")[0] + "/" for key in named if "/" in key})
    others = tuple(_galleries_within(listing))
    strays = [key for key in listing if key not in expected and key.startswith(folders) and not key.startswith(others)]
    same = {folded(key) for key in expected} if strays else set()
    return tuple(
        sorted(
            key
            for key in strays
            if not (key.startswith(OWN_FOLDER) or folded(key) in same or is_folder_marker(key, listing[key].size))
        )
    )


def _galleries_within(listing: Iterable[str]) -> Iterator[str]:
    """The folders, each with its slash, that hold metadata or a record of their own."""
    for document in (METADATA_KEY, MANIFEST_KEY):
        yield from (key.removesuffix(document) for key in listing if key.endswith(f"/{document}"))


def verify_deep(
    store: ReadStore, shallow: Verification, manifest: Manifest, concurrency: int, advance: Callable[[int], None]
) -> Verification:
    """Download every recorded object that ``shallow`` found present and compare bytes and headers.

    Objects without a manifest entry cannot be checked deeper than by their presence. ``advance`` is told the bytes
    of each object read. Raises the store's errors.
    """
    doubtful = set(shallow.missing) | set(shallow.mismatched)
    entries = {key: entry for key, entry in manifest.objects.items() if key not in doubtful}

    def check(item: tuple[str, ManifestEntry]) -> tuple[str, bool | None]:
        key, entry = item
        try:
            found = store.get(key, entry.size)
        except LargerThanAsked:
            return key, False
        if found is None:
            return key, None
        advance(len(found.body))
        same_headers = found.headers is None or found.headers.digest() == entry.headers
        return key, same_headers and hashlib.sha256(found.body).hexdigest() == entry.sha256

    with ThreadPoolExecutor(min(concurrency, _READERS), thread_name_prefix="verify") as pool:
        outcomes = dict(pool.map(check, entries.items()))
    gone = (key for key, right in outcomes.items() if right is None)
    wrong = (key for key, right in outcomes.items() if right is False)
    return replace(
        shallow,
        missing=tuple(sorted({*shallow.missing, *gone})),
        mismatched=tuple(sorted({*shallow.mismatched, *wrong})),
    )
