"""The maker note, as far as it must be understood: does it refer to data behind the EXIF block?

Some cameras keep a preview behind the picture and count its place from the block or from the note. If the block grew,
they would no longer find it. A note is a directory behind a short header of the maker's, counted from the block, from
the note's own start or from a TIFF header inside it. No table of makers tells which: the base under which most values
lie inside the note is the right one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from galleria_action.gallery.containers.tiff import (
    IFD,
    INLINE,
    LONG,
    MAIN_EXIF,
    MAKER_NOTE,
    TYPE_SIZES,
    UNDEFINED,
    Directory,
    Tiff,
    read_directory,
)

#: where the directory of a note may begin, behind its header (OLYMP 8, Panasonic 12, Apple 14, Nikon 18, Kyocera 22)
_LONGEST_HEADER = 32
#: most records that are looked at in one note with its inner directories; a real one has some hundreds
_BUDGET = 4096
_TIFF_HEADERS = {b"II*\0": "<", b"MM\0*": ">"}
_OTHER_ORDER = {"<": ">", ">": "<"}


class _Note(NamedTuple):
    """Directory of a note from ``start`` to ``end`` of the block; values are counted from one of ``bases``."""

    start: int
    end: int
    order: str
    directory: Directory
    bases: tuple[int, ...]


def refers_behind(tiff: Tiff, file: memoryview, beyond: int = 0) -> bool:
    """Whether the maker note in ``tiff`` refers to something behind the block. ``file`` begins with the block and
    reaches to the end of the photo, or to ``beyond`` bytes before it. What cannot be followed, because there is too
    much of it or because it is not in ``file``, counts as a yes."""
    for entry in tiff.find(MAIN_EXIF, MAKER_NOTE)[:1]:
        note = None if entry.inline else _read_note(tiff, entry.value_at, entry.value_at + entry.size)
        return note is not None and _leaves(tiff, note, file, beyond)
    return False


def _read_note(tiff: Tiff, start: int, end: int) -> _Note | None:
    """The note between ``start`` and ``end``: where it seems to begin at several places, the one that most values
    fit best."""
    end = min(end, len(tiff.block))
    found: _Note | None = None
    most = (-1, 0)
    for order, at, bases in _beginnings(tiff, start, end):
        if directory := _directory(tiff.block, order, at, end):
            values = directory.outside()
            inside = {base: _lie_inside(values, start - base, end - base) for base in bases}
            fit = (max(inside.values()), len(directory.tags))
            if fit > most:
                fitting = tuple(base for base in bases if inside[base] == fit[0])
                found, most = _Note(start, end, order, directory, fitting), fit
    return found


def _beginnings(tiff: Tiff, start: int, end: int) -> Iterator[tuple[str, int, tuple[int, ...]]]:
    """Byte order, place of the directory, and the bases that its values may be counted from."""
    block, orders = tiff.block, (tiff.order, _OTHER_ORDER[tiff.order])
    header = block[start : start + _LONGEST_HEADER + 4].ljust(_LONGEST_HEADER + 4, b"\0")
    shorts = {order: struct.unpack(f"{order}{len(header) // 2}H", header) for order in orders}
    own_header = any(magic in header for magic in _TIFF_HEADERS)
    for number, at in enumerate(range(start, min(start + _LONGEST_HEADER, end), 2)):
        if own_header and (order := _TIFF_HEADERS.get(block[at : at + 4])) and at + 8 <= end:
            yield order, at + int(struct.unpack_from(order + "I", block, at + 4)[0]), (at, 0, start)
        for guess in orders:
            if _may_begin(shorts[guess], number):  # as nearly nowhere
                yield guess, at, (0, start)


def _may_begin(shorts: tuple[int, ...], number: int) -> bool:
    """Whether a directory may begin there: how many records it has, and the tag and type of the first one."""
    return shorts[number + 2] in TYPE_SIZES and shorts[number] != 0


def _directory(block: bytes, order: str, at: int, end: int) -> Directory | None:
    """The directory at ``at``, where it seems to be one: it has records, and only of known types."""
    if not 0 < at <= end - 2 or at + 6 > len(block):
        return None
    if not _may_begin(struct.unpack_from(order + "HHH", block, at), 0):
        return None
    directory = read_directory(block, order, "MakerNote", at)
    return directory if directory and TYPE_SIZES.keys() >= set(directory.types) else None


def _lie_inside(values: Sequence[tuple[int, int, int]], start: int, end: int) -> int:
    """How many of the ``values`` of a directory lie between ``start`` and ``end``."""
    return len([at for at, to, _ in values if start <= at and to <= end])


def _leaves(tiff: Tiff, note: _Note, file: memoryview, beyond: int) -> bool:
    seen = 0
    for directory in _with_inner_directories(tiff.block, note):
        seen += len(directory.tags)
        if seen > _BUDGET or _refers_behind(len(tiff.block), directory, note.bases, file, beyond):
            return True
    return False


def _with_inner_directories(block: bytes, note: _Note) -> Iterator[Directory]:
    """The directory of the note and those that its records lead to (Olympus and Nikon have some)."""
    yield note.directory
    for number in _leading(note.directory):
        for base in note.bases:
            inner = _directory(block, note.order, base + number, note.end) if base + number >= note.start else None
            if inner:
                yield inner


def _leading(directory: Directory) -> list[int]:
    """Where its records lead that may lead to another directory."""
    records = zip(directory.types, directory.values, directory.numbers, strict=True)
    return [
        number
        for kind, values, number in records
        if (values == 1 and kind in (LONG, IFD)) or (kind == UNDEFINED and values > INLINE)
    ]


def _refers_behind(block_end: int, directory: Directory, bases: tuple[int, ...], file: memoryview, beyond: int) -> bool:
    records = zip(directory.types, directory.values, directory.numbers, strict=True)
    numbers = [number for kind, values, number in records if kind == LONG and values == 1]
    ends = [end for _, end, _ in directory.outside()]
    for base in bases:
        if any(block_end < base + end <= len(file) + beyond for end in ends):
            return True
        places = [base + number for number in numbers if base + number >= block_end]
        if any(_begins_jpeg(file, at) or len(file) < at + 3 <= len(file) + beyond for at in places):
            return True
    return False


def _begins_jpeg(file: memoryview, at: int) -> bool:
    """Minolta's previews begin with another byte than 0xFF."""
    return bytes(file[at + 1 : at + 3]) == b"\xd8\xff"
