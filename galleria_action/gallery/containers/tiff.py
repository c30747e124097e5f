"""The inside of an EXIF block: TIFF directories, what they refer to, and a record of it all to compare by.

Reading only. All offsets count from the block's first byte, as TIFF's own do (TIFF 6.0 section 2).
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress, count
from typing import NamedTuple

from galleria_action.gallery.containers.jpeg import Damaged, new_tuple

ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SIGNED_RATIONAL, IFD = 2, 3, 4, 5, 7, 10, 13
EXIF_POINTER, GPS_POINTER, INTEROP_POINTER = 0x8769, 0x8825, 0xA005
EXIF_VERSION, DATE_TIME_ORIGINAL, OFFSET_TIME_ORIGINAL, MAKER_NOTE = 0x9000, 0x9003, 0x9011, 0x927C
#: what says where an embedded picture stands, and what says how long it is
_PICTURES = {0x0201: 0x0202, 0x0111: 0x0117}
_WITH_PICTURES = frozenset(_PICTURES)
_CODES = {SHORT: "H", LONG: "I", IFD: "I"}

#: bytes per value of each type; 129 is Exif 3.0's UTF-8
TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
_TYPES = frozenset(TYPE_SIZES)
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_READ_SHORT, _READ_LONG = ({order: struct.Struct(order + code).unpack_from for order in "<>"} for code in "HI")
_HEADER = 8

MAIN, THUMBNAIL = "IFD0", "IFD1"
EXIF, GPS, INTEROP = "Exif", "GPS", "Interop"
MAIN_EXIF, MAIN_GPS, THUMBNAIL_EXIF = f"{MAIN}/{EXIF}", f"{MAIN}/{GPS}", f"{THUMBNAIL}/{EXIF}"
_CHILDREN = {EXIF_POINTER: EXIF, GPS_POINTER: GPS, INTEROP_POINTER: INTEROP}
_MAX_DEPTH = 3
#: a value of so many bytes stands in the record itself
INLINE = 4
#: far above any real photo; they bound the work that a hostile file can cause
_MAX_ENTRIES, _MAX_STRIPS = 512, 64
_MAX_SHARING = 16


def is_gps(path: str) -> bool:
    """Whether ``path`` is a GPS directory, or one below it."""
    return GPS in path


class Entry(NamedTuple):
    """One 12-byte record at ``at``: ``values`` is how many there are, ``size`` their bytes (0 for an unknown type),
    found at ``value_at``."""

    tag: int
    type: int
    values: int
    size: int
    value_at: int
    at: int

    @property
    def inline(self) -> bool:
        """Whether the value stands in the record itself."""
        return self.size <= INLINE


class Directory(NamedTuple):
    """A directory: its count at ``at``, records, and the pointer to the next one up to ``end``.

    The records stand in columns, as they are read at once: most of them nobody asks for. ``numbers`` are their last
    four bytes, which say where a value stands that does not fit in there. Some writers leave the next pointer out;
    ``next_at`` is ``None`` when the block ends before it.
    """

    path: str
    at: int
    tags: tuple[int, ...]
    types: tuple[int, ...]
    values: tuple[int, ...]
    numbers: tuple[int, ...]
    next_at: int | None
    end: int

    @property
    def entries(self) -> list[Entry]:
        """All records."""
        places = count(self.at + 2, 12)
        return list(map(_entry, places, self.tags, self.types, self.values, self.numbers))

    def find(self, tag: int) -> list[Entry]:
        """All records of ``tag``: broken writers leave several."""
        tags, found, row = self.tags, [], -1
        for _ in range(tags.count(tag)):
            row = tags.index(tag, row + 1)
            found.append(_entry(self.at + 2 + 12 * row, tag, self.types[row], self.values[row], self.numbers[row]))
        return found

    def outside(self) -> list[tuple[int, int, int]]:
        """Start, end and tag of each value that does not stand in its record."""
        records = zip(self.tags, self.types, self.values, self.numbers)  # noqa: B905 - columns, asked of every photo
        return [
            (number, number + size, tag)
            for tag, kind, values, number in records
            if (size := TYPE_SIZES.get(kind, 0) * values) > INLINE
        ]

    def points(self, number: int) -> bool:
        """Whether the record of this number is one that a pointer to another directory has."""
        return self.types[number] in (LONG, IFD) and self.values[number] == 1


def _entry(at: int, tag: int, kind: int, values: int, number: int) -> Entry:
    """The record at ``at`` that consists of these."""
    size = TYPE_SIZES.get(kind, 0) * values
    return new_tuple(Entry, (tag, kind, values, size, number if size > INLINE else at + 8, at))


class Reference(NamedTuple):
    """The bytes from ``start`` to ``end`` are in use by ``tag`` of the directory ``path`` (tag 0: the directory)."""

    start: int
    end: int
    path: str
    tag: int


class Usage:
    """How many ranges use which bytes; answers in logarithmic time, because hostile blocks have many of both."""

    def __init__(self, starts: Iterable[int], ends: Iterable[int]) -> None:
        self._starts, self._ends = sorted(starts), sorted(ends)

    def count(self, start: int, end: int) -> int:
        """The ranges that use at least one byte from ``start`` to ``end``."""
        return bisect_left(self._starts, end) - bisect_right(self._ends, start)

    def end(self) -> int:
        """Where the last of them ends."""
        return self._ends[-1]

    def length(self, limit: int) -> int:
        """How long they are in all, as far as they stand before ``limit``."""
        if self._ends[-1] <= limit:
            return sum(self._ends) - sum(self._starts)
        return _sum_up_to(limit, self._ends) - _sum_up_to(limit, self._starts)


def _sum_up_to(limit: int, numbers: Sequence[int]) -> int:
    """The sum of ascending ``numbers``, the larger ones taken for ``limit``."""
    below = bisect_left(numbers, limit)
    return sum(numbers[:below]) + limit * (len(numbers) - below)


class Tiff(NamedTuple):
    """A parsed block. ``directories`` by path (``IFD0/Exif``); ``unreadable`` are pointers that lead nowhere;
    ``pictures`` are embedded ones (thumbnails); ``usage`` is that of all ``references()``.
    """

    order: str
    block: bytes
    directories: Mapping[str, Directory]
    unreadable: Sequence[str]
    pictures: Sequence[Reference]
    usage: Usage

    def number(self, at: int) -> int:
        """The 4-byte number at ``at``."""
        return _number(self.order, self.block, at)

    def value(self, entry: Entry) -> bytes:
        """The value's raw bytes, cut where the block ends."""
        return self.block[entry.value_at : entry.value_at + entry.size]

    def find(self, path: str, tag: int) -> list[Entry]:
        """All records of ``tag`` in the directory ``path``, if there is one."""
        directory = self.directories.get(path)
        return directory.find(tag) if directory else []

    def references(self) -> Iterator[Reference]:
        """Every range of the block (or beyond it) that its header, directories, values and pictures use."""
        yield Reference(0, _HEADER, "header", 0)
        for path, directory in self.directories.items():
            yield Reference(directory.at, directory.end, path, 0)
            for start, end, tag in directory.outside():
                yield Reference(start, end, path, tag)
        yield from self.pictures


def read_tiff(block: bytes) -> Tiff:
    """Parse ``block``, the part of an EXIF segment behind ``Exif\\0\\0``.

    A directory that a pointer of another kind has led to already is not read a second time under a second name:
    Interop pointers lead to the main directory in real photos.

    Raises ``Damaged`` when the header, the main directory or its Exif directory cannot be trusted. Weaker faults
    elsewhere only show in ``unreadable`` and in references beyond the block.
    """
    order = _ORDERS.get(block[:4])
    if order is None or len(block) < _HEADER:
        raise Damaged("the EXIF header is damaged")
    reader = _Reader(block, order)
    reader.read(MAIN, _number(order, block, 4))
    main = reader.directories.get(MAIN)
    if main and main.next_at is not None and (thumbnail := _number(order, block, main.next_at)):
        reader.read(THUMBNAIL, thumbnail)
    _refuse_garbage(reader.directories, reader.unreadable)
    pictures = [
        it
        for directory in reader.directories.values()
        if not _WITH_PICTURES.isdisjoint(directory.tags)
        for it in _pictures(block, order, directory)
    ]
    usage = _usage(reader.directories.values(), pictures)
    if usage.length(len(block)) > _MAX_SHARING * len(block):
        # a small file would cost as much as a large one
        raise Damaged("the EXIF's values overlap more than those of any real photo")
    return new_tuple(Tiff, (order, block, reader.directories, reader.unreadable, pictures, usage))


def read_again(block: bytes, before: Tiff) -> Tiff:
    """``before`` with the bytes of ``block``, in which its directories may say something else, and the main one and its
    Exif directory stand elsewhere. That nothing more has changed is for the caller to prove.

    Raises ``Damaged`` where a directory is not there, or two pointers lead to the Exif directory.
    """
    main = _read_where(block, before, MAIN, _number(before.order, block, 4))
    directories = {MAIN: main}
    if EXIF_POINTER in main.tags:
        number = main.tags.index(EXIF_POINTER)
        if main.tags.count(EXIF_POINTER) > 1 or not main.points(number):
            raise Damaged(f"the EXIF directory {MAIN_EXIF} cannot be read")
        directories[MAIN_EXIF] = _read_where(block, before, MAIN_EXIF, main.numbers[number])
    for path, directory in before.directories.items():
        if path not in (MAIN, MAIN_EXIF):
            directories[path] = _read_where(block, before, path, directory.at)
    return new_tuple(Tiff, (before.order, block, directories, before.unreadable, before.pictures, before.usage))


def _read_where(block: bytes, before: Tiff, path: str, at: int) -> Directory:
    old = before.directories.get(path)
    # one that was cut off before its next pointer might have one in a longer block
    if old and old.at == at and old.next_at and block.startswith(before.block[at : old.end], at):
        return old
    new = read_directory(block, before.order, path, at)
    if new is None:
        raise Damaged(f"the EXIF directory {path} cannot be read")
    return new


class _Reader:
    """Follows the pointers of a block from one directory to the next."""

    def __init__(self, block: bytes, order: str) -> None:
        self.block, self.order = block, order
        self.directories: dict[str, Directory] = {}
        self.unreadable: list[str] = []
        self._first_at: dict[int, str] = {}

    def read(self, path: str, at: int) -> None:
        first = self._first_at.setdefault(at, path)
        if first != path and _kind(first) != _kind(path):
            self.unreadable += [path] if _kind(path) != INTEROP else []
            return
        directory = read_directory(self.block, self.order, path, at)
        if directory is None or (is_gps(path) and _is_rubbish(directory)):
            self.unreadable.append(path)
            return
        self.directories[path] = directory
        if first == path and path.count("/") < _MAX_DEPTH - 1:
            self._follow(directory)

    def _follow(self, directory: Directory) -> None:
        for number in compress(count(), map(_CHILDREN.__contains__, directory.tags)):
            path = f"{directory.path}/{_CHILDREN[directory.tags[number]]}"
            if directory.points(number) and path not in self.directories:
                self.read(path, directory.numbers[number])
            else:
                self.unreadable.append(path)


def read_directory(block: bytes, order: str, path: str, at: int) -> Directory | None:
    """The directory that begins at ``at``; ``None`` where there is no room for one."""
    if at < _HEADER or at + 2 > len(block):
        return None
    (many,) = _READ_SHORT[order](block, at)
    table_end = at + 2 + 12 * many
    if many > _MAX_ENTRIES or table_end > len(block):
        return None
    fields = struct.unpack_from(order + many * "HHII", block, at + 2)
    next_at, end = (table_end, table_end + 4) if table_end + 4 <= len(block) else (None, table_end)
    columns = fields[::4], fields[1::4], fields[2::4], fields[3::4]
    return new_tuple(Directory, (path, at, *columns, next_at, end))


def _pictures(block: bytes, order: str, directory: Directory) -> Iterator[Reference]:
    for where, length in _PICTURES.items():
        starts, sizes = _numbers(block, order, directory, where), _numbers(block, order, directory, length)
        for start, size in zip(starts, sizes, strict=False):
            if size:
                yield Reference(start, start + size, directory.path, where)


def _numbers(block: bytes, order: str, directory: Directory, tag: int) -> Sequence[int]:
    """The values of a tag that holds offsets or lengths."""
    if tag not in directory.tags:
        return ()
    entry = directory.find(tag)[0]
    code = _CODES.get(entry.type)
    if code is None or entry.values > _MAX_STRIPS or entry.value_at + entry.size > len(block):
        return ()
    return struct.unpack_from(f"{order}{entry.values}{code}", block, entry.value_at)


def _usage(directories: Iterable[Directory], pictures: Iterable[Reference]) -> Usage:
    starts, ends = [0], [_HEADER]
    for directory in directories:
        starts.append(directory.at)
        ends.append(directory.end)
        for start, end, _ in directory.outside():
            starts.append(start)
            ends.append(end)
    for picture in pictures:
        starts.append(picture.start)
        ends.append(picture.end)
    return Usage(starts, ends)


def _number(order: str, block: bytes, at: int) -> int:
    (number,) = _READ_LONG[order](block, at)
    return int(number)


def _kind(path: str) -> str:
    return path.rpartition("/")[2]


def _is_rubbish(directory: Directory) -> bool:
    """An odd record is tolerated; a directory of which a third has no known type is not what it claims to be."""
    types = directory.types
    return not _TYPES.issuperset(types) and sum(kind not in _TYPES for kind in types) * 3 > len(types)


def _refuse_garbage(directories: Mapping[str, Directory], unreadable: list[str]) -> None:
    for path in (MAIN, MAIN_EXIF):
        if path in unreadable:
            raise Damaged(f"the EXIF directory {path} cannot be read")
        if path in directories and _is_rubbish(directories[path]):
            raise Damaged(f"the EXIF directory {path} holds rubbish")
    main, exif = directories[MAIN], directories.get(MAIN_EXIF)
    if exif is not None and exif.at < main.end and main.at < exif.end:
        raise Damaged("two EXIF directories overlap")
