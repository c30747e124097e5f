"""What a listing shows, in few bytes: of what lies there as it is recorded, which is nearly all of a large gallery, no
more than that it does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from galleria_action.deployment.stale import Proofs
from galleria_action.deployment.state.entries import Entries
from galleria_action.deployment.state.manifest import ManifestEntry
from galleria_action.storage.interface import ObjectInfo


class Listing(Mapping[str, ObjectInfo]):
    """Objects by key, of which those that lie there as they are ``recorded`` are a mark in a row of the record."""

    __slots__ = ("_others", "marks", "recorded")

    def __init__(self, recorded: Entries) -> None:
        self.recorded = recorded
        self.marks = bytearray(len(recorded.columns.sizes))
        self._others: dict[str, ObjectInfo] = {}

    def take(self, objects: Iterable[ObjectInfo]) -> None:
        """Add ``objects``, none of which was there before; several threads may."""
        rows, marks, others = self.recorded.rows, self.marks, self._others
        sizes, etags = self.recorded.columns.sizes, self.recorded.columns.etags
        for found in objects:
            row = rows.get(found.key)
            if row is None or found.archived or sizes[row] != found.size or etags[row] != found.etag:
                others[found.key] = found
            else:
                marks[row] = 1

    def __len__(self) -> int:
        return self.marks.count(1) + len(self._others)

    def __iter__(self) -> Iterator[str]:
        yield from self._others
        marks = self.marks
        yield from (key for key, row in self.recorded.rows.items() if marks[row])

    def __contains__(self, key: object) -> bool:
        return key in self._others or self.is_as_recorded(key)

    def __getitem__(self, key: str) -> ObjectInfo:
        other = self._others.get(key)
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
        marks, others = self.marks, self._others
        return marks.count(1) == len(self.recorded) or all(
            marks[row] or key in others for key, row in self.recorded.rows.items()
        )

    def unrecorded(self) -> Iterator[str]:
        """The keys of which the record knows nothing."""
        return (key for key in self._others if key not in self.recorded.rows)


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


def beside(listing: Mapping[str, ObjectInfo], objects: Mapping[str, ManifestEntry]) -> Iterator[str]:
    """The keys that ``listing`` shows beside ``objects``."""
    if isinstance(listing, Listing) and listing.recorded is objects:
        return listing.unrecorded()
    return (key for key in listing if key not in objects)
