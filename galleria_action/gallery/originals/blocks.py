"""Where the descriptions lie in a photo: its EXIF block, XMP packet and IPTC records, for every format we read.

Sources: CIPA DC-008 (EXIF in JPEG, TIFF), XMP specification part 3 (its places), PNG third edition (eXIf), WebP
container specification, ISO/IEC 14496-12 and 23008-12 (items of HEIF and AVIF), IPTC-IIM 4.2 in Photoshop's resources.
Whatever is damaged is left out: a photo may be shown without its description. Every loop is bounded.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from galleria_action.gallery.exif import jpeg
from galleria_action.gallery.exif.jpeg import Damaged
from galleria_action.gallery.exif.tiff import MAIN, Tiff, read_tiff
from galleria_action.gallery.originals.kinds import Kind

#: far above any real description; bounds what a hostile file can make us hold
_MAX_BLOCK = 4 << 20
_MAX_PARTS = 10_000
_XMP_TAG, _IPTC_TAG = 0x02BC, 0x83BB
_PHOTOSHOP_HEADER, _IPTC_RESOURCE = b"Photoshop 3.0\0", 0x0404


@dataclass(frozen=True, slots=True)
class Blocks:
    """The descriptions of a photo; ``None`` and empty where it has none that can be read."""

    exif: Tiff | None = None
    xmp: bytes = b""
    iptc: bytes = b""


def read_blocks(kind: Kind, data: bytes) -> Blocks:
    """The descriptions in ``data``, a whole file of ``kind``. Never raises for anything in it."""
    try:
        return _READERS[kind](data)
    except (Damaged, struct.error, LookupError, ValueError, zlib.error):
        return Blocks()


def _from_jpeg(data: bytes) -> Blocks:
    view = memoryview(data)
    exif: Tiff | None = None
    xmp = iptc = b""
    for segment in jpeg.read_head(view).segments:
        if exif is None and jpeg.is_exif(view, segment):
            exif = _tiff(data[segment.body + len(jpeg.EXIF_HEADER) : segment.end])
        elif not xmp and jpeg.starts_with(view, segment, jpeg.APP1, jpeg.XMP_HEADER):
            xmp = data[segment.body + len(jpeg.XMP_HEADER) : segment.end]
        elif not iptc and jpeg.starts_with(view, segment, 0xED, _PHOTOSHOP_HEADER):
            iptc = _photoshop_iptc(data[segment.body + len(_PHOTOSHOP_HEADER) : segment.end])
    return Blocks(exif, xmp, iptc)


def _from_tiff(data: bytes) -> Blocks:
    tiff = _tiff(data)
    if tiff is None:
        return Blocks()
    found = {
        entry.tag: tiff.value(entry)
        for entry in tiff.directories[MAIN].entries
        if entry.tag in (_XMP_TAG, _IPTC_TAG) and entry.size <= _MAX_BLOCK
    }
    return Blocks(tiff, found.get(_XMP_TAG, b""), found.get(_IPTC_TAG, b""))


def _from_png(data: bytes) -> Blocks:
    exif: Tiff | None = None
    xmp = b""
    for name, body in islice(_png_chunks(data), _MAX_PARTS):
        if name == b"eXIf":
            exif = _tiff(body)
        elif name == b"iTXt" and body.startswith(b"XML:com.adobe.xmp\0"):
            xmp = _international_text(body)
    return Blocks(exif, xmp)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at + 12 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if at + 12 + size > len(data):
            return
        # pixels are most of the file and not wanted here: no copy of them
        yield name, data[at + 8 : at + 8 + size] if size <= _MAX_BLOCK and name != b"IDAT" else b""
        at += 12 + size


def _international_text(body: bytes) -> bytes:
    """The text of an iTXt chunk: keyword, whether it is packed and how, language, translated keyword, text."""
    start = body.index(b"\0") + 1
    text = body[start + 2 :].split(b"\0", 2)[2]
    return zlib.decompressobj().decompress(text, _MAX_BLOCK) if body[start] else text


def _from_webp(data: bytes) -> Blocks:
    exif: Tiff | None = None
    xmp = b""
    at = 12
    for _ in range(_MAX_PARTS):
        if at + 8 > len(data):
            break
        name, size = struct.unpack_from("<4sI", data, at)
        if name == b"EXIF" and size <= _MAX_BLOCK:
            # some writers leave the header in that EXIF has in a JPEG
            exif = _tiff(data[at + 8 : at + 8 + size].removeprefix(jpeg.EXIF_HEADER))
        elif name == b"XMP " and size <= _MAX_BLOCK:
            xmp = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return Blocks(exif, xmp)


def _tiff(block: bytes) -> Tiff | None:
    with suppress(Damaged, struct.error):
        return read_tiff(block)
    return None


def _photoshop_iptc(resources: bytes) -> bytes:
    """The IPTC records among Photoshop's resources: signature, number, name padded to even, length, body padded."""
    at = 0
    for _ in range(_MAX_PARTS):
        if resources[at : at + 4] != b"8BIM" or at + 12 > len(resources):
            return b""
        (number,) = struct.unpack_from(">H", resources, at + 4)
        at += 6 + (resources[at + 6] + 2) // 2 * 2
        (size,) = struct.unpack_from(">I", resources, at)
        if number == _IPTC_RESOURCE:
            return resources[at + 4 : at + 4 + size]
        at += 4 + size + size % 2
    return b""


def _from_heif(data: bytes) -> Blocks:
    meta = next((body for name, body in _boxes(data, 0, len(data)) if name == b"meta"), None)
    if meta is None:
        return Blocks()
    inner = dict(_boxes(data, meta.start + 4, meta.stop))
    kinds, places = _item_kinds(data, inner[b"iinf"]), _item_places(data, inner[b"iloc"])
    exif: Tiff | None = None
    xmp = b""
    for item, kind in kinds.items():
        body = b"".join(data[start : start + size] for start, size in places.get(item, ()) if size <= _MAX_BLOCK)
        if kind == b"Exif" and exif is None:
            exif = _tiff(body[4 + int.from_bytes(body[:4], "big") :])
        elif kind == b"mime" and b"<x:xmpmeta" in body[:4096]:
            xmp = body
    return Blocks(exif, xmp)


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, slice]]:
    """The boxes between two offsets: name and the range of the body. Pixels are not copied."""
    at = start
    for _ in range(_MAX_PARTS):
        if at + 8 > end:
            return
        size, name = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        stop = end if size == 0 else at + size
        if stop < at + head or stop > end:
            return
        yield name, slice(at + head, stop)
        at = stop


def _item_kinds(data: bytes, iinf: slice) -> dict[int, bytes]:
    """The four letters of each item. Only entries of version 2 and 3, as HEIF asks for."""
    version = data[iinf.start]
    entries = _boxes(data, iinf.start + (6 if version == 0 else 8), iinf.stop)
    kinds = {}
    for name, body in entries:
        if name == b"infe" and data[body.start] in (2, 3):
            wide = data[body.start] == 3
            item = int.from_bytes(data[body.start + 4 : body.start + (8 if wide else 6)], "big")
            at = body.start + (10 if wide else 8)
            kinds[item] = data[at : at + 4]
    return kinds


def _item_places(data: bytes, iloc: slice) -> dict[int, list[tuple[int, int]]]:
    """Offset and length of each extent of each item that lies in the file itself (construction method 0)."""
    reader = _Reader(data, iloc.start, iloc.stop)
    version = reader.number(1)
    reader.number(3)
    sizes, more = reader.number(1), reader.number(1)
    offset_size, length_size, base_size, index_size = sizes >> 4, sizes & 15, more >> 4, more & 15
    wide = 4 if version == 2 else 2
    places: dict[int, list[tuple[int, int]]] = {}
    for _ in range(min(reader.number(wide), _MAX_PARTS)):
        item = reader.number(wide)
        method = reader.number(2) & 15 if version in (1, 2) else 0
        reader.number(2)
        base = reader.number(base_size)
        extents = []
        for _ in range(min(reader.number(2), _MAX_PARTS)):
            if version in (1, 2):
                reader.number(index_size)
            offset = reader.number(offset_size)
            extents.append((base + offset, reader.number(length_size)))
        if method == 0:
            places[item] = extents
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


_READERS = {
    Kind.JPEG: _from_jpeg,
    Kind.PNG: _from_png,
    Kind.WEBP: _from_webp,
    Kind.TIFF: _from_tiff,
    Kind.HEIC: _from_heif,
    Kind.AVIF: _from_heif,
}
