"""The objects of a record in columns: a gallery has hundreds of thousands of them, and hardly any is ever looked at.

To whoever asks it is a mapping like any other, whose entries are made when they are asked for.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, KeysView, Mapping, Sequence
from itertools import chain, compress, count, filterfalse, repeat, takewhile
from operator import attrgetter, eq, is_not, not_
from typing import Any, Literal, cast

from galleria_action.columns import Column, Hashes, Numbers, Table, Values, places_of, values_of
from galleria_action.deployment.model import EDIT_DIGITS
from galleria_action.storage.interface import ObjectInfo
from galleria_action.values import dataclass, fields

#: bytes of hashes
SHA256, SHA1, MD5, EDIT = 32, 20, 16, EDIT_DIGITS // 2


Kind = Literal["photo", "site"]


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One deployed object.

    ``size`` (bytes) and ``sha256`` are of the stored bytes, ``source`` is the SHA-256 of the local file before any
    EXIF edit, ``etag`` what the store answered to the upload, ``headers`` the digest of the headers sent with it,
    ``edit`` the digest of the EXIF edit (empty: none). ``photo`` is the id of the photo for ``kind == "photo"``.
    ``source_size`` (bytes; 0: not known) and ``source_blob`` (git's id of its content; empty: not known) tell later
    whether the local file can still be the same one, without reading it.
    """

    size: int
    sha256: str
    etag: str
    headers: str
    source: str
    kind: Kind
    photo: str | None = None
    edit: str = ""
    source_size: int = 0
    source_blob: str = ""

    def describes(self, found: ObjectInfo) -> bool:
        """Whether a listing shows the object as it was stored, where it can be read."""
        return (found.size, found.etag) == (self.size, self.etag) and not found.archived


@dataclass(frozen=True, slots=True)
class Columns:
    """A column for each field of an entry, in the order of these."""

    sizes: Column[int]
    sha256s: Column[str]
    etags: Column[str]
    headers: Table[str]
    sources: Column[str]
    kinds: Table[Any]
    photos: Table[str | None]
    edits: Table[str]
    source_sizes: Column[int]
    source_blobs: Table[str]

    def all(self) -> tuple[Column[Any], ...]:
        """In the order of an entry's fields."""
        return (
            self.sizes, self.sha256s, self.etags, self.headers, self.sources, self.kinds, self.photos, self.edits,
            self.source_sizes, self.source_blobs,
        )  # fmt: skip


_EMPTY = Columns(
    Numbers(),
    Hashes(SHA256),
    Hashes(MD5),
    Table("", Hashes(SHA256), places_of(())),
    Hashes(SHA256),
    Table(None, Values(), places_of(())),
    Table(None, Values(), places_of(())),
    Table("", Hashes(EDIT), places_of(())),
    Numbers(),
    Table("", Hashes(SHA1), places_of(())),
)


class Entries(Mapping[str, ManifestEntry]):
    """Entries by key: ``rows`` says in which row of the ``columns`` each stands."""

    __slots__ = ("_in_rows", "columns", "rows")

    def __init__(self, rows: dict[str, int], columns: Columns) -> None:
        self.rows, self.columns = rows, columns
        #: the key of each row, as far as each is in the row that its place is
        self._in_rows: list[str] | None = None

    @classmethod
    def of(cls, objects: Mapping[str, ManifestEntry]) -> Entries:
        """Those of any mapping."""
        return objects if isinstance(objects, Entries) else cls({}, _EMPTY).with_(objects)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __contains__(self, key: object) -> bool:
        return key in self.rows

    def __getitem__(self, key: str) -> ManifestEntry:
        return self._entry(self.rows[key])

    def get(self, key: str, default: Any = None) -> Any:
        """As a dict does."""
        row = self.rows.get(key)
        return default if row is None else self._entry(row)

    def keys(self) -> KeysView[str]:
        """As a dict does."""
        return self.rows.keys()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Entries):
            return super().__eq__(other)
        if self.rows.keys() != other.rows.keys():
            return False
        if self.columns is other.columns and self.rows == other.rows:
            return True
        rows, there = list(self.rows.values()), list(map(other.rows.__getitem__, self.rows))
        pairs = zip(self.columns.all(), other.columns.all(), strict=True)
        return all(all(map(eq, own.at(rows), theirs.at(there))) for own, theirs in pairs)

    __hash__ = None  # type: ignore[assignment]

    def _entry(self, row: int) -> ManifestEntry:
        it = self.columns
        return ManifestEntry(
            it.sizes[row],
            it.sha256s[row],
            it.etags[row],
            it.headers[row],
            it.sources[row],
            it.kinds[row],
            it.photos[row],
            it.edits[row],
            it.source_sizes[row],
            it.source_blobs[row],
        )

    def rows_of(self, keys: Iterable[str]) -> tuple[Sequence[int], list[bool] | None]:
        """The rows of those of ``keys`` that are there; and of each whether it is one of them, where not all are."""
        asked = list(keys)
        if (run := self._run(asked)) is not None:
            return run, None
        rows = list(map(self.rows.get, asked))
        if None not in rows:
            return cast(list[int], rows), None
        known = list(map(is_not, rows, repeat(None)))
        return cast(list[int], list(compress(rows, known))), known

    def _run(self, keys: list[str]) -> range | None:
        """The rows of ``keys`` where each is the one after that before it, as a listing, git's index and most metadata
        have them: seen at a glance, where looking them up takes the processor all over its memory."""
        if self._in_rows is None:
            self._in_rows = list(compress(self.rows, takewhile(bool, map(eq, self.rows.values(), count()))))
        first = self.rows.get(keys[0]) if keys else None
        if first is None or self._in_rows[first : first + len(keys)] != keys:
            return None
        return range(first, first + len(keys))

    def only(self, keys: Iterable[str]) -> Entries:
        """Those of ``keys`` that are there."""
        if keys is self:
            return self
        rows = self.rows
        there = list(filter(rows.__contains__, keys))
        return Entries(dict(zip(there, map(rows.__getitem__, there), strict=True)), self.columns)

    def of_kind(self, kind: Kind) -> Entries:
        """The entries of one kind."""
        kinds = self.columns.kinds
        wanted = {place for place, name in enumerate(values_of(kinds.values), 1) if name == kind}
        if wanted.issuperset(kinds.places):
            return self
        if not wanted:
            return Entries({}, self.columns)
        return self._where(map(wanted.__contains__, self._places(kinds)))

    def _places(self, table: Table[Any]) -> Iterator[int]:
        """The place in ``table`` of each, in their order."""
        return map(table.places.__getitem__, self.rows.values())

    def _where(self, wanted: Iterable[object]) -> Entries:
        """Those of which the one in ``wanted``, in their order, is true."""
        return Entries(dict(compress(self.rows.items(), wanted)), self.columns)

    def photos(self, but: Container[str] = (), strangers_to: Container[str] = ()) -> Iterator[tuple[str, str | None]]:
        """The key of every photo's object and the id of its photo, ``but`` for these keys, and for photos whose id is
        one of those in ``strangers_to``."""
        photos = self.columns.photos
        wanted = bytes(map(not_, map(strangers_to.__contains__, chain((None,), values_of(photos.values)))))
        if not (wanted[0] and 0 in photos.places) and 1 not in wanted[1:]:
            return iter(())
        found = (self.only(filterfalse(but.__contains__, self.rows)) if but else self).of_kind("photo")
        if 0 in wanted:
            found = found._where(map(wanted.__getitem__, found._places(photos)))
        return zip(found.rows, photos.at(list(found.rows.values())), strict=True)

    def with_(self, objects: Mapping[str, ManifestEntry]) -> Entries:
        """These, and ``objects`` in place of those under the same keys."""
        if not objects:
            return self
        kept = self.only(filterfalse(objects.keys().__contains__, self.rows)).compact()
        given = zip(*map(_fields, objects.values()), strict=True)
        added = (column.added(values) for column, values in zip(kept.columns.all(), given, strict=True))
        rows = kept.rows | dict(zip(objects, range(len(kept), len(kept) + len(objects)), strict=True))
        return Entries(rows, Columns(*added))  # type: ignore[arg-type]

    def compact(self, keys: Sequence[str] | None = None) -> Entries:
        """The same with a row for each and no others, in the order of ``keys``, which are all of them."""
        own = list(self.rows)
        order = own if keys is None else list(keys)
        rows = list(map(self.rows.__getitem__, order))
        columns = self.columns
        if rows != list(range(len(columns.sizes))):
            columns = Columns(*(column.taken(rows) for column in columns.all()))  # type: ignore[arg-type]
        elif order == own:
            return self
        return Entries(dict(zip(order, range(len(order)), strict=True)), columns)


_fields = attrgetter(*(it.name for it in fields(ManifestEntry)))
