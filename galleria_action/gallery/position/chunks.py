"""Positions in files made of chunks: PNG and WebP.

Sources: PNG third edition (eXIf, text chunks), the "Raw profile type" text chunks of ImageMagick, XMP part 3, C2PA 2.1
(`caBX`, `C2PA`), WebP container specification.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from galleria_action.expressions import expression
from galleria_action.gallery.containers.jpeg import EXIF_HEADER, XMP_HEADER
from galleria_action.gallery.position.jumbf import find_in_credentials
from galleria_action.gallery.position.photoshop import find_in_iptc, find_in_resources
from galleria_action.gallery.position.search import Search
from galleria_action.gallery.position.unknown import find_in_unknown
from galleria_action.gallery.position.words import GEO_TEXT, says_position
from galleria_action.gallery.position.xmp import find_in_xmp

_PNG_PIXELS = frozenset([b"IDAT", b"fdAT", b"iCCP", b"PLTE"])
_WEBP_PIXELS = frozenset([b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"ICCP"])
_MOST_CHUNKS = 100_000
#: far above any real description
_LARGEST_TEXT = 8 << 20
_RAW_PROFILE = expression(rb"\s*\w+\s+\d+\s+(?=[0-9a-fA-F])")

Finder = Callable[[Search], None]


# -- PNG -------------------------------------------------------------------------------------------------------------


def find_in_png(search: Search, find_in_exif: Finder) -> None:
    """Look through a PNG. A chunk that changes gets its checksum anew."""
    data, at = search.data, 8
    for _ in range(_MOST_CHUNKS):
        if at + 12 > len(data):
            break
        size, kind = struct.unpack_from(">I4s", data, at)
        start, end = at + 8, at + 8 + size
        if end + 4 > len(data):
            break
        if kind in _PNG_PIXELS:
            search.skip(start, end + 4)
        elif kind in _PNG_NAMES and size:
            with search.part([(start, end)], _PNG_NAMES[kind]) as it:
                _find_in_chunk(it, kind, find_in_exif)
            if it.changed:
                search.blank(end, zlib.crc32(kind + it.cleaned()).to_bytes(4, "big"), told=False)
            search.skip(end, end + 4)
        at = end + 4
        if kind == b"IEND":
            break
    _find_behind(search, at, find_in_exif)


_PNG_NAMES = {
    b"eXIf": "EXIF", b"zxIf": "EXIF", b"caBX": "the content credentials", b"tEXt": "a text",
    b"zTXt": "a text", b"iTXt": "a text",
}  # fmt: skip


def _find_behind(search: Search, at: int, find_in_exif: Finder) -> None:
    if at < len(search.data):
        with search.part([(at, len(search.data))], "what lies behind the picture") as it:
            find_in_unknown(it, find_in_exif)
    if says_position(search.rest()):
        search.leave()


def _find_in_chunk(chunk: Search, kind: bytes, find_in_exif: Finder) -> None:
    if kind == b"eXIf":
        _find_in_exif_chunk(chunk, find_in_exif)
    elif kind == b"zxIf":
        _find_in_packed_exif(chunk, find_in_exif)
    elif kind == b"caBX":
        find_in_credentials(chunk)
    else:
        _find_in_text(chunk, kind, find_in_exif)


def _find_in_exif_chunk(chunk: Search, find_in_exif: Finder) -> None:
    """Some writers leave the header in that EXIF has in a JPEG."""
    start = len(EXIF_HEADER) if chunk.data.startswith(EXIF_HEADER) else 0
    with chunk.part([(start, len(chunk.data))]) as block:
        find_in_exif(block)


def _find_in_packed_exif(chunk: Search, find_in_exif: Finder) -> None:
    """A proposal that some programs write: method 0, the length of the block, and the block packed."""
    block = _unpacked(chunk, 5)
    if block is not None:
        inner = Search(block, chunk.where, chunk.depth)
        _find_in_exif_chunk(inner, find_in_exif)
        if inner.told:
            chunk.leave("it is packed")


def _unpacked(chunk: Search, start: int) -> bytes | None:
    """What is packed behind ``start``; ``None`` where it is not packed, or too large, which is told."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(chunk.data[start:], _LARGEST_TEXT)
    except zlib.error:
        return None
    if unpacker.unconsumed_tail:
        chunk.leave("it is packed, and too large to be looked through")
        return None
    chunk.unpack(len(text))
    return text


def _find_in_text(chunk: Search, kind: bytes, find_in_exif: Finder) -> None:
    """A text chunk: keyword, NUL, and the text, packed or not."""
    keyword, _, rest = chunk.data.partition(b"\0")
    start, packed = len(keyword) + 1, kind == b"zTXt"
    if kind == b"zTXt":
        start += 1
    elif kind == b"iTXt":
        packed = rest[:1] == b"\1"
        fields = rest[2:].split(b"\0", 2)
        start = len(chunk.data) - len(fields[-1])
    chunk.where = "XMP" if keyword == b"XML:com.adobe.xmp" else f"the text {keyword[:40].decode('latin-1')!r}"
    text = _unpacked(chunk, start) if packed else chunk.data[start:]
    if text is None:
        return
    inner = Search(text, chunk.where, chunk.depth)
    _find_in_words(inner, keyword, find_in_exif)
    chunk.told |= inner.told
    chunk.left |= inner.left
    if inner.changed:
        clean = inner.cleaned()
        again = _packed(clean, len(chunk.data) - start) if packed else clean
        if again is None:
            chunk.leave("it is packed, and does not fit any more")
        else:
            chunk.blank(start, again)
    elif not (GEO_TEXT.fullmatch(text) or says_position(keyword + b"\0" + text)):
        return
    elif packed:
        chunk.leave("it is packed")
    else:
        chunk.blank(0, b"Comment\0".ljust(len(chunk.data), b" "))


def _find_in_words(text: Search, keyword: bytes, find_in_exif: Finder) -> None:
    if keyword == b"XML:com.adobe.xmp" or b"<x:xmpmeta" in text.data[:4096]:
        find_in_xmp(text)
    elif keyword.startswith(b"Raw profile type") and (head := _RAW_PROFILE.match(text.data)):
        _find_in_raw_profile(text, head.end(), find_in_exif)


def _find_in_raw_profile(text: Search, start: int, find_in_exif: Finder) -> None:
    """A block in hexadecimal digits, with line breaks between them."""
    try:
        block = Search(bytes.fromhex(text.data[start:].decode("ascii")), text.where, text.depth)
    except ValueError:
        return
    if block.data.startswith(EXIF_HEADER):
        _find_in_exif_chunk(block, find_in_exif)
    elif block.data.startswith(XMP_HEADER):
        with block.part([(len(XMP_HEADER), len(block.data))]) as it:
            find_in_xmp(it)
    elif block.data.lstrip()[:1] == b"<":
        find_in_xmp(block)
    elif block.data.startswith(b"8BIM"):
        find_in_resources(block, find_in_exif)
    elif block.data.startswith(b"\x1c"):
        find_in_iptc(block)
    elif says_position(block.data):
        block.leave()
    text.told |= block.told
    text.left |= block.left
    if block.changed:
        digits = iter(block.cleaned().hex())
        hexed = "".join(next(digits) if letter.isalnum() else letter for letter in text.data[start:].decode("ascii"))
        text.blank(start, hexed.encode())


def _packed(text: bytes, size: int) -> bytes | None:
    """``text`` packed into exactly ``size`` bytes, with blanks behind it that are stored as they are (RFC 1951)."""
    packer = zlib.compressobj(9)
    body = packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)
    blanks = size - len(body) - 5 - 4
    if not 0 <= blanks <= 0xFFFF:
        return None
    stored = struct.pack("<BHH", 1, blanks, blanks ^ 0xFFFF) + b" " * blanks
    return body + stored + zlib.adler32(text + b" " * blanks).to_bytes(4, "big")


# -- WebP ------------------------------------------------------------------------------------------------------------


def find_in_webp(search: Search, find_in_exif: Finder) -> None:
    """Look through a WebP file."""
    data, at = search.data, 12
    end = min(8 + int.from_bytes(data[4:8], "little"), len(data))
    for _ in range(_MOST_CHUNKS):
        if at + 8 > end:
            break
        kind, size = struct.unpack_from("<4sI", data, at)
        start, stop = at + 8, min(at + 8 + size, len(data))
        if kind in _WEBP_PIXELS:
            search.skip(start, stop)
        elif kind in _WEBP_NAMES:
            with search.part([(start, stop)], _WEBP_NAMES[kind]) as it:
                if kind == b"EXIF":
                    _find_in_exif_chunk(it, find_in_exif)
                else:
                    (find_in_xmp if kind == b"XMP " else find_in_credentials)(it)
        at = stop + size % 2
    _find_behind(search, at, find_in_exif)


_WEBP_NAMES = {b"EXIF": "EXIF", b"XMP ": "XMP", b"C2PA": "the content credentials"}
