"""The time edit, rule by rule, on photos built for it; ``exif_judge`` says what else changed."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import UTC, datetime

import piexif
import pytest

from galleria_action.errors import GalleryInvalid
from galleria_action.gallery import exif, jpeg
from galleria_action.gallery.exif import ExifEdit, Outcome, edit_exif, modify_exif_in_memory
from galleria_action.gallery.exif_times import TimesWritten, write_times
from galleria_action.gallery.tiff import Tiff

from . import exif_judge
from .exif_photos import (
    ASCII,
    BYTE,
    DATE_TIME,
    DIGITIZED,
    DTO,
    GPS,
    INTEROP,
    JFIF,
    LONG,
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

WHEN = "2024-08-12T14:03:22"
SHOWN = "2024:08:12 14:03:22"
EXIF = Block().exif or {}
WITH_OFFSET = {**EXIF, OTO: (ASCII, OLD_OFFSET)}
orders = pytest.mark.parametrize("order", ["<", ">"])


def edited(image: bytes, timestamp: str | None = WHEN, offset: int = 2) -> bytes:
    """``image`` after an edit that must succeed, change nothing else and be final."""
    edit = edit_exif(image, timestamp, offset)
    assert (edit.outcome, edit.changed) == (Outcome.EDITED, True), edit.warnings
    return checked(image, edit, timestamp, offset)


def checked(image: bytes, edit: ExifEdit, timestamp: str | None = WHEN, offset: int = 2) -> bytes:
    data = bytes(edit.data)
    assert exif_judge.differences(image, data) == []
    again = edit_exif(data, timestamp, offset)
    assert again.data is data and not again.changed
    return data


def untouched(image: bytes, outcome: Outcome, timestamp: str | None = WHEN, offset: int = 2) -> tuple[str, ...]:
    """The warnings of an edit that must hand back the very same object."""
    edit = edit_exif(image, timestamp, offset)
    assert edit.data is image and not edit.changed
    assert edit.outcome is outcome
    return edit.warnings


@orders
def test_values_with_room_are_overwritten_in_place(order: str) -> None:
    image = with_block(Block(order, exif=WITH_OFFSET, gps=GPS, interop=INTEROP, thumbnail=b"\xff\xd8thumb\xff\xd9"))
    result = edited(image)
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00")
    assert len(result) == len(image)
    assert sum(a != b for a, b in zip(image, result, strict=True)) <= len(SHOWN) + len("+02:00")


@orders
@pytest.mark.parametrize("odd", [b"", b"x"])
def test_a_missing_offset_is_appended_and_nothing_moves(order: str, odd: bytes) -> None:
    block = Block(order, gps=GPS, interop=INTEROP, thumbnail=b"\xff\xd8thumb\xff\xd9", tail=odd)
    image = with_block(block, jfif=True, trailer=b"trailer")
    result = edited(image)
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00")
    fields = exif_judge.read(result).fields
    assert [tag for path, tag, _ in fields if path == "IFD0/Exif"] == sorted([*EXIF, OTO, 0xA005])
    assert piexif.load(result)["Exif"][piexif.ExifIFD.MakerNote] == EXIF[MAKER_NOTE][1]


@orders
def test_a_missing_date_is_appended(order: str) -> None:
    without_date = {tag: entry for tag, entry in EXIF.items() if tag != DTO}
    result = edited(with_block(Block(order, exif=without_date)))
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00")


@orders
def test_a_block_without_exif_directory_gets_one(order: str) -> None:
    result = edited(with_block(Block(order, exif=None, gps=GPS, thumbnail=b"\xff\xd8thumb\xff\xd9")))
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00")
    assert exif_judge.value(result, 0x9000) == "0231"


def test_a_block_without_any_entry_gets_a_directory() -> None:
    result = edited(with_block(b"II*\0\x08\0\0\0" + bytes(8)))
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00")


@pytest.mark.parametrize("before", [[], [segment(0xE0, JFIF)], [segment(0xE0, JFIF), segment(0xE0, b"JFXX\0\x10abc")]])
@pytest.mark.parametrize("offset", [2, 13])
def test_a_photo_without_exif_gets_a_small_block_behind_jfif(before: list[bytes], offset: int) -> None:
    later = segment(0xE2, b"ICC_PROFILE\0\1\1...")
    image = photo(*before, later)
    result = edited(image, offset=offset)
    start = 2 + sum(map(len, before))
    assert exif_judge.exif_span(result) == (start, start + len(result) - len(image))
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00" if offset == 2 else None)
    assert len(result) - len(image) <= 106
    assert piexif.load(result)["Exif"][piexif.ExifIFD.DateTimeOriginal] == SHOWN.encode()


@pytest.mark.parametrize(
    ("offset", "text"),
    [(hours, f"{'-' if hours < 0 else '+'}{abs(hours):02d}:00") for hours in [*range(-12, 13), 14]],
)
@pytest.mark.parametrize("exif", [EXIF, WITH_OFFSET])
def test_offsets_are_written_with_sign_and_two_digits(
    exif: dict[int, tuple[int, bytes]], offset: int, text: str
) -> None:
    assert exif_judge.date_and_offset(edited(with_block(Block(exif=exif)), offset=offset)) == (SHOWN, text)


@pytest.mark.parametrize("exif", [EXIF, WITH_OFFSET])
def test_offset_13_leaves_the_zone_alone(exif: dict[int, tuple[int, bytes]]) -> None:
    image = with_block(Block(exif=exif))
    result = edited(image, offset=13)
    assert exif_judge.date_and_offset(result) == (SHOWN, exif_judge.date_and_offset(image)[1])
    assert len(result) == len(image)


def test_nothing_asked_means_nothing_done_whatever_the_bytes() -> None:
    for image in (with_block(Block()), b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1broken"):
        assert untouched(image, Outcome.UNCHANGED, None, 13) == ()


def test_values_that_are_right_already_give_the_very_same_object() -> None:
    exif = {**EXIF, DTO: (ASCII, SHOWN.encode() + b"\0"), OTO: (ASCII, b"+02:00\0")}
    assert untouched(with_block(Block(exif=exif)), Outcome.UNCHANGED) == ()


def test_without_a_timestamp_only_the_zone_is_written() -> None:
    assert exif_judge.date_and_offset(edited(with_block(Block()), None)) == (OLD_DATE[:-1].decode(), "+02:00")


@pytest.mark.parametrize("blank", [b"0000:00:00 00:00:00\0", b"    :  :     :  :  \0", b" " * 19 + b"\0", b"\0" * 20])
def test_a_date_is_never_invented(blank: bytes) -> None:
    no_date = {tag: entry for tag, entry in EXIF.items() if tag != DTO}
    for image in (
        photo(),
        with_block(Block(exif=None)),
        with_block(Block(exif=no_date)),
        with_block(Block(exif={**EXIF, DTO: (ASCII, blank)})),
    ):
        (warning,) = untouched(image, Outcome.UNCHANGED, None)
        assert "no date" in warning


@pytest.mark.parametrize("blank", [b"   :  \0", b"      \0", b"\0" * 7])
def test_blank_values_are_overwritten_in_place(blank: bytes) -> None:
    image = with_block(Block(exif={**EXIF, DTO: (ASCII, b"    :  :     :  :  \0"), OTO: (ASCII, blank)}))
    result = edited(image)
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00")
    assert len(result) == len(image)


def test_a_value_with_more_room_than_it_needs_is_written_and_its_count_shortened() -> None:
    image = with_block(Block(exif={**EXIF, DTO: (ASCII, OLD_DATE + b"\0")}))
    result = edited(image, offset=13)
    field = exif_judge.read(result).fields["IFD0/Exif", DTO, 0]
    assert (field.kind, field.count, field.raw) == (ASCII, 20, SHOWN.encode() + b"\0")
    assert len(result) == len(image)


@pytest.mark.parametrize("value", [(ASCII, b"2001\0"), (ASCII, b"01\0"), (BYTE, b"2001:02:03"), (LONG, bytes(8))])
@pytest.mark.parametrize("offset", [2, 13])
def test_a_value_without_room_is_redirected_to_a_new_one(value: tuple[int, bytes], offset: int) -> None:
    result = edited(with_block(Block(exif={**EXIF, DTO: value})), offset=offset)
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00" if offset == 2 else None)
    assert exif_judge.read(result).fields["IFD0/Exif", DTO, 0].kind == ASCII


def test_the_wrong_type_with_room_becomes_text() -> None:
    result = edited(with_block(Block(exif={**EXIF, DTO: (UNDEFINED, OLD_DATE)})), offset=13)
    field = exif_judge.read(result).fields["IFD0/Exif", DTO, 0]
    assert (field.kind, field.count) == (ASCII, 20)


@orders
@pytest.mark.parametrize("sharer", [DIGITIZED, DATE_TIME])
def test_a_value_that_another_tag_shares_is_not_overwritten(order: str, sharer: int) -> None:
    block = Block(order).build()
    (exif_at,) = struct.unpack_from(order + "I", block, record_at(block, order, 8, 0x8769) + 8)
    date_at = block[(at := record_at(block, order, exif_at, DTO) + 8) : at + 4]
    other = record_at(block, order, 8 if sharer == DATE_TIME else exif_at, sharer)
    image = with_block(patched(block, other + 8, date_at))
    result = edited(image)
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00")
    assert exif_judge.value(result, sharer, "IFD0" if sharer == DATE_TIME else "IFD0/Exif") == OLD_DATE[:-1].decode()


def test_a_date_that_overlaps_the_maker_note_is_not_overwritten() -> None:
    block = Block().build()
    (exif_at,) = struct.unpack_from(">I", block, record_at(block, ">", 8, 0x8769) + 8)
    (note_at,) = struct.unpack_from(">I", block, record_at(block, ">", exif_at, MAKER_NOTE) + 8)
    image = with_block(patched(block, record_at(block, ">", exif_at, DTO) + 8, struct.pack(">I", note_at + 4)))
    assert exif_judge.date_and_offset(edited(image)) == (SHOWN, "+02:00")


@orders
def test_a_second_date_in_the_main_directory_and_behind_the_thumbnail_is_corrected_too(order: str) -> None:
    image = with_block(
        Block(
            order,
            main={MAKE: (ASCII, b"Testcam\0"), DTO: (ASCII, OLD_DATE)},
            thumbnail=b"\xff\xd8thumb\xff\xd9",
            thumbnail_exif={DTO: (ASCII, OLD_DATE), DIGITIZED: (ASCII, OLD_DATE)},
        )
    )
    result = edited(image)
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00")
    assert exif_judge.value(result, DTO, "IFD0") == SHOWN
    assert exif_judge.value(result, DTO, "IFD1/Exif") == SHOWN
    assert exif_judge.value(result, OTO, "IFD0") is None
    assert exif_judge.value(result, OTO, "IFD1/Exif") is None


@orders
@pytest.mark.parametrize("exif", [None, {}])
def test_a_second_date_that_changes_its_type_keeps_it_in_a_copied_directory(
    order: str, exif: dict[int, tuple[int, bytes]] | None
) -> None:
    image = with_block(Block(order, main={DTO: (UNDEFINED, OLD_DATE + b"\0"), OTO: (BYTE, bytes(9))}, exif=exif))
    result = edited(image)
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00")
    assert exif_judge.value(result, DTO, "IFD0") == SHOWN
    assert exif_judge.value(result, OTO, "IFD0") == "+02:00"


def test_a_second_date_without_room_is_left_with_a_warning() -> None:
    image = with_block(Block(main={MAKE: (ASCII, b"Testcam\0"), DTO: (ASCII, b"2001\0")}))
    edit = edit_exif(image, WHEN, 2)
    assert edit.outcome is Outcome.INCOMPLETE
    assert "second DateTimeOriginal" in edit.warnings[0]
    assert exif_judge.date_and_offset(checked(image, edit)) == (SHOWN, "+02:00")


def test_one_directory_reached_from_both_sides_stays_consistent() -> None:
    block = Block(thumbnail_exif={DTO: (ASCII, OLD_DATE)}).build()
    exif_pointer = record_at(block, ">", 8, 0x8769) + 8
    (second,) = struct.unpack_from(">I", block, 8 + 2 + 12 * 3)
    both = patched(block, record_at(block, ">", second, 0x8769) + 8, block[exif_pointer : exif_pointer + 4])
    result = edited(with_block(both))
    assert exif_judge.date_and_offset(result) == (SHOWN, "+02:00")
    assert exif_judge.value(result, DTO, "IFD1/Exif") == SHOWN


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


def test_outcomes_that_fell_short_are_marked_as_failed() -> None:
    assert [outcome for outcome in Outcome if outcome.failed] == [
        Outcome.INCOMPLETE,
        Outcome.UNSUPPORTED,
        Outcome.CORRUPT,
    ]


@pytest.mark.parametrize(
    "timestamp",
    [
        "2024-08-12T14:03:22.987",
        "2024-08-12 14:03:22",
        "2024-08-12T14:03:22Z",
        "2024-08-12T14:03:22.5+05:30",
        "2024-08-12T14:03:22-0700",
        datetime(2024, 8, 12, 14, 3, 22, 999, tzinfo=UTC),
    ],
)
def test_fractions_and_zones_of_a_timestamp_are_read_over(timestamp: str | datetime) -> None:
    edit = edit_exif(with_block(Block()), timestamp, 13)
    assert exif_judge.date_and_offset(bytes(edit.data)) == (SHOWN, None)


def test_early_years_keep_four_digits() -> None:
    assert exif_judge.date_and_offset(edited(photo(), "0033-04-03T15:00:00", 13))[0] == "0033:04:03 15:00:00"


@pytest.mark.parametrize(
    "timestamp",
    [
        "",
        "2024-08-12",
        "2024-13-01T00:00:00",
        "2024-02-30T00:00:00",
        "12.08.2024 14:03",
        "2024-08-12T14:03:22 ",
        "٢٠٢٤-08-12T14:03:22",
        "0000-01-01T00:00:00",
        5,
    ],
)
def test_a_timestamp_that_is_none_is_refused(timestamp: str) -> None:
    with pytest.raises(GalleryInvalid, match="not a date and time"):
        modify_exif_in_memory(photo(), timestamp, 2)


@pytest.mark.parametrize("offset", [-13, 15, 5.5, True, None, "2", float("nan"), float("inf")])
def test_an_offset_that_is_none_is_refused(offset: int) -> None:
    with pytest.raises(GalleryInvalid, match="time zone offset"):
        modify_exif_in_memory(photo(), WHEN, offset)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_any_bytes_like_image_will_do(kind: type) -> None:
    image = with_block(Block())
    given = kind(image)
    assert edit_exif(given, WHEN, 2).data == edited(image)
    assert given == image
    unchanged = edit_exif(kind(edited(image)), WHEN, 2)
    assert isinstance(unchanged.data, kind) and not unchanged.changed
    assert modify_exif_in_memory(kind(image), WHEN, 2) == modify_exif_in_memory(image, WHEN, 2)


def test_a_bytearray_can_be_resized_afterwards() -> None:
    image = bytearray(with_block(Block()))
    edit_exif(image, WHEN, 2)
    image += b"more"
