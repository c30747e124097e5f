"""Where the descriptions lie in a photo: its EXIF block, XMP packet and IPTC records, for every format we read.

Sources: CIPA DC-008 (EXIF in JPEG, TIFF), XMP specification part 3 (its places), PNG third edition (eXIf), WebP
container specification, IPTC-IIM 4.2 in Photoshop's resources.
Whatever is damaged is left out: a photo may be shown without its description. Every loop is bounded.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from galleria_action.gallery.containers import jpeg
from galleria_action.gallery.containers.boxes import boxes, items
from galleria_action.gallery.containers.jpeg import Damaged
from galleria_action.gallery.containers.tiff import MAIN, Tiff, read_tiff
from galleria_action.gallery.originals.kinds import Kind
from galleria_action.values import dataclass

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
    meta = next((box for box in boxes(data, 0, len(data)) if box.kind == b"meta"), None)
    exif: Tiff | None = None
    xmp = b""
    for item in items(data, meta) if meta else ():
        body = b"".join(data[start:end] for start, end in item.pieces if end - start <= _MAX_BLOCK)
        if item.kind == b"Exif" and exif is None:
            exif = _tiff(body[4 + int.from_bytes(body[:4], "big") :])
        elif item.kind == b"mime" and b"<x:xmpmeta" in body[:4096]:
            xmp = body
    return Blocks(exif, xmp)


_READERS = {
    Kind.JPEG: _from_jpeg,
    Kind.PNG: _from_png,
    Kind.WEBP: _from_webp,
    Kind.TIFF: _from_tiff,
    Kind.HEIC: _from_heif,
    Kind.AVIF: _from_heif,
}
