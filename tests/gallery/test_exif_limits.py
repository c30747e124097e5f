"""Where the time edit must hold back: full blocks, offsets that would break, damage, other formats, own mistakes."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import pytest

from galleria_action.gallery.containers import jpeg
from galleria_action.gallery.containers.tiff import Tiff
from galleria_action.gallery.exif import edit as exif
from galleria_action.gallery.exif.edit import Outcome, edit_beginning, edit_exif, modify_exif_in_memory
from galleria_action.gallery.exif.times import TimesWritten, write_times

from . import exif_judge
from .exif_expect import EXIF, SHOWN, WHEN, WITH_OFFSET, checked, edited, orders, untouched
from .exif_photos import (
    ASCII,
    DTO,
    INTEROP,
    MAKE,
    MAKER_NOTE,
    OLD_DATE,
    OLD_OFFSET,
    OTO,
    UNDEFINED,
    Block,
    exif_segment,
    mpf,
    patched,
    photo,
    record_at,
    segment,
    with_block,
)


def full(block: Block, filler: bytes) -> bytes:
    """``block`` with so much ``filler`` behind it that one more byte would not fit into a segment."""
    built = block.build()
    return built + (filler * 65527)[: 65527 - len(built)]


@orders
@pytest.mark.parametrize("exif", [EXIF, {}, None])
def test_zeros_at_the_end_of_a_full_block_are_used_without_growth(
    order: str, exif: dict[int, tuple[int, bytes]] | None
) -> None:
    image = with_block(full(Block(order, exif=exif), b"\0"))
    result = edited(image)
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00")
    assert len(result) == len(image)


def test_zeros_that_are_part_of_a_value_are_not_used() -> None:
    note = 65527 - len(Block(exif={**EXIF, MAKER_NOTE: (UNDEFINED, bytes(6))}).build())
    image = with_block(full(Block(exif={**EXIF, MAKER_NOTE: (UNDEFINED, bytes(note))}), b"\0"))
    edit = edit_exif(image, WHEN, 2)
    assert edit.outcome is Outcome.INCOMPLETE
    assert exif_judge.date_and_offset(checked(image, edit)) == (SHOWN, None)


def test_a_full_block_without_zeros_gets_the_date_in_place_and_a_warning() -> None:
    image = with_block(full(Block(), b"x"))
    edit = edit_exif(image, WHEN, 2)
    assert edit.outcome is Outcome.INCOMPLETE
    assert edit.warnings == ("OffsetTimeOriginal could not be written: the EXIF block is full",)
    assert exif_judge.date_and_offset(checked(image, edit)) == (SHOWN, None)


def test_without_room_for_the_date_the_zone_is_not_written_either() -> None:
    exif = {**{tag: entry for tag, entry in EXIF.items() if tag != DTO}, OTO: (ASCII, OLD_OFFSET)}
    warnings = untouched(with_block(full(Block(exif=exif), b"x")), Outcome.INCOMPLETE)
    assert "DateTimeOriginal could not be written" in warnings[0]


def long_thumbnail(block: Block, beyond: int) -> bytes:
    """``block`` with a thumbnail length that ends ``beyond`` bytes behind its end."""
    built = block.build()
    (second,) = struct.unpack_from(block.order + "I", built, 8 + 2 + 12 * 3)
    at = record_at(built, block.order, second, 0x0202) + 8
    return patched(built, at, struct.pack(block.order + "I", len(block.thumbnail) + beyond))


def test_references_beyond_the_block_permit_edits_in_place_only() -> None:
    block = Block(exif=WITH_OFFSET, thumbnail=b"\xff\xd8thumb\xff\xd9")
    assert exif_judge.date_and_offset(edited(with_block(long_thumbnail(block, 1)))) == (SHOWN, "+02:00")
    image = with_block(long_thumbnail(Block(thumbnail=b"\xff\xd8thumb\xff\xd9"), 1))
    edit = edit_exif(image, WHEN, 2)
    assert edit.outcome is Outcome.INCOMPLETE
    assert "beyond its own end" in edit.warnings[0]
    assert exif_judge.date_and_offset(checked(image, edit)) == (SHOWN, None)


@orders
def test_a_date_whose_own_length_is_absurd_is_no_reason_to_refuse(order: str) -> None:
    block = Block(order).build()
    (exif_at,) = struct.unpack_from(order + "I", block, record_at(block, order, 8, 0x8769) + 8)
    for count in (20_000, 0xFFFFFFFF):
        absurd = patched(block, record_at(block, order, exif_at, DTO) + 4, struct.pack(order + "I", count))
        assert exif_judge.date_and_offset(edited(with_block(absurd))) == (SHOWN, "+02:00")


def test_exif_behind_an_mpf_index_is_edited_in_place_only() -> None:
    second = b"\xff\xd8second picture\xff\xd9"

    def behind_index(block: Block) -> bytes:
        bare = len(photo(mpf(0, [(0, 0)]), exif_segment(block.build())))
        index = mpf(bare, [(bare - 2 - 8, len(second))])
        return photo(index, exif_segment(block.build()), trailer=second)

    image = behind_index(Block(exif=WITH_OFFSET))
    assert exif_judge.further_pictures(image) == [second]
    assert exif_judge.date_and_offset(edited(image)) == (SHOWN, "+02:00")
    image = behind_index(Block())
    edit = edit_exif(image, WHEN, 2)
    assert edit.outcome is Outcome.INCOMPLETE and "MPF" in edit.warnings[0]
    result = checked(image, edit)
    assert exif_judge.date_and_offset(result) == (SHOWN, None)
    assert exif_judge.further_pictures(result) == [second]


@pytest.mark.parametrize("exif", [True, False])
def test_pictures_of_an_mpf_index_behind_the_exif_are_still_found(exif: bool) -> None:
    second = b"\xff\xd8second picture\xff\xd9"
    first = [exif_segment(Block().build())] if exif else []
    bare = len(photo(*first, mpf(0, [(0, 0)])))
    base = 2 + sum(map(len, first)) + 8
    image = photo(*first, mpf(bare, [(bare - base, len(second))]), trailer=second)
    assert exif_judge.further_pictures(image) == [second]
    assert exif_judge.further_pictures(edited(image)) == [second]


def test_of_two_exif_segments_the_first_is_edited() -> None:
    second = exif_segment(Block(order="<").build())
    image = photo(exif_segment(Block().build()), second)
    edit = edit_exif(image, WHEN, 2)
    assert edit.outcome is Outcome.EDITED and "several EXIF segments" in edit.warnings[0]
    assert second in checked(image, edit)


def maker_note_with_preview_behind(order: str, date_first: bool, tail: int) -> bytes:
    """A photo whose plain MakerNote refers to a preview behind the picture, as some of 2002 do."""
    note = struct.pack(order + "HHHII", 1, 0x0081, UNDEFINED, 7, 0xAAAAAAAA) + bytes(4)
    exif = {} if date_first else {0x829A: (5, bytes(range(8)))}
    block = Block(order, exif={**exif, DTO: (ASCII, OLD_DATE), MAKER_NOTE: (UNDEFINED, note)}, tail=bytes(tail)).build()
    length = len(with_block(block))
    block = block.replace(struct.pack(order + "I", 0xAAAAAAAA), struct.pack(order + "I", length - 12))
    return with_block(block, trailer=b"PREVIEW")


@orders
def test_a_maker_note_that_reaches_behind_the_picture_stops_growth_and_unused_bytes_serve_instead(order: str) -> None:
    image = maker_note_with_preview_behind(order, date_first=True, tail=22)
    result = edited(image)
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00")
    assert len(result) == len(image)


@pytest.mark.parametrize(("date_first", "tail"), [(False, 40), (True, 0)])
def test_without_unused_bytes_at_the_right_place_only_the_date_is_written(date_first: bool, tail: int) -> None:
    image = maker_note_with_preview_behind(">", date_first, tail)
    edit = edit_exif(image, WHEN, 2)
    assert edit.outcome is Outcome.INCOMPLETE and "maker note" in edit.warnings[0]
    assert exif_judge.date_and_offset(checked(image, edit)) == (SHOWN, None)
    assert len(edit.data) == len(image)


@pytest.mark.parametrize(
    ("magic", "name"),
    [
        (b"\x89PNG\r\n\x1a\n....", "PNG"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\xff\x0a....", "JPEG XL"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"GIF89a....", "GIF"),
        (b"", "not an image"),
        (b"\xff", "not an image"),
        (b"<html>", "not an image"),
    ],
)
def test_other_formats_are_known_by_their_first_bytes_and_left(magic: bytes, name: str) -> None:
    (warning,) = untouched(magic, Outcome.UNSUPPORTED)
    assert name in warning


CORRUPT = {
    "cut in a segment": with_block(Block())[:60],
    "no scan": b"\xff\xd8" + exif_segment(Block().build()),
    "end before the scan": b"\xff\xd8" + exif_segment(Block().build()) + b"\xff\xd9",
    "junk before any EXIF": photo(b"junk", exif_segment(Block().build())),
    "length below two": photo(b"\xff\xe5\0\1"),
    "EXIF header": with_block(b"XX*\0\0\0\0\x08" + Block().build()[8:]),
    "block of four bytes": with_block(b"MM\0*"),
    "block of seven bytes": with_block(b"MM\0*\0\0\0"),
    "misspelt EXIF": photo(segment(0xE1, b"Exif\0\1" + b"x" * 40)),
    "main directory beyond": with_block(b"MM\0*\0\0\xff\xff" + bytes(20)),
    "main directory inside the header": with_block(b"MM\0*\0\0\0\4" + bytes(20)),
    "main directory cut": with_block(b"MM\0*\0\0\0\x08\0\x20" + bytes(40)),
    "unknown types": with_block(b"MM\0*\0\0\0\x08\0\2" + b"\1\0\xff\xff\0\0\0\1\0\0\0\0" * 2 + bytes(4)),
    "Exif pointer of type text": with_block(patched(b := Block().build(), record_at(b, ">", 8, 0x8769) + 2, b"\0\2")),
    "Exif pointer beyond": with_block(patched(b, record_at(b, ">", 8, 0x8769) + 8, b"\0\0\xff\xff")),
    "Exif directory is the main one": with_block(patched(b, record_at(b, ">", 8, 0x8769) + 8, b"\0\0\0\x08")),
    "two Exif pointers": with_block(patched(b, record_at(b, ">", 8, MAKE), b"\x87\x69\0\4\0\0\0\1")),
    "too many segments": photo(segment(0xE5, b"") * 10_001),
}


@pytest.mark.parametrize("image", CORRUPT.values(), ids=CORRUPT.keys())
def test_corrupt_files_come_back_untouched_with_a_warning(image: bytes) -> None:
    (warning,) = untouched(image, Outcome.CORRUPT)
    assert warning
    assert modify_exif_in_memory(image, WHEN, 2) is image


def test_junk_and_fill_bytes_behind_the_exif_are_no_obstacle() -> None:
    image = photo(b"\xff\xff" + exif_segment(Block().build()), b"junk", b"\xff\xff\xff" + segment(0xFE, b"comment"))
    assert exif_judge.date_and_offset(edited(image)) == (SHOWN, "+02:00")


def _spoil(block: bytes, at: int) -> bytes:
    return patched(block, at, bytes([block[at] ^ 1]))


@pytest.mark.parametrize("what", [b"opaque", b"2001:02:03", b"123\0", b"thumb", b"R98"])
def test_an_editor_that_changes_anything_else_is_caught_and_the_original_goes_out(
    what: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(tiff: Tiff, wanted: Mapping[int, bytes], growth_refused: str | None) -> TimesWritten:
        block = write_times(tiff, wanted, growth_refused).block
        return TimesWritten(_spoil(block, block.index(what)), ())

    image = with_block(Block(interop=INTEROP, thumbnail=b"\xff\xd8thumb\xff\xd9"))
    monkeypatch.setattr(exif, "write_times", careless)
    (warning,) = untouched(image, Outcome.INCOMPLETE)
    assert "discarded" in warning


def test_a_splice_that_changes_the_picture_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    image = with_block(Block())
    splice = jpeg.splice
    monkeypatch.setattr(jpeg, "splice", lambda view, patches: _spoil(splice(view, patches), len(view) - 5))
    (warning,) = untouched(image, Outcome.INCOMPLETE)
    assert "outside of the edited segments" in warning


# -- what is odd but no obstacle -------------------------------------------------------------------------------------


@orders
def test_a_gps_directory_of_rubbish_is_no_obstacle_for_a_date_that_has_room(order: str) -> None:
    rubbish = {tag: (UNDEFINED, bytes(4)) for tag in range(0x3031, 0x3035)}
    block = Block(order, gps=rubbish).build()
    (gps_at,) = struct.unpack_from(order + "I", block, record_at(block, order, 8, 0x8825) + 8)
    for tag in rubbish:
        block = patched(block, record_at(block, order, gps_at, tag) + 2, b"\x20\x20")
    edit = edit_exif(with_block(block), WHEN, 2)
    assert edit.outcome is Outcome.INCOMPLETE
    data = bytes(edit.data)
    assert exif_judge.date_and_offset(data) == (SHOWN, None)
    assert exif_judge.differences(with_block(block), data) == []
    complete = edit_exif(with_block(block), WHEN, 2, strip_gps=True)
    assert complete.outcome is Outcome.EDITED, "without the rubbish the zone has room, too"
    assert edit_exif(complete.data, WHEN, 2, strip_gps=True).data is complete.data


@orders
@pytest.mark.parametrize("target", ["main", "exif"])
def test_an_interop_pointer_to_another_directory_is_no_obstacle(order: str, target: str) -> None:
    block = Block(order, interop=INTEROP).build()
    (exif_at,) = struct.unpack_from(order + "I", block, record_at(block, order, 8, 0x8769) + 8)
    pointer = record_at(block, order, exif_at, 0xA005) + 8
    image = with_block(patched(block, pointer, struct.pack(order + "I", 8 if target == "main" else exif_at)))
    edit = edit_exif(image, WHEN, 2)
    assert edit.outcome is Outcome.EDITED
    assert exif_judge.date_and_offset(bytes(edit.data)) == (SHOWN, "+02:00")
    assert edit_exif(edit.data, WHEN, 2).data is edit.data


def test_a_gps_pointer_to_another_directory_is_no_obstacle() -> None:
    block = Block(gps={1: (ASCII, b"N\0")}).build()
    image = with_block(patched(block, record_at(block, ">", 8, 0x8825) + 8, struct.pack(">I", 8)))
    assert exif_judge.date_and_offset(bytes(edit_exif(image, WHEN, 13).data)) == (SHOWN, None)


def test_values_that_overlap_without_end_are_refused() -> None:
    values = {0x9400 + number: (UNDEFINED, bytes(2_000 if number == 0 else 5)) for number in range(100)}
    block = Block(exif={**EXIF, **values}).build()
    (exif_at,) = struct.unpack_from(">I", block, record_at(block, ">", 8, 0x8769) + 8)
    first = record_at(block, ">", exif_at, 0x9400)
    for number in range(1, 100):
        block = patched(block, record_at(block, ">", exif_at, 0x9400 + number) + 4, block[first + 4 : first + 12])
    (warning,) = untouched(with_block(block), Outcome.CORRUPT)
    assert "overlap" in warning


# -- maker notes that refer to what lies behind the block ------------------------------------------------------------

PREVIEW = b"\xff\xd8\xff\xdbPREVIEW\xff\xd9"


def maker_note(header: bytes, order: str, base: str, target: str, inner: bool = False) -> bytes:
    """A photo whose maker note has a ``header`` and refers to a preview behind the picture.

    Values count from the ``base`` (block, note, or the TIFF header that ends the maker's); ``target`` is a value that
    lies there or a number that says where.
    """
    entry = (UNDEFINED, 12) if target == "value" else (4, 1)
    at = len(header)
    records = [(0x0001, UNDEFINED, 12, 0x77777777), (0x0002, UNDEFINED, 12, 0x77777777)]
    leading = (0x0088, entry[0], entry[1], 0x66666666)
    table_length = 2 + 12 * 3 + 4
    inner_table = b""
    if inner:
        inner_table = struct.pack(order + "HHHII", 1, *leading) + bytes(4)
        leading = (0x2020, 4, 1, 0x55555555)
    table = struct.pack(order + "H", 3) + b"".join(struct.pack(order + "HHII", *r) for r in [*records, leading])
    note = header + table + bytes(4) + b"value inside" + inner_table
    block = Block(exif={DTO: (ASCII, OLD_DATE), MAKER_NOTE: (UNDEFINED, note)}).build()
    note_at = block.index(note)
    zero = {"block": 0, "note": note_at, "own": note_at + len(header) - 8}[base]
    inside = note_at + at + table_length
    length = len(with_block(block)) - 12
    for marker, number in ((0x77777777, inside), (0x66666666, length), (0x55555555, inside + 12)):
        block = block.replace(struct.pack(order + "I", marker), struct.pack(order + "I", number - zero))
    return with_block(block, trailer=PREVIEW)


HEADERS = {
    "none": (b"", "block"),
    "Olympus": (b"OLYMP\0\1\0", "block"),
    "Panasonic": (b"Panasonic\0\0\0", "block"),
    "Fujifilm": (b"FUJIFILM\x0c\0\0\0", "note"),
    "Apple": (b"Apple iOS\0\0\1MM", "note"),
    "OM": (b"OM SYSTEM\0\0\0II\4\0", "note"),
    "Kyocera": (b"KYOCERA            \0\0\0", "note"),
}


@orders
@pytest.mark.parametrize("target", ["value", "number"])
@pytest.mark.parametrize("inner", [False, True])
@pytest.mark.parametrize(("header", "base"), HEADERS.values(), ids=HEADERS.keys())
def test_a_maker_note_with_a_header_that_reaches_behind_the_picture_stops_growth(
    header: bytes, base: str, order: str, target: str, inner: bool
) -> None:
    image = maker_note(header, order, base, target, inner)
    edit = edit_exif(image, WHEN, 2)
    assert edit.outcome is Outcome.INCOMPLETE and "maker note" in edit.warnings[0]
    assert exif_judge.date_and_offset(checked(image, edit)) == (SHOWN, None)
    assert bytes(edit.data).endswith(PREVIEW) and len(edit.data) == len(image)
    without_preview = edit_beginning(image.removesuffix(PREVIEW), WHEN, 2, beyond=len(PREVIEW))
    assert without_preview.outcome is Outcome.INCOMPLETE, "what is not there to be looked at may be a picture"


@orders
@pytest.mark.parametrize("inner", [False, True])
def test_a_maker_note_with_a_tiff_header_of_its_own_is_followed(order: str, inner: bool) -> None:
    magic = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8)
    edit = edit_exif(maker_note(b"Nikon\0\2\x10\0\0" + magic, order, "own", "value", inner), WHEN, 2)
    assert edit.outcome is Outcome.INCOMPLETE and "maker note" in edit.warnings[0]


@orders
@pytest.mark.parametrize(("header", "base"), HEADERS.values(), ids=HEADERS.keys())
def test_a_maker_note_that_stays_in_the_block_does_not_stop_growth(header: bytes, base: str, order: str) -> None:
    image = maker_note(header, order, base, "number").removesuffix(PREVIEW) + b"something else"
    assert exif_judge.date_and_offset(edited(image)) == (SHOWN, "+02:00")
