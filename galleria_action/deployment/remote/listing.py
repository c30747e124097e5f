"""What a listing shows, in few bytes: of what lies there as it is recorded, which is nearly all of a large gallery, no
more than that it does."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Set
from itertools import chain, compress, filterfalse, islice, repeat
from operator import attrgetter, eq, not_

from galleria_action.deployment.stale import Proofs
from galleria_action.deployment.state.entries import Entries
from galleria_action.storage.interface import RECORDS, ObjectInfo, with_shared_keys

#: objects that are compared at once
_TOGETHER = 1000
_key, _seen = attrgetter("key"), attrgetter("size", "etag", "archived")


class Listing(Mapping[str, ObjectInfo]):
    """Objects by key, of which those that lie there as they are ``recorded`` are a mark in a row of the record;
    ``others`` are all that are not."""

    __slots__ = ("marks", "others", "recorded")

    def __init__(self, recorded: Entries) -> None:
        self.recorded = recorded
        self.marks = bytearray(len(recorded.columns.sizes))
        self.others: dict[str, ObjectInfo] = {}

    def take(self, objects: Iterable[ObjectInfo]) -> None:
        """Add ``objects``, none of which was there before; several threads may."""
        left = iter(objects)
        while some := list(islice(left, _TOGETHER)):
            self._take(some)

    def _take(self, some: list[ObjectInfo]) -> None:
        it = self.recorded.columns
        there, are_known = self.recorded.rows_of(map(_key, some))
        known = some if are_known is None else list(compress(some, are_known))
        recorded = zip(it.sizes.at(there), it.etags.at(there), repeat(False), strict=False)
        same = list(map(eq, recorded, map(_seen, known)))
        for row in compress(there, same):
            self.marks[row] = 1
        if len(some) > sum(same):
            as_recorded = {*map(_key, compress(known, same))}
            others = [found for found in some if found.key not in as_recorded]
            self.others.update((found.key, found) for found in with_shared_keys(others))

    def __len__(self) -> int:
        return self.marks.count(1) + len(self.others)

    def __iter__(self) -> Iterator[str]:
        return chain(self.others, compress(self.recorded.rows, self._marks()))

    def __contains__(self, key: object) -> bool:
        return key in self.others or self.is_as_recorded(key)

    def __getitem__(self, key: str) -> ObjectInfo:
        other = self.others.get(key)
        if other is not None:
            return other
        row = self.recorded.rows[key]
        if not self.marks[row]:
            raise KeyError(key)
        return ObjectInfo(key, self.recorded.columns.sizes[row], self.recorded.columns.etags[row])

    def is_as_recorded(self, key: object) -> bool:
        """Whether the object under ``key`` is the one that is recorded."""
        row = self.recorded.rows.get(key)  # type: ignore[call-overload]
        return row is not None and bool(self.marks[row])

    def has_all(self) -> bool:
        """Whether all that is recorded lies there, as it is recorded or otherwise."""
        marks, others = self.marks, self.others
        return marks.count(1) == len(self.recorded) or all(
            marks[row] or key in others for key, row in self.recorded.rows.items()
        )

    def without(self, keys: Set[str]) -> Iterator[str]:
        """Those of ``keys`` under which nothing lies."""
        rows = self.recorded.rows
        gone = () if self.marks.count(1) == len(rows) else compress(rows, map(not_, self._marks()))
        return filterfalse(self.others.__contains__, chain(keys - rows.keys(), filter(keys.__contains__, gone)))

    def _marks(self) -> Iterator[int]:
        """That of each key of the record."""
        return map(self.marks.__getitem__, self.recorded.rows.values())

    def beside(self, keys: Container[str]) -> Iterator[str]:
        """All but ``keys``."""
        others = filterfalse(keys.__contains__, self.recorded.rows)
        return chain(filterfalse(keys.__contains__, self.others), filter(self.is_as_recorded, others))


def marks_of(marked: object, recorded: Entries) -> bytes | None:
    """The marks of ``marked``, a listing or proofs, by row of what is ``recorded``, if these are the rows it marks."""
    if isinstance(marked, Listing | Proofs) and marked.recorded.columns is recorded.columns:
        return bytes(marked.marks)
    return None


def shows(listing: Mapping[str, ObjectInfo], key: str, recorded: Entries) -> bool:
    """Whether ``listing`` shows the object under ``key`` as it is ``recorded``."""
    if isinstance(listing, Listing) and listing.recorded.columns is recorded.columns:
        return listing.is_as_recorded(key)
    found = listing.get(key)
    return found is not None and recorded[key].describes(found)


def differing(listing: Mapping[str, ObjectInfo], recorded: Entries) -> Iterator[str]:
    """The keys under which ``listing`` shows something else than what is ``recorded``."""
    if marks_of(listing, recorded) is not None and isinstance(listing, Listing):
        return (key for key in listing.others if key in recorded)
    return (key for key in recorded if key in listing and not shows(listing, key, recorded))


def missing(listing: Mapping[str, ObjectInfo], keys: Set[str]) -> Iterator[str]:
    """Those of ``keys`` that ``listing`` does not show."""
    return listing.without(keys) if isinstance(listing, Listing) else filterfalse(listing.__contains__, keys)


def records_in(listing: Iterable[str]) -> Iterator[str]:
    """The keys of our own records that a ``listing`` shows: no key of a gallery lies among them."""
    keys = listing.others if isinstance(listing, Listing) else listing
    return (key for key in keys if key.startswith(RECORDS))


def in_archives(listing: Mapping[str, ObjectInfo]) -> Iterator[str]:
    """The keys of what ``listing`` shows to be archived."""
    objects = listing.others if isinstance(listing, Listing) else listing  # it is never as it was recorded
    return (key for key, found in objects.items() if found.archived)


def beside(listing: Mapping[str, ObjectInfo], keys: Container[str]) -> Iterator[str]:
    """The keys that ``listing`` shows beside ``keys``."""
    return listing.beside(keys) if isinstance(listing, Listing) else filterfalse(keys.__contains__, listing)
