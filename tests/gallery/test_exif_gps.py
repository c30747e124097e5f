"""Taking the position out: nothing may be left of it where we say so, and nothing else may change."""

from __future__ import annotations

import re
import struct

import pytest

from galleria_action.gallery.exif.edit import Outcome, edit_exif

from . import exif_judge
from .exif_photos import (
    ASCII,
    DATE_TIME,
    DTO,
    GPS,
    MAKE,
    MAKER_NOTE,
    OLD_DATE,
    UNDEFINED,
    Block,
    exif_segment,
    patched,
    photo,
    record_at,
    segment,
    with_block,
)

WHEN = "2024-08-12T14:03:22"
SHOWN = "2024:08:12 14:03:22"
SECRETS = (b"GPS-SECRET", GPS[0x0002][1])
orders = pytest.mark.parametrize("order", ["<", ">"])
XMP = b"http://ns.adobe.com/xap/1.0/\0"


def stripped(image: bytes, timestamp: str | None = None, offset: int = 13) -> bytes:
    """``image`` without its position, after an edit that must succeed and be final."""
    edit = edit_exif(image, timestamp, offset, strip_gps=True)
    assert edit.outcome is Outcome.EDITED, edit.warnings
    again = edit_exif(edit.data, timestamp, offset, strip_gps=True)
    assert again.data is edit.data
    return bytes(edit.data)


@orders
@pytest.mark.parametrize("thumbnail", [b"", b"\xff\xd8thumb\xff\xd9"])
def test_the_position_is_zeroed_and_its_pointer_removed_in_place(order: str, thumbnail: bytes) -> None:
    image = with_block(Block(order, gps=GPS, thumbnail=thumbnail, interop={1: (ASCII, b"R98\0")}))
    result = stripped(image)
    assert exif_judge.differences(image, result, gps_removed=True) == []
    assert len(result) == len(image)
    assert all(secret in image and secret not in result for secret in SECRETS)
    assert exif_judge.value(result, DTO) == OLD_DATE[:-1].decode()


@orders
@pytest.mark.parametrize("exif", [{}, None, {DTO: (ASCII, OLD_DATE)}])
def test_it_goes_together_with_the_time(order: str, exif: dict[int, tuple[int, bytes]] | None) -> None:
    image = with_block(Block(order, gps=GPS, exif=exif))
    result = stripped(image, WHEN, 2)
    assert exif_judge.differences(image, result, gps_removed=True) == []
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00")
    assert not any(secret in result for secret in SECRETS)


def test_it_works_after_an_earlier_time_edit_and_before_a_later_one() -> None:
    image = with_block(Block(gps=GPS, exif=None))
    first = stripped(bytes(edit_exif(image, WHEN, 2).data))
    second = bytes(edit_exif(stripped(image), WHEN, 2).data)
    for result in (first, second):
        assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00")
        assert not any(secret in result for secret in SECRETS)


def test_a_photo_without_position_comes_back_as_the_same_object() -> None:
    for image in (photo(), with_block(Block())):
        edit = edit_exif(image, None, 13, strip_gps=True)
        assert edit.data is image and edit.outcome is Outcome.UNCHANGED and not edit.warnings


def test_without_the_option_the_position_stays() -> None:
    result = bytes(edit_exif(with_block(Block(gps=GPS)), WHEN, 2).data)
    assert all(secret in result for secret in SECRETS)


def test_the_only_entry_of_a_directory_can_be_removed() -> None:
    result = stripped(with_block(Block(main={}, exif=None, gps=GPS)))
    assert not exif_judge.read(result).fields


def test_bytes_that_another_tag_uses_as_well_are_left_with_a_warning() -> None:
    block = Block(gps=GPS).build()
    (gps_at,) = struct.unpack_from(">I", block, record_at(block, ">", 8, 0x8825) + 8)
    date_at = record_at(block, ">", 8, DATE_TIME) + 8
    area = record_at(block, ">", gps_at, 0x001B)
    image = with_block(patched(block, area + 8, block[date_at : date_at + 4]))
    edit = edit_exif(image, None, 13, strip_gps=True)
    assert edit.warnings == ("a position was left in EXIF (other data use the same bytes)",)
    assert exif_judge.differences(image, bytes(edit.data), gps_removed=True) == []
    assert edit_exif(edit.data, None, 13, strip_gps=True).data is edit.data


@pytest.mark.parametrize("target", [b"\0\0\xff\xff", b"\0\0\0\x08", b"\0\0\0\x01"])
def test_a_pointer_to_something_that_is_not_a_position_goes(target: bytes) -> None:
    block = Block(main={MAKE: (ASCII, b"Maker\0")}).build()
    with_gps = Block(main={MAKE: (ASCII, b"Maker\0")}, gps={0x001D: (ASCII, b"N\0")}).build()
    image = with_block(patched(with_gps, record_at(with_gps, ">", 8, 0x8825) + 8, target))
    result = stripped(image)
    assert (
        len(result) == len(image)
        and exif_judge.read(result).fields.keys() == exif_judge.read(with_block(block)).fields.keys()
    )


def test_what_is_behind_a_broken_pointer_is_found_all_the_same() -> None:
    block = Block(gps=GPS).build()
    broken = patched(block, record_at(block, ">", 8, 0x8825) + 8, b"\0\0\xff\xff")
    assert GPS[0x0002][1] not in stripped(with_block(broken))


def test_a_damaged_file_is_left_but_for_its_position() -> None:
    for image in b"\x89PNG\r\n\x1a\n", with_block(b"XX"):
        edit = edit_exif(image, None, 13, strip_gps=True)
        assert edit.data is image and not edit.warnings
    cut = with_block(Block(gps=GPS).build())[:-30]
    assert len(stripped(cut)) == len(cut)


def test_the_positions_of_further_exif_segments_and_pictures_go_too() -> None:
    second = with_block(Block("<", gps=GPS, main={MAKE: (ASCII, b"Second\0")}))
    image = photo(
        exif_segment(Block(gps=GPS).build()),
        exif_segment(Block(gps=GPS).build()),
        trailer=second + b"trailer",
    )
    result = stripped(image)
    assert len(result) == len(image)
    assert not any(secret in result for secret in SECRETS)
    assert result.endswith(b"trailer")
    at = result.index(second[:12], 100)
    assert exif_judge.differences(second, result[at : at + len(second)], gps_removed=True) == []


def test_a_position_beside_a_damaged_second_exif_segment_goes() -> None:
    image = photo(exif_segment(Block(gps=GPS).build()), exif_segment(b"rest of the first"))
    assert not any(secret in stripped(image) for secret in SECRETS)


def test_a_position_in_a_damaged_second_exif_segment_is_left_with_a_warning() -> None:
    damaged = b"XX" + Block(gps=GPS).build()[2:]
    edit = edit_exif(photo(exif_segment(damaged)), None, 13, strip_gps=True)
    assert edit.warnings == ("a position was left in EXIF (it is damaged)",)


@pytest.mark.parametrize(
    "marked",
    [
        """<r [exif:GPSLatitude="47,1N"] a="1" [exif:GPSLongitude = '8']/>""",
        "<r>[<exif:GPSAltitude>5/1</exif:GPSAltitude>]t</r>",
        "<r>[<exif:GPSx><rdf:Alt><rdf:li>5</rdf:li></rdf:Alt></exif:GPSx\n>]</r>",
        "<r>[<exif:GPSx/>][<exif:GPSx></exif:GPSx>]</r>",
        '<r [drone-dji:GpsLongtitude="8"] [drone-dji:Latitude="47"]/>',
        '<r>[<geo:lat>47</geo:lat>]<é y="z>"\n [geo:long="ü"]/></r>',
    ],
)
def test_positions_in_xmp_become_spaces(marked: str) -> None:
    """What stands in brackets must go."""
    frame = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>%s   <?xpacket end="w"?>'
    pieces = re.split(r"[][]", frame % marked)
    blanked = [" " * len(piece.encode()) if number % 2 else piece for number, piece in enumerate(pieces)]
    before, after = (segment(0xE1, XMP + "".join(text).encode()) for text in (pieces, blanked))
    colours = segment(0xE2, b"ICC_PROFILE\0")
    assert stripped(photo(before, colours)) == photo(after, colours)


@pytest.mark.parametrize(
    "packet",
    [
        b'<r><dc:description>exif:GPSLatitude="47" &lt;exif:GPSLatitude></dc:description></r>',
        b"<r a='exif:GPSLatitude=\"47\"'/>",
        b"<r><!-- <exif:GPSLatitude>47</exif:GPSLatitude> --></r>",
        b"<r xmp:CreateDate='2024'>flatitudes</r>",
        b"not XML at all",
        b"",
    ],
)
def test_xmp_that_only_looks_like_a_position_is_left(packet: bytes) -> None:
    image = photo(segment(0xE1, XMP + packet))
    assert edit_exif(image, None, 13, strip_gps=True).data is image


@pytest.mark.parametrize(
    "packet",
    [
        b'<r exif:GPSLatitude="47">',
        b'<!DOCTYPE r [<!ENTITY p "47">]><r exif:GPSLatitude="&p;"/>',
        '<r exif:GPSLatitude="47"/>'.encode("utf-16-le"),
    ],
)
def test_a_position_in_xmp_that_cannot_be_edited_is_left_with_a_warning(packet: bytes) -> None:
    image = photo(segment(0xE1, XMP + packet))
    edit = edit_exif(image, None, 13, strip_gps=True)
    assert edit.data is image and edit.outcome is Outcome.UNCHANGED
    assert edit.warnings == ("a position was left in XMP (it is not well-formed)",)


def test_a_maker_note_stays_where_it_is() -> None:
    image = with_block(Block(gps=GPS, exif={MAKER_NOTE: (UNDEFINED, b"opaque GPS in a maker note")}))
    assert b"opaque GPS in a maker note" in stripped(image)
