"""Any EXIF block, sound or mutated: no exception, and what is accepted is lossless and final."""

from __future__ import annotations

import re
import struct
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from galleria_action.gallery.exif.edit import ExifEdit, Outcome, edit_beginning, edit_exif

from . import exif_judge
from .exif_photos import ASCII, BYTE, DTO, GPS, INTEROP, LONG, OTO, SHORT, SIZES, UNDEFINED, Block, with_block

SHOWN = "2024:08:12 14:03:22"
#: values as cameras write them, blank, too short, too long and of the wrong type
_dates = st.sampled_from(
    [
        (ASCII, b"2001:02:03 04:05:06\0"),
        (ASCII, b"2001:02:03 04:05:06\0\0"),
        (ASCII, b"0000:00:00 00:00:00\0"),
        (ASCII, b"2001\0"),
        (UNDEFINED, b"2001:02:03 04:05:06\0"),
        (LONG, bytes(20)),
    ]
)
_offsets = st.sampled_from([(ASCII, b"+02:00\0"), (ASCII, b"   :  \0"), (ASCII, b"-1\0"), (BYTE, bytes(9))])
_sizes = st.sampled_from([BYTE, ASCII, SHORT, LONG, UNDEFINED])
_other = st.integers(1, 0xFFFF).filter(lambda tag: tag not in (0x0111, 0x0117, 0x0201, 0x0202, 0x8769, 0x8825, 0xA005))


@st.composite
def _values(draw: st.DrawFn) -> tuple[int, bytes]:
    kind = draw(_sizes)
    count = draw(st.integers(0, 12))
    return kind, draw(st.binary(min_size=SIZES[kind] * count, max_size=SIZES[kind] * count))


@st.composite
def _directories(draw: st.DrawFn) -> dict[int, tuple[int, bytes]]:
    directory = draw(st.dictionaries(_other, _values(), max_size=6))
    for tag, values in ((DTO, _dates), (OTO, _offsets)):
        directory.pop(tag, None)
        if draw(st.booleans()):
            directory[tag] = draw(values)
    return directory


_blocks = st.builds(
    Block,
    order=st.sampled_from("<>"),
    main=_directories(),
    exif=st.none() | _directories(),
    gps=st.none() | st.just(GPS),
    interop=st.none() | st.just(INTEROP),
    thumbnail=st.sampled_from([b"", b"\xff\xd8thumb\xff\xd9"]),
    thumbnail_exif=st.none() | _directories(),
    tail=st.sampled_from([b"", b"x", bytes(40), bytes(600)]),
)
_requests = st.tuples(
    st.sampled_from(["2024-08-12T14:03:22", None]), st.sampled_from([2, -11, 13]), st.booleans()
).filter(lambda request: request != (None, 13, False))


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    """A block with some numbers in it replaced: by small ones, by its own offsets, by absurd ones; perhaps cut."""
    built = bytearray(draw(_blocks).build())
    for _ in range(draw(st.integers(1, 4))):
        width, code = draw(st.sampled_from([(1, "B"), (2, "H"), (4, "I")]))
        at = draw(st.integers(0, len(built) - width))
        number = draw(
            st.integers(0, 30)
            | st.integers(0, len(built) + 2)
            | st.sampled_from([0x8769, 0x8825, 0xA005, DTO, OTO, 0x0201, 2**16 - 1, 2**31, 2**32 - 1])
        )
        struct.pack_into(draw(st.sampled_from("<>")) + code, built, at, number % 256**width)
    return bytes(built[: len(built) - draw(st.sampled_from([0, 0, 0, 1, 7, 30]))])


Request = tuple[str | None, int, bool]


def lossless_and_final(image: bytes, request: Request) -> ExifEdit:
    """Edit, and judge the result whatever the outcome is."""
    when, offset, strip_gps = request
    edit = edit_exif(image, when, offset, strip_gps=strip_gps)
    data = bytes(edit.data)
    beginning = edit_beginning(image, when, offset, strip_gps=strip_gps)
    assert bytes(beginning.data) + bytes(beginning.rest or b"") == data
    assert replace(beginning, data=edit.data, rest=None) == edit
    if not edit.changed:
        assert edit.data is image
        return edit
    again = edit_exif(data, when, offset, strip_gps=strip_gps)
    assert again.data is data and not again.changed
    complete = edit.outcome is Outcome.EDITED
    found = exif_judge.differences(image, data, gps_removed=strip_gps)
    # an edit that owns up to it may leave a position, or part of one; and a pointer whose directory shares bytes with
    # a value stays, and leads to nothing
    excused = "GPS|0x8825" if not strip_gps or (edit.position and edit.position.left) else "0x8825 is still there"
    assert [text for text in found if not strip_gps or not re.search(excused, text)] == []
    if complete and when:
        assert exif_judge.date_and_offset(data)[0] == SHOWN
    return edit


def sound_block_is_edited(block: Block, request: Request) -> None:
    edit = lossless_and_final(with_block(block), request)
    if edit.outcome is Outcome.INCOMPLETE:
        assert all(text.startswith(("a second", "its ")) for text in edit.about_time), edit.about_time
    else:
        assert edit.outcome in (Outcome.EDITED, Outcome.UNCHANGED)


@given(_blocks, _requests)
@settings(max_examples=100, deadline=None)
def test_sound_blocks_are_edited(block: Block, request: Request) -> None:
    sound_block_is_edited(block, request)


def _with_link_into_itself() -> bytes:
    """The main directory's link leads into its own records, of which one goes; what is said there leads nowhere."""
    main = {DTO: (ASCII, b"2001:02:03 04:05:06\0"), OTO: (ASCII, b"+02:00\0")}
    built = bytearray(Block(order="<", main=main, exif={}, gps=GPS).build())
    struct.pack_into("<I", built, 8 + 2 + 4 * 12, 19)
    return bytes(built)


@given(_mutated(), _requests)
@example(_with_link_into_itself(), ("2024-08-12T14:03:22", 2, True))
@settings(max_examples=120, deadline=None)
def test_mutated_blocks_are_edited_losslessly_or_left(block: bytes, request: Request) -> None:
    lossless_and_final(with_block(block), request)


@pytest.mark.slow
@given(_blocks, _requests)
@settings(max_examples=2_000, deadline=None)
def test_many_sound_blocks_are_edited(block: Block, request: Request) -> None:
    sound_block_is_edited(block, request)


@pytest.mark.slow
@given(_mutated(), _requests)
@settings(max_examples=8_000, deadline=None)
def test_many_mutated_blocks_are_edited_losslessly_or_left(block: bytes, request: Request) -> None:
    lossless_and_final(with_block(block), request)


@given(block=_blocks, cut=st.floats(0, 1), behind=st.integers(0, 3000))
def test_the_beginning_of_a_photo_is_edited_as_the_whole_is(block: Block, cut: float, behind: int):
    """Or it says that it cannot: then the whole is asked for."""
    photo = with_block(block.build()) + bytes(behind)
    whole = edit_exif(photo, "2024-08-12T14:03:22", 2)
    end = int(cut * len(photo))
    edit = edit_beginning(memoryview(photo)[:end], "2024-08-12T14:03:22", 2, beyond=len(photo) - end)
    if not edit.outcome.failed:
        assert b"".join((edit.data, edit.rest or b"", photo[end:])) == whole.data
        assert (edit.outcome, edit.changed, edit.about_time) == (whole.outcome, whole.changed, whole.about_time)
