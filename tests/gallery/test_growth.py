"""Every parser of foreign bytes has a bound in time per byte: each input here made one of them, or would make one
that was written carelessly, take quadratic time."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable

import pytest

from galleria_action.errors import GalleryInvalid
from galleria_action.gallery.exif.edit import edit_exif
from galleria_action.gallery.local.content import look_at
from galleria_action.gallery.metadata.redact import redact_paths
from galleria_action.gallery.metadata.schema import RemoteInvalid, load_metadata, parse_remote

from .exif_photos import GPS, MAKER_NOTE, RATIONAL, UNDEFINED, Block, exif_segment, photo, segment
from .growth import grows_linearly

Make = Callable[[int], bytes]
XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MOST_IN_SEGMENT = 60_000


def times(part: bytes) -> Make:
    return lambda size: part * (size // len(part) + 1)


def photos_of(*parts: bytes) -> Make:
    """A photo with so many segments that they have about ``size`` bytes."""
    return lambda size: photo(*(parts * (size // sum(map(len, parts)) + 1)))


def xmp(content: bytes) -> bytes:
    return segment(0xE1, XMP + b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + content + b"</x:xmpmeta>")


def directories_that_share_their_values() -> bytes:
    """Two full directories that lead to each other and to themselves, all values in one place."""
    count = 508
    size = 2 + 12 * (count + 3) + 4
    first = 8 + 2 + 12 * 3 + 4
    second, values = first + size, first + 2 * size

    def record(tag: int, kind: int, number: int) -> bytes:
        return struct.pack("<HHII", tag, kind, 1, number)

    pointers = record(0x8769, 4, first) + record(0x8825, 4, second) + record(0xA005, 4, first)
    filled = struct.pack("<H", count + 3) + pointers
    filled += b"".join(record(0x9400 + number, 5, values) for number in range(count)) + bytes(4)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 3) + pointers + bytes(4) + filled * 2 + b"\1\0\0\0\1\0\0\0" * 2


NAME = b"a:" * (_MOST_IN_SEGMENT // 4)

PHOTOS = {
    "shared values": photos_of(exif_segment(directories_that_share_their_values())),
    "many EXIF segments": photos_of(exif_segment(Block(gps=GPS).build())),
    "many small segments": photos_of(segment(0xE5, b"x")),
    "XMP with long names": photos_of(xmp(b"<" + NAME + b"b/>")),
    "XMP with many names": photos_of(xmp(b"".join(b"<a%d/>" % number for number in range(4000)))),
    "XMP with many positions": photos_of(xmp(b"<exif:GPSLatitude>1</exif:GPSLatitude>" * 800)),
    "XMP with many attributes": photos_of(xmp(b"<a " + b" ".join(b"g%d='1'" % n for n in range(4000)) + b"/>")),
    "XMP that is cut": photos_of(segment(0xE1, XMP + b"<a>" * 15_000)),
    "XMP of spaces": photos_of(segment(0xE1, XMP + b":lat" + b" " * _MOST_IN_SEGMENT)),
    "XMP of colons": photos_of(segment(0xE1, XMP + b":" * _MOST_IN_SEGMENT)),
    "fill bytes": lambda size: photo(b"\xff" * size),
    "fill bytes without a marker": lambda size: photo(exif_segment(Block().build()), b"\xff" * size + b"\0"),
    "markers without a segment": lambda size: photo(b"\xff\x01" * (size // 2)),
    "pictures behind the picture": lambda size: photo(
        trailer=(exif_segment(Block(gps=GPS).build()) * (size // 300))[:size]
    ),
    "markers behind the picture": lambda size: photo(trailer=b"\xff\xe1\xff\xff" * (size // 4)),
    "videos behind the picture": lambda size: photo(trailer=b"\0\0\0\x18ftypmp42" * (size // 12)),
}


@pytest.mark.parametrize("make", PHOTOS.values(), ids=PHOTOS.keys())
def test_photos(make: Make) -> None:
    grows_linearly(lambda image: edit_exif(image, "2024-08-12T14:03:22", 2, strip_gps=True), make, 120_000)


def a_long_maker_note(size: int) -> bytes:
    records = min(500, size // 24)
    note = struct.pack(">H", records) + b"".join(
        struct.pack(">HHII", number, 4, 1, 60 + 12 * number) for number in range(records)
    )
    return photo(exif_segment(Block(exif={MAKER_NOTE: (UNDEFINED, note + bytes(size // 2))}).build()))


def many_values(size: int) -> bytes:
    values = {0x9400 + number: (RATIONAL, bytes(8)) for number in range(size // 20)}
    return photo(exif_segment(Block(exif=values).build()))


@pytest.mark.parametrize("make", [a_long_maker_note, many_values])
def test_blocks(make: Make) -> None:
    grows_linearly(lambda image: edit_exif(image, "2024-08-12T14:03:22", 2, strip_gps=True), make, 2_400)


DOCUMENTS = {
    "photos": lambda size: b'{"schema_version":"1.0","photos":[' + b"{}," * (size // 3) + b"{}]}",
    "names": lambda size: b"{" + b",".join(b'"%d":1' % number for number in range(size // 9)) + b"}",
    "the same name": lambda size: b'{"a":1' + b',"a":1' * (size // 6) + b"}",
    "escapes": lambda size: b'{"photos":"' + b"\\u0041" * (size // 6) + b'"}',
    "backslashes that never end": lambda size: b'{"photos":"' + b"\\" * size,
    "quotes": times(b'"'),
    "brackets": times(b"["),
    "objects": times(b'{"a":'),
    "digits": times(b"1"),
    "numbers that are too large": lambda size: b"[" + b"1e999," * (size // 6) + b"1]",
    "constants": lambda size: b"[" + b"NaN," * (size // 4) + b"1]",
    "spaces": lambda size: b" " * size + b"{}",
    "lines": lambda size: b"{" + b"\n" * size + b'"photos":[{}]}',
    "half pairs": lambda size: b'{"photos":[' + b'"\\ud800",' * (size // 9) + b"1]}",
}


@pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS.keys())
@pytest.mark.parametrize("read", [lambda raw: load_metadata(raw, "file"), parse_remote, redact_paths])
def test_documents(make: Make, read: Callable[[bytes], object]) -> None:
    def work(raw: bytes) -> None:
        with contextlib.suppress(GalleryInvalid, RemoteInvalid):
            read(raw)

    grows_linearly(work, make, 60_000)


FILES = {
    "a.jpg": lambda size: b"\xff\xd8" + b"\xff\xe0\0\2" * (size // 4),
    "b.jpg": lambda size: b"\xff\xd8" + b"\xff\x01" * (size // 2),
    "a.png": lambda size: b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0IDAT\0\0\0\0" * (size // 12),
    "a.gif": lambda size: b"GIF89a" + bytes(7) + b"\x21\xfe\1x\0" * (size // 5),
    "b.gif": lambda size: b"GIF89a" + bytes(7) + b"\x21\xfe" + b"\1x" * (size // 2),
    "a.mp4": lambda size: b"\0\0\0\x08ftyp" * (size // 8),
    "a.tif": lambda size: b"II*\0\x08\0\0\0\xff\x1f" + b"\x11\1\4\0\xff\0\1\0\0\0\0\0" * (size // 12),
    "html": lambda size: b"<!-- " * (size // 5),
    "text": lambda size: b"a/" * (size // 2),
    "annex": lambda size: b"/annex/objects/" * (size // 15),
    "outs": lambda size: b"\n" * size,
}


@pytest.mark.parametrize("make", FILES.values(), ids=FILES.keys())
def test_contents(make: Make) -> None:
    def work(body: bytes) -> None:
        look_at("a.jpg", len(body), lambda at, length: body[max(at, 0) : max(at, 0) + length])

    grows_linearly(work, make, 80_000)
