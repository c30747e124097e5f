"""The boxes of HEIF, AVIF, MP4, QuickTime and JPEG XL files, and the items of the first two.

Sources: ISO/IEC 14496-12 (boxes, `iloc`, `iinf`), ISO/IEC 23008-12 (HEIF). Reading only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

#: far above any real file; bounds the work that a hostile one can cause
_MOST = 10_000


class Box(NamedTuple):
    """A box from ``at``; its body from ``start`` to ``end``."""

    kind: bytes
    at: int
    start: int
    end: int


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """The boxes one behind the other between two offsets, up to the first that does not fit."""
    at = start
    for _ in range(_MOST):
        if at + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            if at + 16 > end:
                return
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        stop = end if size == 0 else at + size
        if stop < at + head or stop > end:
            return
        yield Box(kind, at, at + head, stop)
        at = stop


class Item(NamedTuple):
    """An item of a HEIF file: its four letters, and the pieces (start and end) that it lies in."""

    kind: bytes
    pieces: tuple[tuple[int, int], ...]


def items(data: bytes, meta: Box) -> list[Item]:
    """The items that the `meta` box of a file tells of, without those that lie in other files."""
    inner = {box.kind: box for box in boxes(data, meta.start + 4, meta.end)}
    if b"iinf" not in inner or b"iloc" not in inner:
        return []
    kinds = _kinds(data, inner[b"iinf"])
    places = _places(data, inner[b"iloc"], inner.get(b"idat"))
    return [Item(kind, tuple(places[number])) for number, kind in kinds.items() if number in places]


def _kinds(data: bytes, iinf: Box) -> dict[int, bytes]:
    """The four letters of each item. Only entries of version 2 and 3, as HEIF asks for."""
    kinds = {}
    for box in boxes(data, iinf.start + (6 if data[iinf.start] == 0 else 8), iinf.end):
        if box.kind == b"infe" and data[box.start] in (2, 3):
            wide = data[box.start] == 3
            number = int.from_bytes(data[box.start + 4 : box.start + (8 if wide else 6)], "big")
            at = box.start + (10 if wide else 8)
            kinds[number] = data[at : at + 4]
    return kinds


def _places(data: bytes, iloc: Box, idat: Box | None) -> dict[int, list[tuple[int, int]]]:
    """The pieces of each item that lies in the file itself, or in its `idat` box."""
    reader = _Reader(data, iloc.start, iloc.end)
    version = reader.number(1)
    reader.number(3)
    sizes, more = reader.number(1), reader.number(1)
    offset_size, length_size, base_size, index_size = sizes >> 4, sizes & 15, more >> 4, more & 15
    wide = 4 if version == 2 else 2
    places: dict[int, list[tuple[int, int]]] = {}
    for _ in range(min(reader.number(wide), _MOST)):
        number = reader.number(wide)
        method = reader.number(2) & 15 if version in (1, 2) else 0
        reader.number(2)
        base = reader.number(base_size) + (idat.start if method == 1 and idat else 0)
        pieces = []
        for _ in range(min(reader.number(2), _MOST)):
            if version in (1, 2):
                reader.number(index_size)
            start = base + reader.number(offset_size)
            length = reader.number(length_size)
            # 0 stands for all that follows
            end = start + length if length else idat.end if method == 1 and idat else len(data)
            pieces.append((min(start, len(data)), min(end, len(data))))
        if method == 0 or (method == 1 and idat):
            places[number] = pieces
    return places


class _Reader:
    """Big-endian numbers, one after the other. Raises ``IndexError`` behind the end."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data, self._at, self._end = data, at, end

    def number(self, size: int) -> int:
        if self._at + size > self._end:
            raise IndexError("behind the end of the box")
        self._at += size
        return int.from_bytes(self._data[self._at - size : self._at], "big")
