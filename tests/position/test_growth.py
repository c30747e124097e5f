"""What a hostile file costs grows with its length and no faster, whatever it is made of."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest

from galleria_action.gallery.metadata.positions import redact_positions
from galleria_action.gallery.position import without_position
from tests.gallery.exif_photos import photo
from tests.gallery.growth import grows_linearly

from .files import (
    XYZ,
    box,
    chunk,
    credentials,
    flir,
    heif,
    in_app11,
    iptc,
    itxt,
    jumb,
    keys,
    photoshop,
    png,
    raw_profile,
    resource,
    tiff,
    track,
    video,
    webp,
)

Make = Callable[[int], bytes]


def nested(wrap: Callable[[bytes], bytes], size: int) -> bytes:
    data = b""
    for _ in range(size // 8):
        data = wrap(data)
    return data


def elements(count: int) -> bytes:
    names = (b"<gps%d/>" % number for number in range(count))
    return png(itxt(b"<x>" + b"".join(names) + b"</x>", packed=False))


FILES: dict[str, Make] = {
    "PNG of empty chunks": lambda size: png(chunk(b"tEXt", b"") * (size // 12)),
    "PNG of profiles": lambda size: png(raw_profile(b"exif", b"Exif\0\0" + tiff(), packed=True) * (size // 400)),
    "PNG of digits": lambda size: png(raw_profile(b"exif", b"Exif\0\0" + tiff() + bytes(size // 2), packed=False)),
    "WebP of empty chunks": lambda size: webp(*[(b"XMP ", b"")] * (size // 8)),
    "boxes": lambda size: video() + box(b"free", b"") * (size // 8),
    "boxes in boxes": lambda size: video(nested(lambda data: box(b"trak", data), size)),
    "tracks": lambda size: video(*[track(b"meta", b"mebx")] * (size // 100)),
    "elements": lambda size: elements(size // 10),
    "tracks of subtitles": lambda size: video(*[track(b"text", b"tx3g")] * (size // 100)),
    "keys": lambda size: video(keys(*[(b"location", b"1")] * (size // 50))),
    "items": lambda size: heif(b"Exif", bytes(size)),
    "videos behind a picture": lambda size: photo(trailer=(box(b"ftyp", b"isom") + box(b"moov", XYZ)) * (size // 60)),
    "EXIF behind a picture": lambda size: photo(trailer=b"Exif\0\0II*\0" * (size // 10)),
    "packets without an end": lambda size: photo(trailer=b"<x:xmpmeta" * (size // 10)),
    "resources": lambda size: photoshop(resource(0x0404, b"") * (size // 12)),
    "IPTC": lambda size: photoshop(resource(0x0404, iptc(*[b"geo:lat=1"] * (size // 14)))),
    "credentials": lambda size: in_app11(credentials(jumb(b"x", b"json", b'"lat"') * (size // 60))),
    "credentials in credentials": lambda size: in_app11(nested(lambda data: box(b"jumb", data), size // 4)),
    "FLIR": lambda size: flir()[:-2] + bytes(size),
    "words": lambda size: b"gpsla" * (size // 5),
}  # fmt: skip


#: a JPEG's segment takes no more than 64 kB, and what is nested is slow to build
SMALL = {"boxes in boxes", "resources", "IPTC", "credentials in credentials"}


@pytest.mark.parametrize("name", FILES)
def test_files(name: str) -> None:
    grows_linearly(lambda data: without_position(data), FILES[name], 15_000 if name in SMALL else 60_000)


def test_what_is_packed_costs_no_more_than_its_file_may() -> None:
    """A kilobyte may stand for a megabyte; a file of many such texts is named, not unpacked to the end."""
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 20)))
    assert not without_position(png(text)).left
    assert without_position(png(text * 60)).left


DOCUMENTS: dict[str, Make] = {
    "positions": lambda size: b'{"a": [' + b",".join([b'{"gps": [1, 2]}'] * (size // 16)) + b"]}",
    "nearly positions": lambda size: b'{"a": [' + b",".join([b'{"location": {"a": "b"}}'] * (size // 24)) + b"]}",
    "texts": lambda size: b"[" + b",".join([b'"1.234 1.23"'] * (size // 13)) + b"]",
    "a long text": lambda size: b'["' + b"1.234567" * (size // 8) + b'"]',
    "places in places": lambda size: b'{"location":' * 60 + b"[" + b"0," * (size // 2) + b"0]" + b"}" * 60,
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(name: str) -> None:
    grows_linearly(lambda data: redact_positions(data), DOCUMENTS[name], 100_000)
