"""Write DateTimeOriginal and OffsetTimeOriginal into an EXIF block so that nothing else in it moves.

A value that has room is overwritten where it stands. For anything else, new values and (when a record is missing)
a copy of the Exif directory go to the end of the block and its pointer is redirected: the old directory stays as
dead bytes, and every other offset, MakerNote's own included, stays true.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from galleria_action.gallery.containers.jpeg import EXIF_HEADER, MAX_PAYLOAD, new_tuple
from galleria_action.gallery.containers.tiff import (
    ASCII,
    DATE_TIME_ORIGINAL,
    EXIF_POINTER,
    EXIF_VERSION,
    INLINE,
    LONG,
    MAIN,
    MAIN_EXIF,
    OFFSET_TIME_ORIGINAL,
    THUMBNAIL_EXIF,
    UNDEFINED,
    Directory,
    Entry,
    Tiff,
)

MAX_BLOCK = MAX_PAYLOAD - len(EXIF_HEADER)
NAMES = {DATE_TIME_ORIGINAL: "DateTimeOriginal", OFFSET_TIME_ORIGINAL: "OffsetTimeOriginal"}
#: Exif 2.31 brought the offset tags
_NEW_EXIF_VERSION = b"0231"
#: where a second DateTimeOriginal can hide the first one from readers
DUPLICATES = (MAIN, THUMBNAIL_EXIF)
_EDITED = (MAIN_EXIF, *DUPLICATES)

#: these bytes at this offset
_Overwrite = tuple[int, bytes]


class TimesWritten(NamedTuple):
    """The new block (the old object when nothing changed) and what could not be done, for humans."""

    block: bytes
    problems: tuple[str, ...]


def new_block(wanted: Mapping[int, bytes]) -> bytes:
    """The smallest valid EXIF block with the ``wanted`` tags, for a photo that has none."""
    header = b"MM\0*\0\0\0\x08"
    exif_at = len(header) + 2 + 12 + 4
    main = _directory(">", [_record(">", EXIF_POINTER, LONG, 1, struct.pack(">I", exif_at))])
    return header + main + _new_exif_directory(">", exif_at, wanted)


def all_records(tiff: Tiff, tag: int) -> list[Entry]:
    """The records of a time in the Exif directory, and in those that may have a duplicate."""
    found = []
    for path in _EDITED:
        directory = tiff.directories.get(path)
        if directory and tag in directory.tags:
            found += directory.find(tag)
    return found


def has_date(tiff: Tiff) -> bool:
    """Whether any DateTimeOriginal says something: blanks and zeros mean "unknown" (Exif 2.31)."""
    return any(
        any(digit in tiff.value(entry) for digit in b"123456789") for entry in all_records(tiff, DATE_TIME_ORIGINAL)
    )


def says_all(tiff: Tiff, wanted: Mapping[int, bytes]) -> bool:
    """Whether the Exif directory has the ``wanted`` values, and each existing duplicate as well: nothing is left to be
    written."""
    exif = tiff.directories.get(MAIN_EXIF)
    for tag, value in wanted.items():
        if exif is None or tag not in exif.tags:
            return False
        for entry in all_records(tiff, tag):
            if not _says(tiff, entry, value):
                return False
    return True


def write_times(tiff: Tiff, wanted: Mapping[int, bytes], growth_refused: Callable[[], str | None]) -> TimesWritten:
    """Set the ``wanted`` tags (values with their NUL) in the Exif directory and in existing duplicates.

    ``growth_refused`` is asked where that takes room, and says why the block must keep its length, or ``None`` where it
    may grow. When the date cannot be written, the offset is not written either: it would turn the old date into another
    moment.
    """
    block, used = bytearray(tiff.block), _Used(tiff)
    homeless = {}
    for tag, value in wanted.items():
        found = tiff.find(MAIN_EXIF, tag)
        if not found or not all(_write_in_place(block, tiff, used, entry, value) for entry in found):
            homeless[tag] = value
    problems = _write_duplicates(block, tiff, used, wanted)
    if homeless:
        refused = growth_refused()
        patched = new_tuple(Tiff, (tiff.order, bytes(block), *tiff[2:]))
        if not _write_anew(block, patched, wanted, homeless, may_grow=refused is None):
            why = refused or "the EXIF block is full"
            unwritten = [f"{NAMES[tag]} could not be written: {why}" for tag in homeless]
            if DATE_TIME_ORIGINAL in homeless:
                return TimesWritten(tiff.block, tuple(unwritten))
            problems = unwritten + problems
    return TimesWritten(tiff.block if block == tiff.block else bytes(block), tuple(problems))


def _write_duplicates(block: bytearray, tiff: Tiff, used: _Used, wanted: Mapping[int, bytes]) -> list[str]:
    """Bring other copies of the tags in line, in place only; what could not be changed."""
    return [
        f"a second {NAMES[tag]} in {path} keeps its old value"
        for path in DUPLICATES
        if path in tiff.directories
        for tag, value in wanted.items()
        if tag in tiff.directories[path].tags
        for entry in tiff.find(path, tag)
        if not _write_in_place(block, tiff, used, entry, value)
    ]


def _write_in_place(block: bytearray, tiff: Tiff, used: _Used, entry: Entry, value: bytes) -> bool:
    """Whether ``entry`` says ``value`` now: it did already, or there was room of its own to write it."""
    if _says(tiff, entry, value):
        return True
    if entry.size < len(value) or entry.value_at + len(value) > len(block) or used.by_strangers(entry, len(value)):
        return False
    block[entry.value_at : entry.value_at + len(value)] = value
    struct.pack_into(tiff.order + "HI", block, entry.at + 2, ASCII, len(value))
    return True


def _says(tiff: Tiff, entry: Entry, value: bytes) -> bool:
    start = entry.value_at
    told = tiff.block[start : start + min(entry.size, len(value))]
    return entry.type == ASCII and told in (value, value[:-1])  # with its NUL, or where that is left out


class _Used:
    """What the bytes of a block are in use for; counted when it is first asked, which not every edit does."""

    def __init__(self, tiff: Tiff) -> None:
        self._tiff = tiff
        self._times: dict[tuple[int, int], int] | None = None

    def _of_a_kind(self, entry: Entry) -> int:
        """How many records of the same time say that it stands where ``entry`` says."""
        if self._times is None:
            self._times = {}
            for it in all_records(self._tiff, DATE_TIME_ORIGINAL) + all_records(self._tiff, OFFSET_TIME_ORIGINAL):
                if it.size > INLINE:
                    self._times[it.tag, it.value_at] = self._times.get((it.tag, it.value_at), 0) + 1
        return self._times.get((entry.tag, entry.value_at), 0)

    def by_strangers(self, entry: Entry, length: int) -> bool:
        """Whether anything but ``entry`` uses the ``length`` bytes that would be overwritten.

        The same tag at the same place in a duplicate directory is not a stranger: it is to get the same value.
        """
        users = self._tiff.usage.count(entry.value_at, entry.value_at + length)
        return users > 1 and users > self._of_a_kind(entry)


def _write_anew(
    block: bytearray, tiff: Tiff, wanted: Mapping[int, bytes], homeless: Mapping[int, bytes], *, may_grow: bool
) -> bool:
    """Store the ``homeless`` values in new space and make the directory point to them; ``False`` without room."""
    layout = _extended_directory if MAIN_EXIF in tiff.directories else _first_directory
    for start, end in _spaces(tiff, may_grow=may_grow):
        overwrites = layout(tiff, start, homeless)
        if start + len(overwrites[0][1]) <= end:
            break
    else:
        overwrites = _squeezed(tiff, wanted, homeless)
    for at, data in overwrites:
        block.extend(bytes(max(0, at - len(block))))
        block[at : at + len(data)] = data
    return bool(overwrites)


def _spaces(tiff: Tiff, *, may_grow: bool) -> Iterator[tuple[int, int]]:
    """Where there is room that nothing uses, from an even offset to an end: behind the block, or else in the zeros at
    its end."""
    block = tiff.block
    if may_grow:
        yield len(block) + len(block) % 2, MAX_BLOCK
    unused = unused_from(tiff)
    if unused < len(block):
        yield unused + unused % 2, len(block)


def unused_from(tiff: Tiff) -> int:
    """Where the zeros at the end of a block begin that nothing uses."""
    return max(len(tiff.block.rstrip(b"\0")), tiff.usage.end())


def _extended_directory(tiff: Tiff, start: int, homeless: Mapping[int, bytes]) -> list[_Overwrite]:
    """New values at ``start``, and behind them a copy of the Exif directory with the missing records in tag order.

    When every record is there and only its value needs room, the records are redirected and the directory stays.
    """
    exif = tiff.directories[MAIN_EXIF]
    values, records = _values_with_records(tiff.order, start, homeless)
    if homeless.keys() <= set(exif.tags):
        return [(start, values), *((entry.at, records[tag]) for tag in homeless for entry in exif.find(tag))]
    (pointer,) = tiff.directories[MAIN].find(EXIF_POINTER)
    moved = struct.pack(tiff.order + "I", start + len(values))
    return [(start, values + _copy_with(tiff, exif, records)), (pointer.value_at, moved)]


def _first_directory(tiff: Tiff, start: int, homeless: Mapping[int, bytes]) -> list[_Overwrite]:
    """An Exif directory at ``start``, and behind it a copy of the main directory that points to it."""
    exif = _new_exif_directory(tiff.order, start, homeless)
    pointer = _record(tiff.order, EXIF_POINTER, LONG, 1, struct.pack(tiff.order + "I", start))
    main = _copy_with(tiff, tiff.directories[MAIN], {EXIF_POINTER: pointer})
    return [(start, exif + main), (4, struct.pack(tiff.order + "I", start + len(exif)))]


def _squeezed(tiff: Tiff, wanted: Mapping[int, bytes], homeless: Mapping[int, bytes]) -> list[_Overwrite]:
    """Room for the offset in a block that must keep its length, where the date stands right behind its directory.

    The date's 20 bytes take the 12 of one more record and the 7 of the offset; the date itself moves into unused
    zeros. Empty where the block is built otherwise.
    """
    exif, value = tiff.directories.get(MAIN_EXIF), wanted.get(DATE_TIME_ORIGINAL)
    if exif is None or value is None or exif.next_at is None or homeless.keys() != {OFFSET_TIME_ORIGINAL}:
        return []
    place = next((start for start, end in _spaces(tiff, may_grow=False) if start + len(value) <= end), None)
    behind = exif.end + len(value)
    users = [ref for ref in tiff.references() if ref.start < behind and exif.end < ref.end]
    date_only = [(ref.start, ref.path, ref.tag) for ref in users] == [(exif.end, MAIN_EXIF, DATE_TIME_ORIGINAL)]
    if place is None or not date_only or users[0].end < behind or exif.find(OFFSET_TIME_ORIGINAL):
        return []
    _, date_record = _values_with_records(tiff.order, place, {DATE_TIME_ORIGINAL: value})
    padded, offset_record = _values_with_records(tiff.order, exif.end + 12, homeless)
    return [(place, value), (exif.at, _copy_with(tiff, exif, date_record | offset_record) + padded)]


def _new_exif_directory(order: str, start: int, wanted: Mapping[int, bytes]) -> bytes:
    version = _record(order, EXIF_VERSION, UNDEFINED, len(_NEW_EXIF_VERSION), _NEW_EXIF_VERSION)
    values_at = start + 2 + 12 * (1 + len(wanted)) + 4
    values, records = _values_with_records(order, values_at, wanted)
    return _directory(order, [version, *(records[tag] for tag in sorted(records))]) + values


def _copy_with(tiff: Tiff, directory: Directory, records: Mapping[int, bytes]) -> bytes:
    """``directory`` with ``records`` put in: over those of the same tag, or else in tag order."""
    start = directory.at + 2
    tags, table = list(directory.tags), bytearray(tiff.block[start : start + 12 * len(directory.tags)])
    for tag, record in records.items():
        for entry in directory.find(tag):
            table[entry.at - start : entry.at - start + 12] = record
    for tag, record in records.items():
        if tag not in directory.tags:
            place = next((number for number, other in enumerate(tags) if other > tag), len(tags))
            tags.insert(place, tag)
            table[12 * place : 12 * place] = record
    next_at = directory.next_at
    pointer = tiff.block[next_at : next_at + 4] if next_at is not None else bytes(4)
    return struct.pack(tiff.order + "H", len(tags)) + table + pointer


def _values_with_records(order: str, start: int, wanted: Mapping[int, bytes]) -> tuple[bytes, dict[int, bytes]]:
    """The values one behind the other at ``start``, each padded to an even length, and a record for each."""
    values = b""
    records = {}
    for tag, value in wanted.items():
        records[tag] = struct.pack(order + "HHII", tag, ASCII, len(value), start + len(values))
        values += value + bytes(len(value) % 2)
    return values, records


def _record(order: str, tag: int, kind: int, count: int, field: bytes) -> bytes:
    return struct.pack(order + "HHI", tag, kind, count) + field


def _directory(order: str, records: Sequence[bytes], next_pointer: bytes = bytes(4)) -> bytes:
    return struct.pack(order + "H", len(records)) + b"".join(records) + next_pointer
