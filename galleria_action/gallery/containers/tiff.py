"""The inside of an EXIF block: TIFF directories, what they refer to, and a record of it all to compare by.

Reading only. All offsets count from the block's first byte, as TIFF's own do (TIFF 6.0 section 2).
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from galleria_action.gallery.containers.jpeg import Damaged

ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SIGNED_RATIONAL, IFD = 2, 3, 4, 5, 7, 10, 13
EXIF_POINTER, GPS_POINTER, INTEROP_POINTER = 0x8769, 0x8825, 0xA005
EXIF_VERSION, DATE_TIME_ORIGINAL, OFFSET_TIME_ORIGINAL, MAKER_NOTE = 0x9000, 0x9003, 0x9011, 0x927C
_THUMBNAIL_AT, _THUMBNAIL_LENGTH, _STRIPS_AT, _STRIP_LENGTHS = 0x0201, 0x0202, 0x0111, 0x0117

#: bytes per value of each type; 129 is Exif 3.0's UTF-8
TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}

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
    return GPS in path.split("/")


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

    Some writers leave the next pointer out; ``next_at`` is ``None`` when the block ends before it.
    """

    path: str
    at: int
    entries: tuple[Entry, ...]
    next_at: int | None
    end: int

    def find(self, tag: int) -> list[Entry]:
        """All records of ``tag``: broken writers leave several."""
        return [entry for entry in self.entries if entry[0] == tag]


class Reference(NamedTuple):
    """The bytes from ``start`` to ``end`` are in use by ``tag`` of the directory ``path`` (tag 0: the directory)."""

    start: int
    end: int
    path: str
    tag: int


class Usage:
    """How many references use which bytes; answers in logarithmic time, because hostile blocks have many of both."""

    def __init__(self, references: Iterable[Reference]) -> None:
        spans = [(reference.start, reference.end) for reference in references]
        self._starts = sorted(start for start, _ in spans)
        self._ends = sorted(end for _, end in spans)

    def count(self, start: int, end: int) -> int:
        """The references that use at least one byte from ``start`` to ``end``."""
        return bisect_left(self._starts, end) - bisect_right(self._ends, start)


class Tiff(NamedTuple):
    """A parsed block. ``directories`` by path (``IFD0/Exif``); ``unreadable`` are pointers that lead nowhere.

    ``references`` is every range of the block (or beyond it) that its header, directories, values and pictures use.
    """

    order: str
    block: bytes
    directories: Mapping[str, Directory]
    unreadable: tuple[str, ...]
    references: tuple[Reference, ...] = ()

    def number(self, at: int) -> int:
        """The 4-byte number at ``at``."""
        return int(struct.unpack_from(self.order + "I", self.block, at)[0])

    def value(self, entry: Entry) -> bytes:
        """The value's raw bytes, cut where the block ends."""
        return self.block[entry.value_at : entry.value_at + entry.size]

    def pictures(self) -> list[Reference]:
        """The ranges of embedded pictures (thumbnails)."""
        return [ref for d in self.directories.values() for ref in self._pictures_of(d)]

    def _in_use(self) -> Iterator[Reference]:
        yield Reference(0, 8, "header", 0)
        for directory in self.directories.values():
            path = directory.path
            yield Reference(directory.at, directory.end, path, 0)
            for tag, _, _, size, value_at, _ in directory.entries:
                if size > INLINE:
                    yield Reference(value_at, value_at + size, path, tag)
            yield from self._pictures_of(directory)

    def _pictures_of(self, directory: Directory) -> Iterator[Reference]:
        for where, length in ((_THUMBNAIL_AT, _THUMBNAIL_LENGTH), (_STRIPS_AT, _STRIP_LENGTHS)):
            if starts := self._numbers(directory, where):
                for start, size in zip(starts, self._numbers(directory, length), strict=False):
                    if size:
                        yield Reference(start, start + size, directory.path, where)

    def _numbers(self, directory: Directory, tag: int) -> list[int]:
        """The values of a tag that holds offsets or lengths."""
        numbers: list[int] = []
        for entry in directory.find(tag)[:1]:
            code = {SHORT: "H", LONG: "I", IFD: "I"}.get(entry.type)
            raw = self.value(entry)
            if code and len(raw) == entry.size and entry.values <= _MAX_STRIPS:
                numbers += struct.unpack(f"{self.order}{entry.values}{code}", raw)
        return numbers


def read_tiff(block: bytes) -> Tiff:
    """Parse ``block``, the part of an EXIF segment behind ``Exif\\0\\0``.

    A directory that a pointer of another kind has led to already is not read a second time under a second name:
    Interop pointers lead to the main directory in real photos.

    Raises ``Damaged`` when the header, the main directory or its Exif directory cannot be trusted. Weaker faults
    elsewhere only show in ``unreadable`` and in references beyond the block.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None or len(block) < 8:
        raise Damaged("the EXIF header is damaged")
    directories: dict[str, Directory] = {}
    unreadable: list[str] = []
    tiff = Tiff(order, block, directories, ())

    first_at: dict[int, str] = {}

    def read(path: str, at: int) -> None:
        known = first_at.setdefault(at, path)
        if known != path and _kind(known) != _kind(path):
            unreadable.extend([path] if _kind(path) != INTEROP else [])
            return
        directory = _read_directory(tiff, path, at)
        if directory is None or (is_gps(path) and _is_rubbish(directory)):
            unreadable.append(path)
            return
        directories[path] = directory
        for entry in directory.entries if known == path and path.count("/") < _MAX_DEPTH - 1 else ():
            if child := _CHILDREN.get(entry.tag):
                target = f"{path}/{child}"
                if entry.type in (LONG, IFD) and entry.values == 1 and target not in directories:
                    read(target, tiff.number(entry.value_at))
                else:
                    unreadable.append(target)

    read(MAIN, tiff.number(4))
    next_at = directories[MAIN].next_at if MAIN in directories else None
    if next_at is not None and (thumbnail := tiff.number(next_at)):
        read(THUMBNAIL, thumbnail)
    _refuse_garbage(directories, unreadable)
    references = tuple(tiff._in_use())
    _refuse_sharing(references, len(block))
    return Tiff(order, block, directories, tuple(unreadable), references)


def _read_directory(tiff: Tiff, path: str, at: int) -> Directory | None:
    block, order = tiff.block, tiff.order
    if at < 8 or at + 2 > len(block):
        return None
    (count,) = struct.unpack_from(order + "H", block, at)
    table_end = at + 2 + 12 * count
    if count > _MAX_ENTRIES or table_end > len(block):
        return None
    entries = []
    for number, (tag, kind, values, target) in enumerate(struct.iter_unpack(order + "HHII", block[at + 2 : table_end])):
        record = at + 2 + 12 * number
        size = TYPE_SIZES.get(kind, 0) * values
        entries.append(Entry(tag, kind, values, size, target if size > 4 else record + 8, record))
    has_next = table_end + 4 <= len(block)
    return Directory(path, at, tuple(entries), table_end if has_next else None, table_end + 4 * has_next)


def _kind(path: str) -> str:
    return path.rpartition("/")[2]


def _is_rubbish(directory: Directory) -> bool:
    """An odd record is tolerated; a directory of which a third has no known type is not what it claims to be."""
    return sum(entry.type not in TYPE_SIZES for entry in directory.entries) * 3 > len(directory.entries)


def _refuse_garbage(directories: Mapping[str, Directory], unreadable: list[str]) -> None:
    for path in (MAIN, MAIN_EXIF):
        if path in unreadable:
            raise Damaged(f"the EXIF directory {path} cannot be read")
        if path in directories and _is_rubbish(directories[path]):
            raise Damaged(f"the EXIF directory {path} holds rubbish")
    main, exif = directories[MAIN], directories.get(MAIN_EXIF)
    if exif is not None and exif.at < main.end and main.at < exif.end:
        raise Damaged("two EXIF directories overlap")


def _refuse_sharing(references: Iterable[Reference], block_end: int) -> None:
    """Values that overlap without end would make a small file cost as much as a large one."""
    used = 0
    for start, end, _, _ in references:
        used += max(0, (end if end < block_end else block_end) - start)
    if used > _MAX_SHARING * block_end:
        raise Damaged("the EXIF's values overlap more than those of any real photo")
