"""A picture without anything but its pixels: what a report may show of a photo, whatever else its file tells.

Kept is what browsers need to draw it, by name; all else goes, known or not: positions, names, captions, thumbnails,
other pictures behind the first. Of the formats that cannot be bared here nothing is shown.

Sources: ITU-T T.81 annex B (JPEG), ICC.1 annex B.4, WebP container specification, PNG third edition.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from galleria_action.gallery.local.formats import HEAD_BYTES, JPEG, PNG, WEBP, format_of
from galleria_action.gallery.originals.facts import read_facts
from galleria_action.gallery.originals.kinds import Kind
from galleria_action.values import dataclass

#: more segments or chunks than any picture of a page has
_MOST_PARTS = 10_000
_EOI, _SOS = 0xD9, 0xDA
#: tables, frames and scans; APP0 and APP14 say how colours are meant
_JPEG_KEPT = frozenset((*range(0xC0, 0xD0), _SOS, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF))
_JPEG_COLOURS = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_WEBP_KEPT = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP"))
#: of VP8X: there are EXIF and XMP
_WEBP_DESCRIBED = 0x08 | 0x04
_PNG_KEPT = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP"))
_PNG_HEADER = b"\x89PNG\r\n\x1a\n"


class _Damaged(Exception):
    """It does not come to an end as its format wants, or holds what is not bared here."""


@dataclass(frozen=True, slots=True)
class Bare:
    """A picture of ``media_type`` that shows pixels and tells nothing."""

    media_type: str
    body: bytes


def bare_picture(body: bytes) -> Bare | None:
    """``body`` without descriptions, or ``None`` where it is damaged or of a format that is not bared. Never raises."""
    form = format_of(body[:HEAD_BYTES])
    try:
        if form is JPEG:
            return Bare("image/jpeg", b"".join(_jpeg(body)))
        if form is WEBP:
            return Bare("image/webp", _webp(body))
        if form is PNG:
            return Bare("image/png", b"".join((_PNG_HEADER, *_png(body))))
    except (_Damaged, struct.error, IndexError):
        pass
    return None


def _jpeg(body: bytes) -> Iterator[bytes]:
    """The file up to its first end, with an EXIF block that says which side is up, and nothing more."""
    yield body[:2]
    if (orientation := read_facts(Kind.JPEG, body).orientation) != 1:
        yield _UPRIGHT + struct.pack(">HHI", orientation, 0, 0)
    at = 2
    for _ in range(_MOST_PARTS):
        if body[at] != 0xFF:
            raise _Damaged
        marker = body[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == _EOI:
            yield body[at : at + 2]
            return
        end = at + 2 + struct.unpack_from(">H", body, at + 2)[0]
        kept = marker in _JPEG_KEPT or (marker in _JPEG_COLOURS and body.startswith(_JPEG_COLOURS[marker], at + 4))
        if marker == _SOS:
            end = _end_of_scan(body, end)
        if kept:
            yield body[at:end]
        at = end
    raise _Damaged


#: APP1 with a directory of one entry, Orientation; its value follows
_UPRIGHT = b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01"


def _end_of_scan(body: bytes, at: int) -> int:
    """Where the next marker is that ends the coded points; a zero or a restart does not."""
    while (at := body.find(b"\xff", at)) >= 0 and at + 1 < len(body):
        if body[at + 1] != 0 and not 0xD0 <= body[at + 1] <= 0xD7:
            return at
        at += 2
    raise _Damaged


def _webp(body: bytes) -> bytes:
    kept, at, end = [b"WEBP"], 12, 8 + struct.unpack_from("<I", body, 4)[0]
    for _ in range(_MOST_PARTS):
        if at >= min(end, len(body)):
            inside = b"".join(kept)
            return b"RIFF" + struct.pack("<I", len(inside)) + inside
        name, size = struct.unpack_from("<4sI", body, at)
        chunk = body[at : at + 8 + size + size % 2]
        at += len(chunk)
        if len(chunk) < 8 + size or name == b"ANMF":  # a frame may hold more than pixels
            raise _Damaged
        if name == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_DESCRIBED]) + chunk[9:]
        kept += [chunk] if name in _WEBP_KEPT else []
    raise _Damaged


def _png(body: bytes) -> Iterator[bytes]:
    at = len(_PNG_HEADER)
    for _ in range(_MOST_PARTS):
        size, name = struct.unpack_from(">I4s", body, at)
        chunk = body[at : at + 12 + size]
        at += len(chunk)
        if len(chunk) < 12 + size:
            raise _Damaged
        if name in _PNG_KEPT:
            yield chunk
        if name == b"IEND":
            return
    raise _Damaged
