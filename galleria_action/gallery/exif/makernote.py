"""The maker note, as far as it must be understood: does it refer to data behind the EXIF block?

Some cameras keep a preview behind the picture and count its place from the block or from the note. If the block grew,
they would no longer find it. A note is a directory behind a short header of the maker's, counted from the block, from
the note's own start or from a TIFF header inside it. No table of makers tells which: the base under which most values
lie inside the note is the right one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from galleria_action.gallery.containers.tiff import IFD, LONG, MAIN_EXIF, MAKER_NOTE, TYPE_SIZES, UNDEFINED, Tiff

#: where the directory of a note may begin, behind its header (OLYMP 8, Panasonic 12, Apple 14, Nikon 18, Kyocera 22)
_LONGEST_HEADER = 32
_MAX_ENTRIES = 512
#: most records that are looked at in one note with its inner directories; a real one has some hundreds
_BUDGET = 4096
_TIFF_HEADERS = {b"II*\0": "<", b"MM\0*": ">"}
_OTHER_ORDER = {"<": ">", ">": "<"}


class _Record(NamedTuple):
    type: int
    values: int
    size: int
    number: int


class _Note(NamedTuple):
    """Directory of a note from ``start`` to ``end`` of the block; values are counted from one of ``bases``."""

    start: int
    end: int
    order: str
    records: list[_Record]
    bases: tuple[int, ...]


def refers_behind(tiff: Tiff, file: memoryview, beyond: int = 0) -> bool:
    """Whether the maker note in ``tiff`` refers to something behind the block. ``file`` begins with the block and
    reaches to the end of the photo, or to ``beyond`` bytes before it. What cannot be followed, because there is too
    much of it or because it is not in ``file``, counts as a yes."""
    exif = tiff.directories.get(MAIN_EXIF)
    for entry in exif.find(MAKER_NOTE)[:1] if exif else ():
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
        records = _records(tiff.block, order, at, end)
        note = _Note(start, end, order, records, bases)
        inside = {base: sum(_lies_inside(note, base, record) for record in records) for base in bases}
        fit = (max(inside.values()), len(records))
        if records and fit > most:
            found, most = note._replace(bases=tuple(base for base in bases if inside[base] == fit[0])), fit
    return found


def _beginnings(tiff: Tiff, start: int, end: int) -> Iterator[tuple[str, int, tuple[int, ...]]]:
    """Byte order, place of the directory, and the bases that its values may be counted from."""
    for at in range(start, min(start + _LONGEST_HEADER, end), 2):
        if (order := _TIFF_HEADERS.get(tiff.block[at : at + 4])) and at + 8 <= end:
            yield order, at + int(struct.unpack_from(order + "I", tiff.block, at + 4)[0]), (at, 0, start)
        for guess in (tiff.order, _OTHER_ORDER[tiff.order]):
            yield guess, at, (0, start)


def _lies_inside(note: _Note, base: int, record: _Record) -> bool:
    at = base + record.number
    return record.size > 4 and note.start <= at and at + record.size <= note.end


def _records(block: bytes, order: str, at: int, end: int) -> list[_Record]:
    """The records of the directory at ``at``, or none when it is not one: a type is unknown or the table too long."""
    if not 0 < at <= end - 2:
        return []
    (count,) = struct.unpack_from(order + "H", block, at)
    if not 0 < count <= _MAX_ENTRIES or at + 2 + 12 * count > len(block):
        return []
    records = []
    for _, kind, values, number in struct.iter_unpack(order + "HHII", block[at + 2 : at + 2 + 12 * count]):
        if kind not in TYPE_SIZES:
            return []
        records.append(_Record(kind, values, TYPE_SIZES[kind] * values, number))
    return records


def _leaves(tiff: Tiff, note: _Note, file: memoryview, beyond: int) -> bool:
    for seen, record in enumerate(_with_inner_directories(tiff.block, note)):
        if seen > _BUDGET:
            return True
        if any(_record_leaves(len(tiff.block), base, record, file, beyond) for base in note.bases):
            return True
    return False


def _with_inner_directories(block: bytes, note: _Note) -> Iterator[_Record]:
    """The records of the note and of the directories that these lead to (Olympus and Nikon have some)."""
    yield from note.records
    for record in note.records:
        pointer = record.type in (LONG, IFD) and record.values == 1
        if pointer or (record.type == UNDEFINED and record.size > 4):
            for base in note.bases:
                at = base + record.number
                if note.start <= at:
                    yield from _records(block, note.order, at, note.end)


def _record_leaves(block_end: int, base: int, record: _Record, file: memoryview, beyond: int) -> bool:
    at = base + record.number
    if record.size > 4:
        return block_end < at + record.size <= len(file) + beyond
    if record.type != LONG or record.values != 1 or at < block_end:
        return False
    # the place of a JPEG; Minolta's previews begin with another byte than 0xFF
    return bytes(file[at + 1 : at + 3]) == b"\xd8\xff" or len(file) < at + 3 <= len(file) + beyond
