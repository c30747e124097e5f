"""The outside of a JPEG file: its marker segments up to the scan, without a look at any pixel.

Source of the layout: ITU-T T.81 annex B; Exif's place in it: CIPA DC-008.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import NamedTuple

from galleria_action.expressions import expression

APP0, APP1, APP2, SOS = 0xE0, 0xE1, 0xE2, 0xDA
EXIF_HEADER = b"Exif\0\0"
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP_HEADER = b"http://ns.adobe.com/xmp/extension/\0"
MPF_HEADER = b"MPF\0"
#: what the two length bytes of a segment leave for its payload
MAX_PAYLOAD = 0xFFFF - 2

_END_OR_START = frozenset([0xD8, 0xD9])
#: markers with the 0xFF before them; all but these, a few that stand alone, begin a segment
_WITH_LENGTH = frozenset(range(0xFF02, 0xFFFF)) - frozenset(range(0xFFD0, 0xFFDA))
#: APPn and comments, which describe the picture; all others hold tables that it is decoded with
_DESCRIBING = frozenset([*range(0xFFE0, 0xFFF0), 0xFFFE])
_APP1, _SOS = 0xFF00 | APP1, 0xFF00 | SOS
#: a segment as it begins nearly always: marker, length
_SEGMENT, _NO_SEGMENT = struct.Struct(">HH"), (0, 0)
#: fill bytes may stand before a marker (T.81 B.1.1.2); in junk the last 0xFF of them is as good as the first, and to
#: look for that one takes linear time
_MARKER_HERE = expression(rb"\xff++([\x01-\xfe])")
_MARKER_BEHIND_JUNK = expression(rb"\xff([\x01-\xfe])")
#: far above any real file (a 10 MB colour profile needs 160); bounds the work that a hostile file can cause
_MAX_SEGMENTS = 10_000

_MAGIC = (
    ("PNG", expression(rb"\x89PNG\r\n\x1a\n")),
    ("WebP", expression(rb"RIFF....WEBP", re.DOTALL)),
    ("HEIC or AVIF", expression(rb"....ftyp(?:hei|hev|mif|msf|avi)", re.DOTALL)),
    ("JPEG XL", expression(rb"\xff\x0a|\0\0\0\x0cJXL ")),
    ("TIFF", expression(rb"II\*\0|MM\0\*|II\+\0|MM\0\+")),
    ("GIF", expression(rb"GIF8[79]a")),
)


#: makes a ``NamedTuple`` of its values, in a third of the time of its own call
new_tuple = tuple.__new__

BytesLike = bytes | bytearray | memoryview


class Damaged(ValueError):
    """The bytes are not what their format asks for; the text says where. Never leaves this room."""


class Segment(NamedTuple):
    """One marker segment: ``start`` at its 0xFF, ``body`` behind the length, ``end`` behind the payload."""

    marker: int
    start: int
    body: int
    end: int


class Head(NamedTuple):
    """Everything before the compressed picture. ``segments`` are those that describe it (APPn, comments); those of them
    that hold EXIF, intact or not, are ``exif``, too. ``tables`` is where the first other one stands, ``scan`` where the
    first SOS marker does."""

    segments: tuple[Segment, ...]
    scan: int
    exif: tuple[Segment, ...]
    tables: int


def foreign_format(image: memoryview) -> str | None:
    """What ``image`` is when it is no JPEG, by its first bytes; ``None`` for a JPEG."""
    if bytes(image[:2]) == b"\xff\xd8":
        return None
    return next((name for name, magic in _MAGIC if magic.match(image)), "not an image format we know")


def read_head(image: memoryview) -> Head:
    """The segments of a JPEG up to its scan.

    Junk between segments is skipped as decoders do, but only behind an EXIF segment: before one, nobody could
    say where a new EXIF block belongs.

    Raises ``Damaged`` when there is no scan, a segment is cut, or junk stands before any EXIF.
    """
    segments: list[Segment] = []
    exif: list[Segment] = []
    position, length, tables = 2, len(image), 0
    last, read = length - 4, _SEGMENT.unpack_from
    for _ in range(_MAX_SEGMENTS):
        start = position
        marker, size = read(image, start) if start <= last else _NO_SEGMENT
        if marker not in _WITH_LENGTH:
            start = _next_marker(image, position, behind_junk=bool(exif))
            marker, size = 0xFF00 | image[start + 1], int.from_bytes(image[start + 2 : start + 4], "big")
            if marker not in _WITH_LENGTH:
                position = start + 2
                continue
        position = start + 2 + size
        if size < 2 or position > length:
            raise Damaged("a segment before the picture data is cut off")
        if marker in _DESCRIBING:
            segment = new_tuple(Segment, (marker & 0xFF, start, start + 4, position))
            segments.append(segment)
            if marker == _APP1 and is_exif(image, segment):
                exif.append(segment)
        elif marker == _SOS:
            return new_tuple(Head, (tuple(segments), start, tuple(exif), tables or start))
        elif not tables:
            tables = start
    raise Damaged("the file has more segments than any real photo")


def _next_marker(image: memoryview, position: int, *, behind_junk: bool) -> int:
    """Where the 0xFF of the next marker stands."""
    found = (_MARKER_BEHIND_JUNK.search if behind_junk else _MARKER_HERE.match)(image, position)
    if found is None:
        raise Damaged("the file ends or holds junk before its picture data begins")
    if found[1][0] in _END_OR_START:
        raise Damaged("the file has no picture data where it should begin")
    return found.end() - 2


def read_segment(image: bytes, start: int) -> Segment:
    """The segment whose 0xFF stands at ``start``, where there is one.

    Raises ``Damaged`` where there is none."""
    marker, size = _SEGMENT.unpack_from(image, start) if start + 4 <= len(image) else _NO_SEGMENT
    if marker not in _WITH_LENGTH or size < 2:
        raise Damaged("a segment is not where it should be")
    return new_tuple(Segment, (marker & 0xFF, start, start + 4, start + 2 + size))


def is_exif(image: memoryview, segment: Segment) -> bool:
    """Whether ``segment`` holds EXIF, intact or not."""
    return segment.marker == APP1 and image[segment.body : segment.body + 5] == EXIF_HEADER[:5]


def starts_with(image: memoryview, segment: Segment, marker: int, header: bytes) -> bool:
    """Whether ``segment`` has this marker and its payload begins with ``header``."""
    return segment.marker == marker and image[segment.body : min(segment.end, segment.body + len(header))] == header


def place_for_exif(image: memoryview, head: Head) -> int:
    """Where a new EXIF segment belongs: behind SOI and the JFIF segments, which must stay first."""
    place = 2
    for segment in head.segments:
        jfif = any(starts_with(image, segment, APP0, name) for name in (b"JFIF\0", b"JFXX\0"))
        if segment.start > head.tables or not jfif:
            break
        place = segment.end
    return place


def app1(payload: bytes) -> bytes:
    """``payload`` as an APP1 segment."""
    return b"\xff\xe1" + (len(payload) + 2).to_bytes(2, "big") + payload


class Patch(NamedTuple):
    """Replace ``image[start:end]`` by ``new``."""

    start: int
    end: int
    new: bytes


def end_of_beginning(image: memoryview, head: Head) -> int:
    """Where the compressed picture itself begins, behind ``head`` and the segment of its first SOS marker."""
    at = head.scan + 2
    return at + (image[at] << 8 | image[at + 1])


def splice(image: memoryview, patches: Sequence[Patch]) -> bytes:
    """``image`` with ``patches`` (in order, not overlapping) applied."""
    parts: list[bytes | memoryview] = []
    position = 0
    for patch in patches:
        parts += [image[position : patch.start], patch.new]
        position = patch.end
    return b"".join([*parts, image[position:]])


def same_elsewhere(image: memoryview, patches: Sequence[Patch], result: bytes) -> bool:
    """Whether ``result`` is ``image`` byte for byte outside of ``patches``; compares without copying."""
    position = shift = 0
    for patch in patches:
        if not result.startswith(image[position : patch.start], position + shift):
            return False
        position, shift = patch.end, shift + len(patch.new) - (patch.end - patch.start)
    return len(result) == len(image) + shift and result.endswith(image[position:])
