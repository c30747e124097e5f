"""What a picture tells of people: names and serial numbers in EXIF, XMP and IPTC, and paths."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.gallery.telling import tells_of_people
from tests.gallery.conftest import PHOTOS

_PIXELS = b"\xff\xda\0\x02\xff\xd9"


def exif(entries: dict[int, bytes]) -> bytes:
    """A little-endian block with these texts in its main directory."""
    at, values, records = 8 + 2 + 12 * len(entries) + 4, b"", b""
    for tag, text in sorted(entries.items()):
        place = struct.pack("<I", at + len(values)) if len(text) > 4 else text.ljust(4, b"\0")
        records += struct.pack("<HHI", tag, 2, len(text)) + place
        values += text if len(text) > 4 else b""
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + records + b"\0\0\0\0" + values


def photo(*segments: tuple[int, bytes]) -> bytes:
    parts = (b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body for marker, body in segments)
    return b"\xff\xd8" + b"".join(parts) + _PIXELS


def with_xmp(text: str) -> bytes:
    return photo((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + text.encode()))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (photo(), ()),
        (photo((0xE1, b"Exif\0\0" + exif({0xA431: b"0123456789\0", 0xA435: b"9\0", 0x010F: b"Maker\0\0"}))),
         ("BodySerialNumber", "LensSerialNumber")),
        (photo((0xE1, b"Exif\0\0" + exif({0x013B: b"Jane Doe\0", 0xA430: b"      \0", 0x013C: b"janes-mac\0"}))),
         ("Artist", "HostComputer")),
        (b"RIFF\0\0\0\0WEBPVP8X" + b"EXIF\0\0\0\0" + exif({0x013B: b"Jane Doe\0"}), ("Artist",)),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0eXIf" + exif({0x9C9D: b"J\0a\0n\0e\0"}), ("XPAuthor",)),
        (with_xmp('<x aux:SerialNumber="123" aux:LensSerialNumber="" exif:Flash="1"/>'), ("SerialNumber",)),
        (with_xmp("<aux:OwnerName>Jane</aux:OwnerName><x:y/>"), ("OwnerName",)),
        (with_xmp("<dc:creator>\n <rdf:Seq>\n  <rdf:li>Jane</rdf:li>\n </rdf:Seq>\n</dc:creator>\n<x/>"), ("creator",)),
        (with_xmp("<dc:creator>\n <rdf:Seq>\n  <rdf:li></rdf:li>\n </rdf:Seq>\n</dc:creator>\n<x/>"), ()),
        (with_xmp('<a stRef:filePath="/Users/jane/a.raw"/>'), ("filePath", "a path")),
        (photo((0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0d\x1c\x02\x50\0\x08Jane Doe")), ("By-line",)),
        (photo((0xED, b"\x1c\x02\x50\0\x08Jane Doe")), ()),
        (photo((0xFE, b"C:\\Users\\jane\\raw\\a.nef")), ("a path",)),
        (photo() + b"C:\\Users\\jane\\raw\\a.nef", ()),
        (b"", ()), (b"Exif\0\0II*\0", ()), (b"\xff\xd8\xff", ()),
    ],
)  # fmt: skip
def test_what_tells_of_people(data: bytes, expected: tuple[str, ...]):
    assert tells_of_people(data) == expected


def test_a_file_that_is_cut_still_tells():
    data = photo((0xE1, b"Exif\0\0" + exif({0x013B: b"Jane Doe\0"})), (0xE2, b"x" * 60_000))
    assert tells_of_people(data[:40_000]) == ("Artist",)


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"Exif\0\0II*\0\x08\0\0\0", b"<aux:SerialNumber", b"8BIM\x04\x04"])
)
def test_any_bytes_are_read(data: bytes, beginning: bytes):
    assert isinstance(tells_of_people(beginning + data), tuple)


@pytest.mark.parametrize(
    "piece", [b"Exif\0\0II*\0", b":creator ", b":creator>  ", b"\x1c\x02\x50", b"/home/", b"C:\\Users\\a "]
)
def test_time_grows_with_the_size_alone(piece: bytes):
    tells_of_people(piece)
    seconds = []
    for size in (1 << 15, 1 << 18):
        began = time.process_time()
        tells_of_people(b"8BIM\x04\x04" + piece * (size // len(piece)))
        seconds.append(time.process_time() - began)
    assert seconds[1] < 8 * 6 * max(seconds[0], 0.002)


@pytest.mark.skipif(not PHOTOS.is_dir() or shutil.which("exiftool") is None, reason="no photos here, or no exiftool")
def test_as_exiftool_reads_it():
    """Of real photos, some of them damaged: the same fields of EXIF."""
    names = {"Artist": "Artist", "HostComputer": "HostComputer", "XPAuthor": "XPAuthor", "OwnerName": "CameraOwnerName",
             "SerialNumber": "BodySerialNumber", "LensSerialNumber": "LensSerialNumber"}  # fmt: skip
    files = sorted(it for it in PHOTOS.iterdir() if it.suffix.lower() in (".jpg", ".jpeg"))
    asked = [f"-{kind}:{name}" for kind in ("IFD0", "ExifIFD") for name in names]
    command = ["exiftool", "-j", "-G1", *asked, *map(str, files)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    told = {it.pop("SourceFile"): it for it in json.loads(done.stdout)}
    seen = 0
    for file in files:
        fields = {key.partition(":")[2]: str(value).strip() for key, value in told.get(str(file), {}).items()}
        expected = {names[name] for name, value in fields.items() if value}
        found = set(tells_of_people(file.read_bytes()[: 128 << 10])) & set(names.values())
        assert expected <= found, file.name
        seen += bool(expected)
    assert seen
