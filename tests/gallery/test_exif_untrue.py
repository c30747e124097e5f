"""What a photo still says otherwise after its time was corrected: told, never a failure, and only where it is true."""

from __future__ import annotations

import struct

import pytest

from galleria_action.gallery.exif.edit import Outcome, edit_exif

from .exif_photos import ASCII, DTO, OLD_DATE, Block, exif_segment, photo, segment

WHEN = "2024-08-12T14:03:22"
XMP = b"http://ns.adobe.com/xap/1.0/\0"


def told(
    *segments: bytes, exif: dict[int, tuple[int, bytes]] | None = None, when: str | None = WHEN
) -> tuple[str, ...]:
    block = Block(exif={DTO: (ASCII, OLD_DATE)} | (exif or {})).build()
    edit = edit_exif(photo(exif_segment(block), *segments), when, 2)
    assert edit.outcome is Outcome.EDITED
    return edit.warnings


def xmp(text: bytes) -> bytes:
    return segment(0xE1, XMP + b"<r " + text + b"/>")


def iptc(number: int, value: bytes) -> bytes:
    record = b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(value)) + value
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record + bytes(len(record) % 2)
    return segment(0xED, b"Photoshop 3.0\0" + resource)


@pytest.mark.parametrize(
    ("segment", "word"),
    [
        (xmp(b'exif:DateTimeOriginal="2001-02-03T04:05:06"'), "XMP"),
        (xmp(b"photoshop:DateCreated='2023-08-12'"), "XMP"),
        (segment(0xE1, XMP + b"<r><exif:DateTimeOriginal>2001</exif:DateTimeOriginal></r>"), "XMP"),
        (xmp(b'exif:DateTimeOriginal="2024-08-12T14:03:22.5+05:30"'), "XMP"),
        (iptc(0x37, b"20010203"), "IPTC"),
        (iptc(0x3C, b"040506+0200"), "IPTC"),
        (segment(0xEB, b"JP\0\1\0\0\0\1\0\0\0\x50jumb\0\0\0\x26jumdc2pa" + bytes(12) + b"\3c2pa\0"), "C2PA"),
    ],
)
def test_a_contradiction_is_told(segment: bytes, word: str) -> None:
    (text,) = told(segment)
    assert word in text


@pytest.mark.parametrize(
    "segment",
    [
        xmp(b'exif:DateTimeOriginal="2024-08-12T14:03:22"'),
        xmp(b'exif:DateTimeOriginal="2024-08-12T14:03:22.125+02:00" photoshop:DateCreated="2024-08"'),
        xmp(b'xmp:ModifyDate="2001-02-03" exif:DateTimeOriginal=""'),
        iptc(0x37, b"20240812"),
        iptc(0x3C, b"140322+0200"),
        iptc(0x19, b"keyword"),
        segment(0xEB, b"JP\0\1\0\0\0\1\0\0\0\x20jumb of another kind"),
    ],
)
def test_what_agrees_or_is_about_something_else_is_not_told(segment: bytes) -> None:
    assert told(segment) == ()


@pytest.mark.parametrize(("tag", "name"), [(0x9010, "OffsetTime"), (0x9012, "OffsetTimeDigitized")])
def test_another_zone_is_told(tag: int, name: str) -> None:
    (text,) = told(exif={tag: (ASCII, b"-03:00\0")})
    assert text == f"its {name} still says another time zone, -03:00"
    assert told(exif={tag: (ASCII, b"+02:00\0")}) == ()
    assert told(exif={tag: (ASCII, b"   :  \0")}) == ()


def test_a_photo_whose_date_stays_has_no_old_one() -> None:
    assert told(xmp(b'exif:DateTimeOriginal="2001-02-03T04:05:06"'), when=None) == ()


def test_a_photo_that_is_not_edited_is_not_talked_about() -> None:
    image = photo(exif_segment(Block().build()), xmp(b'exif:DateTimeOriginal="2019"'))
    edit = edit_exif(image, None, 13)
    assert edit.data is image and not edit.warnings
