"""The time edit, rule by rule, on photos built for it; ``exif_judge`` says what else changed."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta, timezone

import piexif
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.errors import GalleryInvalid
from galleria_action.gallery.exif.edit import Outcome, edit_exif, modify_exif_in_memory

from . import exif_judge
from .exif_expect import EXIF, SHOWN, WHEN, WITH_OFFSET, checked, edited, orders, untouched
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
    OTO,
    UNDEFINED,
    Block,
    patched,
    photo,
    record_at,
    segment,
    with_block,
)


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
        datetime(2024, 8, 12, 14, 3, 22, 999),
    ],
)
def test_fractions_of_a_second_are_read_over(timestamp: str | datetime) -> None:
    edit = edit_exif(with_block(Block()), timestamp, 13)
    assert exif_judge.date_and_offset(bytes(edit.data)) == (SHOWN, None)


@pytest.mark.parametrize("setting", [-3, 5, 13])
@pytest.mark.parametrize(
    ("timestamp", "zone"),
    [
        ("2024-08-12T14:03:22Z", "+00:00"),
        ("2024-08-12T14:03:22.5+05:30", "+05:30"),
        ("2024-08-12T14:03:22-0700", "-07:00"),
        ("2024-08-12T14:03:22-02:30", "-02:30"),
        ("2024-08-12T14:03:22+13:45", "+13:45"),
        ("2024-08-12T14:03:22-00:00", "+00:00"),
        (datetime(2024, 8, 12, 14, 3, 22, 999, tzinfo=UTC), "+00:00"),
        (datetime(2024, 8, 12, 14, 3, 22, tzinfo=timezone(-timedelta(hours=9, minutes=30))), "-09:30"),
    ],
)
def test_a_zone_in_the_timestamp_wins_over_the_setting(timestamp: str | datetime, zone: str, setting: int) -> None:
    for exif in (EXIF, WITH_OFFSET):
        edit = edit_exif(with_block(Block(exif=exif)), timestamp, setting)
        assert edit.outcome is Outcome.EDITED
        assert exif_judge.date_and_offset(bytes(edit.data)) == (SHOWN, zone)


@given(
    st.datetimes(datetime(1000, 1, 1)), st.sampled_from("T "), st.sampled_from(["minutes", "seconds", "microseconds"])
)
def test_a_timestamp_that_is_read_at_a_glance_is_the_same_moment(at: datetime, between: str, to: str) -> None:
    text = at.isoformat(between, to)
    whole = at.replace(second=0) if to == "minutes" else at
    assert edit_exif(photo(), text, 2).data == edit_exif(photo(), whole, 2).data


def test_a_timestamp_without_seconds_is_that_of_the_full_minute() -> None:
    edit = edit_exif(with_block(Block()), "2024-08-12T14:03", 2)
    assert exif_judge.date_and_offset(bytes(edit.data)) == ("2024:08:12 14:03:00", "+02:00")


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
        "2024-08-12T14:03:22+05",
        "2024-08-12T14:03:22+05:30:10",
        "2024-08-12T14:03:22+14:01",
        "2024-08-12T14:03:22-12:30",
        datetime(2024, 8, 12, tzinfo=timezone(timedelta(seconds=28))),
    ],
)
def test_a_timestamp_that_is_none_is_refused(timestamp: str) -> None:
    with pytest.raises(GalleryInvalid, match=r"not a date and time|no calendar has|no clock has|with seconds"):
        modify_exif_in_memory(photo(), timestamp, 2)


@pytest.mark.parametrize("offset", [-13, 15, 5.5, True, None, "2", float("nan"), float("inf"), 10**400])
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
    assert image.endswith(b"more")
