"""What photos of every format say about themselves, and what hostile ones cannot do."""

from __future__ import annotations

import io
import struct
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from galleria_action.gallery.originals.facts import Exposure, read_facts
from galleria_action.gallery.originals.kinds import Kind, kind_of
from galleria_action.gallery.originals.moment import TimeSource, exif_moment, moment_in_name, xmp_moment
from galleria_action.gallery.originals.words import Words, XmpValues, clean, gather, read_iptc, read_xmp
from tests.gallery.exif_photos import ASCII, RATIONAL, SHORT, Block
from tests.studio.photos import HEIC, exif, packet, photo

CANON = {"make": "Canon", "model": "Canon EOS R5"}


@pytest.mark.parametrize("kind", [Kind.JPEG, Kind.PNG, Kind.WEBP, Kind.TIFF, Kind.AVIF])
def test_every_format_tells_time_camera_and_words(kind: Kind) -> None:
    block = exif("2024:06:15 14:30:45", "05", "+02:00", orientation=6, **CANON)
    xmp = packet(title=["A lake"], subject=["water", "evening"])
    facts = read_facts(kind, photo(kind, block, xmp))
    assert facts.moment is not None
    assert (str(facts.moment.local), facts.moment.fraction, facts.moment.zone) == (
        "2024-06-15 14:30:45",
        "05",
        "+02:00",
    )
    assert facts.moment.source is TimeSource.ORIGINAL
    assert (facts.make, facts.model) == ("Canon", "Canon EOS R5")
    assert facts.words.title == "A lake"
    assert facts.words.keywords == ("water", "evening")
    # Pillow turns an AVIF by its own means and takes the tag out
    assert facts.orientation == (1 if kind is Kind.AVIF else 6)


def test_heic_tells_them_too() -> None:
    assert kind_of(HEIC) is Kind.HEIC
    facts = read_facts(Kind.HEIC, HEIC)
    assert facts.moment is not None
    assert str(facts.moment.local) == "2024-06-15 14:30:45"
    assert (facts.model, facts.words.title) == ("iPhone 13 mini", "A lake")


def test_exposure_and_lens() -> None:
    rational = struct.Struct(">2I").pack
    block = Block(
        exif={
            0x829A: (RATIONAL, rational(10, 2500)),
            0x829D: (RATIONAL, rational(28, 10)),
            0x8827: (SHORT, struct.pack(">H", 400)),
            0x920A: (RATIONAL, rational(50, 1)),
            0xA434: (ASCII, b"RF50mm F1.8 STM\0rubbish"),
        }
    )
    facts = read_facts(Kind.TIFF, block.build())
    assert facts.exposure == Exposure("1/250", "2.8", "400", "50")
    assert facts.lens == "RF50mm F1.8 STM"


def test_an_exposure_divided_by_zero_is_not_told() -> None:
    block = Block(exif={0x829A: (RATIONAL, bytes(8)), 0x829D: (RATIONAL, struct.pack(">2I", 1, 0))})
    assert read_facts(Kind.TIFF, block.build()).exposure == Exposure()


class TestMoment:
    def test_fractions_are_decimal_digits_not_numbers(self) -> None:
        moments = [exif_moment("2024:06:15 14:30:45", f, "", TimeSource.ORIGINAL) for f in ("5", "05", "50", "499", "")]
        known = sorted((m for m in moments if m), key=lambda m: m.order)
        assert [m.fraction for m in known] == ["", "05", "499", "5", "50"]
        assert known[-1].order == known[-2].order

    @pytest.mark.parametrize(
        "date",
        ["0000:00:00 00:00:00", "    :  :     :  :  ", "", "2024:02:30 10:00:00", "2024:06:15 24:00:00", "2024:06:15",
         "1066:10:14 09:00:00", "9999:12:31 23:59:59", "Sat Jun 15 14:30:45 2024"],
    )  # fmt: skip
    def test_a_date_that_is_none_is_unknown(self, date: str) -> None:
        assert exif_moment(date, "", "", TimeSource.ORIGINAL) is None

    def test_the_next_source_is_asked(self) -> None:
        empty = "0000:00:00 00:00:00"
        digitized = read_facts(Kind.JPEG, photo(block=exif(empty, digitized="2020:01:02 03:04:05"))).moment
        assert digitized is not None and digitized.source is TimeSource.DIGITIZED
        xmp = packet('exif:DateTimeOriginal="2021-01-02T03:04:05.25+01:00"')
        by_xmp = read_facts(Kind.JPEG, photo(block=exif(empty), xmp=xmp)).moment
        assert by_xmp is not None
        assert (by_xmp.source, by_xmp.fraction, by_xmp.zone) == (TimeSource.XMP, "25", "+01:00")
        assert read_facts(Kind.JPEG, photo(block=exif(empty))).moment is None

    @pytest.mark.parametrize(
        "name",
        ["IMG_20240615_143045.jpg", "PXL_20240615_143045123.jpg", "2024-06-15 14.30.45.jpg", "20240615143045.jpg",
         "Screenshot_2024-06-15-14-30-45-77.png", "Photo 2024-06-15 at 14.30.45.jpeg", "signal-2024-06-15-143045.jpg"],
    )  # fmt: skip
    def test_times_in_names(self, name: str) -> None:
        moment = moment_in_name(name)
        assert moment is not None and not moment.source.of_the_camera
        assert str(moment.local) == "2024-06-15 14:30:45"

    @pytest.mark.parametrize(
        "name", ["IMG_1234.jpg", "20240615.jpg", "IMG-20240615-WA0001.jpg", "20241315_143045.jpg", "1718459445123.jpg"]
    )
    def test_names_that_tell_no_time(self, name: str) -> None:
        assert moment_in_name(name) is None

    @pytest.mark.parametrize(
        ("zone", "read"), [("+05:30", "+05:30"), ("+02:0", None), ("25:00", None), ("+19:00", None)]
    )
    def test_zones(self, zone: str, read: str | None) -> None:
        moment = exif_moment("2024:06:15 14:30:45", "", zone, TimeSource.ORIGINAL)
        assert moment is not None and moment.zone == read

    def test_xmp_without_a_time_or_calendar(self) -> None:
        assert xmp_moment("2024-06-15") is None
        assert xmp_moment("2024-06-31T10:00:00") is None
        assert xmp_moment("2024-06-15T10:00Z") is not None


class TestWords:
    def test_xmp_comes_before_iptc_and_that_before_exif(self) -> None:
        xmp, iptc, plain = XmpValues({"caption": ["x"]}), {"caption": ["i"], "title": ["it"]}, {"caption": "e"}
        assert gather(xmp, iptc, plain, "").caption == "x"
        assert gather(XmpValues(), iptc, plain, "") == Words(title="it", caption="i")
        assert gather(XmpValues(), {}, plain, "").caption == "e"

    @pytest.mark.parametrize(
        "text",
        ["OLYMPUS DIGITAL CAMERA", "SONY DSC", "DCIM\\100MEDIA\\DJI_0001.JPG", "SAMSUNG", "000015", "Exif_JPEG_PICTURE",
         "Canon EOS R5", "oznor", "default", "   "],
    )  # fmt: skip
    def test_what_cameras_say_is_not_a_caption(self, text: str) -> None:
        assert gather(XmpValues(), {}, {"caption": text}, "SAMSUNG Canon EOS R5 oznor").caption == ""

    def test_a_photographers_copyright_and_its_editor(self) -> None:
        block = Block(main={0x8298: (ASCII, b"Ansel \0 Vera\0"), 0x013B: (ASCII, "Zoë".encode("latin-1"))})
        words = read_facts(Kind.TIFF, block.build()).words
        assert (words.copyright, words.creator) == ("Ansel, Vera", "Zoë")

    def test_iptc_in_a_jpeg(self) -> None:
        def record(number: int, text: bytes) -> bytes:
            return b"\x1c\x02" + bytes([number]) + len(text).to_bytes(2, "big") + text

        records = record(5, b"Name") + record(120, "Größe".encode()) + record(25, b"one") + record(25, b"two")
        resource = b"8BIM" + struct.pack(">H", 0x0404) + b"\0\0" + struct.pack(">I", len(records)) + records
        other = b"8BIM" + struct.pack(">H", 0x03ED) + b"\x03abc" + struct.pack(">I", 3) + b"xyz\0"
        body = b"Photoshop 3.0\0" + other + resource
        plain = photo()
        data = plain[:2] + b"\xff\xed" + struct.pack(">H", len(body) + 2) + body + plain[2:]
        words = read_facts(Kind.JPEG, data).words
        assert (words.title, words.caption, words.keywords) == ("Name", "Größe", ("one", "two"))

    def test_texts_cannot_turn_or_break_a_page(self) -> None:
        assert clean("a\x00b\u202ec\ud800\ue000\x1b[31m\n\n d", 100) == "a bc [31m d"
        assert clean("one \n\n  two", 100, lines=True) == "one\ntwo"
        assert clean("x" * 50, 10) == "x" * 9 + "…"

    def test_packets_that_explode_are_not_read(self) -> None:
        bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + packet(title=["&b;"])
        assert read_xmp(bomb).values == {}
        deep = b"<a>" * 10_000
        assert read_xmp(deep).values == {}
        assert read_xmp(b"").values == {} == read_xmp(b"<not xml").values

    def test_extended_iptc_records_end_the_reading(self) -> None:
        assert read_iptc(b"\x1c\x02\x05\xff\xff" + b"x" * 99) == {}


class TestHostile:
    SAMPLES = {kind: photo(kind, exif("2024:06:15 14:30:45"), packet(title=["t"])) for kind in
               (Kind.JPEG, Kind.PNG, Kind.WEBP, Kind.TIFF, Kind.AVIF)} | {Kind.HEIC: HEIC}  # fmt: skip

    @given(st.sampled_from(list(Kind)), st.data())
    @settings(max_examples=300, deadline=None)
    def test_no_damage_raises(self, kind: Kind, data: st.DataObject) -> None:
        sample = bytearray(self.SAMPLES[kind])
        for _ in range(data.draw(st.integers(1, 6))):
            sample[data.draw(st.integers(0, min(len(sample), 1500) - 1))] = data.draw(st.integers(0, 255))
        cut = data.draw(st.integers(0, len(sample)))
        read_facts(kind, bytes(sample[:cut]))

    @given(st.sampled_from(list(Kind)), st.binary(max_size=400))
    @settings(max_examples=200, deadline=None)
    def test_no_rubbish_raises(self, kind: Kind, rubbish: bytes) -> None:
        read_facts(kind, rubbish)
        kind_of(rubbish)

    def test_time_is_bounded(self) -> None:
        chunk = struct.pack(">I4sI", 0, b"teXt", 0)
        png = b"\x89PNG\r\n\x1a\n" + chunk * 200_000
        packed = zlib.compress(bytes(40 << 20), 1)
        text = b"XML:com.adobe.xmp\0\1\0\0\0" + packed
        bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", len(text), b"iTXt") + text + bytes(4)
        boxes = b"\0\0\0\x14ftypheic\0\0\0\0heic" + struct.pack(">I4s", 8, b"free") * 200_000
        iptc = b"\x1c\x02\x19\0\1x" * 200_000
        started = time.monotonic()
        for kind, data in ((Kind.PNG, png), (Kind.PNG, bomb), (Kind.HEIC, boxes)):
            read_facts(kind, data)
        words = gather(XmpValues(), read_iptc(iptc), {}, "")
        assert len(words.keywords) <= 50
        clean("\u202e" * 10_000_000, 100)
        moment_in_name("2024" * 10_000)
        assert time.monotonic() - started < 5

    def test_a_tag_as_large_as_the_file_is_cut(self) -> None:
        image = Image.new("L", (4, 4))
        out = io.BytesIO()
        image.save(out, "TIFF", tiffinfo={0x010F: "M" * 5_000_000})
        assert len(read_facts(Kind.TIFF, out.getvalue()).make) <= 80
