"""Is a picture or video all there? A copy that broke off, a full disk or a lost connection leaves the first half.

Each format says somewhere how long it is or how it ends; only that is read. A format that says neither passes.

Sources: ITU-T T.81 (JPEG), PNG specification 5.3, GIF89a, RIFF, ISO 14496-12 (boxes), TIFF 6.0, RFC 8794 (EBML).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping

from galleria_action.gallery.local import formats
from galleria_action.gallery.local.formats import Format

#: ``read(at, length)``: these bytes of the file, fewer at its end
Read = Callable[[int, int], bytes]

#: so much is read to look for the end of a picture first, and of the segments of a JPEG at a time
_TAIL = 4096
#: marker with the 0xFF before it, length
_JPEG_SEGMENT = struct.Struct(">HH")
_JPEG_ALONE = frozenset([0xFF01, *range(0xFFD0, 0xFFD8)])
_WITH_LENGTH = frozenset(range(0xFF02, 0xFFFF)) - frozenset(range(0xFFD0, 0xFFDB))
#: JPEGs up to this size are walked from their beginning: in them a thumbnail could be what ends in the tail
_WALKED_JPEG = 256 * 1024
_CHUNK = 1024 * 1024
#: Most boxes or chunks of a file that are visited; real ones have far fewer at their top.
_MAX_PARTS = 100_000
_BEYOND = 1 << 64


def is_cut(form: Format, size: int, read: Read) -> bool:
    """Whether a file of this format and ``size`` in bytes ends before its content does."""
    check = _CHECKS.get(form)
    return check is not None and check(size, read)


def _jpeg_is_cut(size: int, read: Read) -> bool:
    """No end-of-image marker follows the segments. Compressed data cannot hold one (T.81 B.1.1.5), and much may stand
    behind it: videos, previews, padding."""
    if size > _WALKED_JPEG and b"\xff\xd9" in read(size - _TAIL, _TAIL):
        return False
    at = _behind_jpeg_segments(size, read)
    return at is None or not _holds(b"\xff\xd9", at, size, read)


def _behind_jpeg_segments(size: int, read: Read) -> int | None:
    """Where the compressed picture begins, or anything that is not a segment; ``None`` when a segment is cut."""
    at, begin, last, window = 2, 0, 0, b""
    for _ in range(_MAX_PARTS):
        if at > last:
            begin, window = at, read(at, _TAIL)
            if len(window) < 2:
                return None
            window = window.ljust(4, b"\0")
            last = begin + len(window) - 4
        marker, length = _JPEG_SEGMENT.unpack_from(window, at - begin)
        if marker in _WITH_LENGTH:
            if at + 4 > size:
                return None
            at += 2 + length
            if at > size:
                return None
        elif marker in _JPEG_ALONE:
            at += 2
        else:
            return at
    return at


def _png_is_cut(size: int, read: Read) -> bool:
    return not _holds(b"IEND", max(8, size - _TAIL), size, read) and not _has_chunk(b"IEND", size, read)


def _has_chunk(kind: bytes, size: int, read: Read) -> bool:
    at = 8
    for _ in range(_MAX_PARTS):
        head = read(at, 8)
        if len(head) < 8:
            return False
        length = int.from_bytes(head[:4], "big")
        if head[4:] == kind:
            return at + 12 + length <= size
        at += 12 + length
    return False


def _gif_is_cut(size: int, read: Read) -> bool:
    """It does not end with its trailer, and walking its blocks leads to none either."""
    if read(size - 2, 2) == b"\0\x3b":
        return False
    at = 13 + _gif_colours(read(10, 1))
    for _ in range(_MAX_PARTS):
        kind = read(at, 10)
        if kind[:1] == b"\x3b":
            return False
        if kind[:1] == b"\x21":
            at += 2
        elif kind[:1] == b"\x2c":
            at += 10 + _gif_colours(kind[9:]) + 1
        else:
            return True
        while length := read(at, 1)[:1].strip(b"\0"):
            at += 1 + length[0]
        at += 1
    return False


def _gif_colours(flags: bytes) -> int:
    """The bytes of the colour table that the packed ``flags`` announce."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _webp_is_cut(size: int, read: Read) -> bool:
    return int.from_bytes(read(4, 4), "little") + 8 > size


def _bmp_is_cut(size: int, read: Read) -> bool:
    return int.from_bytes(read(2, 4), "little") > size


def _boxes(size: int, read: Read) -> Iterator[tuple[bytes, int]]:
    """The boxes at the top: kind and end, up to whatever is not a box any more."""
    at = 0
    for _ in range(_MAX_PARTS):
        head = read(at, 16)
        if len(head) < 8:
            return
        length, kind = struct.unpack_from(">I4s", head)
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:
            length = size - at
        if length < 8:
            return
        at += length
        yield kind, at


def _heif_is_cut(size: int, read: Read) -> bool:
    """Small pictures may stand in the description itself (idat) instead of behind it."""
    return _boxes_are_cut(size, read, {b"meta", b"moov"}, {b"mdat"}) and (
        _boxes_are_cut(size, read, {b"meta"}) or b"idat" not in read(0, _CHUNK)
    )


def _codestream_is_cut(size: int, read: Read) -> bool:
    """JPEG XL and JPEG 2000 come in boxes or bare; a bare one says nowhere how long it is."""
    return read(0, 1) != b"\xff" and _boxes_are_cut(size, read, {b"jp2c", b"jxlc", b"jxlp"})


def _video_is_cut(size: int, read: Read) -> bool:
    return _boxes_are_cut(size, read, {b"moov", b"moof"}, {b"mdat"})


def _boxes_are_cut(size: int, read: Read, *needed: set[bytes]) -> bool:
    """A box ends behind the file, or one of each of the ``needed`` kinds is missing."""
    kinds = set()
    for kind, end in _boxes(size, read):
        kinds.add(kind)
        if end > size:
            return True
    return any(kinds.isdisjoint(one_of) for one_of in needed)


def _tiff_is_cut(size: int, read: Read) -> bool:
    """The first directory or one of its strips lies behind the end. BigTIFF is not looked into."""
    head = read(0, 8)
    order = "<" if head[:2] == b"II" else ">"
    if len(head) < 8:
        return True
    if head[2:4] not in (b"*\0", b"\0*"):
        return False
    (at,) = struct.unpack(order + "I", head[4:])
    if not 8 <= at <= size - 2:
        return True
    (count,) = struct.unpack(order + "H", read(at, 2))
    table = read(at + 2, 12 * count)
    return len(table) < 12 * count or _strips_end(order, table, read) > size


def _strips_end(order: str, table: bytes, read: Read) -> int:
    """Where the last of StripOffsets and StripByteCounts ends; 0 where there are none, or more than can be read."""
    found: dict[int, tuple[int, ...]] = {}
    for at, (tag, kind, values) in enumerate(struct.iter_unpack(order + "HHI4x", table)):
        code = {3: "H", 4: "I"}.get(kind)
        if tag in (0x0111, 0x0117) and tag not in found and code and values <= _MAX_PARTS:
            length = values * struct.calcsize(code)
            field = table[12 * at + 8 : 12 * at + 12]
            raw = field[:length] if length <= 4 else read(struct.unpack(order + "I", field)[0], length)
            found[tag] = struct.unpack(f"{order}{values}{code}", raw) if len(raw) == length else (_BEYOND,)
    return max(map(sum, zip(found.get(0x0111, ()), found.get(0x0117, ()), strict=False)), default=0)


def _matroska_is_cut(size: int, read: Read) -> bool:
    head = read(0, 64)
    length, at = _ebml_number(head, 4)
    at += length or 0
    segment = read(at, 12)
    if segment[:4] != b"\x18\x53\x80\x67":
        return len(segment) < 4
    length, behind = _ebml_number(segment, 4)
    return length is not None and at + behind + length > size


def _ebml_number(data: bytes, at: int) -> tuple[int | None, int]:
    """A number of variable length and where it ends; ``None`` for the one that means 'unknown'."""
    if at >= len(data) or not data[at]:
        return None, at + 1
    width = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), at + width


def _holds(needle: bytes, at: int, size: int, read: Read) -> bool:
    """Whether ``needle`` stands at ``at`` or behind; from the end, where it usually is."""
    end = size
    while end > at:
        start = max(at, end - _CHUNK)
        if read(start, end - start + len(needle) - 1).rfind(needle) >= 0:
            return True
        end = start
    return False


_CHECKS: Mapping[Format, Callable[[int, Read], bool]] = {
    formats.JPEG: _jpeg_is_cut,
    formats.PNG: _png_is_cut,
    formats.GIF: _gif_is_cut,
    formats.WEBP: _webp_is_cut,
    formats.BMP: _bmp_is_cut,
    **dict.fromkeys((formats.AVIF, formats.HEIF), _heif_is_cut),
    **dict.fromkeys((formats.JXL, formats.JPEG_2000), _codestream_is_cut),
    formats.MP4: _video_is_cut,
    formats.TIFF: _tiff_is_cut,
    formats.MATROSKA: _matroska_is_cut,
}
