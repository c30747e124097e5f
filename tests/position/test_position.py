"""Where a file says where it was taken, and the same file without."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zlib
from hashlib import md5
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from galleria_action.gallery.position import head_tells_position, tells_position, without_position

from .files import (
    HOPELESS,
    LOCATED,
    SECRETS,
    SILENT,
    TELLING,
    chunk,
    extended_xmp,
    itxt,
    photoshop,
    png,
    resource,
    tiff,
)

telling = pytest.mark.parametrize("name", TELLING)


@telling
def test_a_position_goes_and_the_file_keeps_its_length(name: str) -> None:
    data = TELLING[name]
    clean = without_position(data)
    assert clean.told and not clean.left
    result = bytes(clean.data)
    assert len(result) == len(data) and result != data
    assert not any(secret in result for secret in SECRETS)
    again = without_position(result)
    assert again.data is result and not again.told and not again.left


@telling
def test_a_photo_with_a_position_is_counted(name: str) -> None:
    assert tells_position(TELLING[name])


@pytest.mark.parametrize("cut", [None, -1, 60_000])
@pytest.mark.parametrize("name", ["EXIF", "EXIF, the other byte order", "XMP", "XMP, a keyword"])
def test_the_beginning_of_a_jpeg_is_enough_to_count_it(name: str, cut: int | None) -> None:
    pixels = TELLING[name] + bytes(100_000)
    assert head_tells_position(pixels[:cut])


@pytest.mark.parametrize("name", [name for name in SILENT if SILENT[name][:2] == b"\xff\xd8"])
def test_the_beginning_of_a_jpeg_without_a_position_is_not_accused(name: str) -> None:
    assert not head_tells_position(SILENT[name])
    assert not head_tells_position(SILENT[name][:300])


@pytest.mark.parametrize("name", HOPELESS)
def test_what_cannot_be_taken_out_is_named(name: str) -> None:
    data = HOPELESS[name]
    clean = without_position(data)
    assert clean.left and clean.told
    assert all(text.startswith("a position was left in ") for text in clean.warnings)
    assert bytes(clean.data) == data


@pytest.mark.parametrize("name", SILENT)
def test_a_file_without_a_position_is_not_accused(name: str) -> None:
    data = SILENT[name]
    clean = without_position(data)
    assert not clean.told and not clean.left and not clean.warnings
    assert not tells_position(data)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_no_position_either(tmp_path: Path) -> None:
    """It is asked once for all: it takes longer to start than to read them. The file with a position proves that it
    finds what there is."""
    paths = {}
    for number, (name, data) in enumerate(TELLING.items()):
        paths[name] = tmp_path / f"{number}{'.jpg' if data[:2] == bytes([255, 216]) else ''}"
        paths[name].write_bytes(without_position(data).data)
    (located := tmp_path / "located.jpg").write_bytes(TELLING["EXIF"])
    asked = ["exiftool", "-j", "-a", "-G1", "-ee", "-GPSLatitude", "-GPSLongitude", "-GPSCoordinates", "-GPSPosition"]
    told = subprocess.run([*asked, *paths.values(), located], capture_output=True, check=False).stdout
    found = {one.pop("SourceFile"): one for one in json.loads(told)}
    assert found.pop(str(located))
    names = {str(path): name for name, path in paths.items()}
    assert {names[path]: one for path, one in found.items() if one} == {}


def test_a_png_keeps_its_pixels_and_its_checksums() -> None:
    for name, data in TELLING.items():
        if name.startswith("PNG"):
            image = Image.open(io.BytesIO(without_position(data).data))
            image.load()
            assert image.size == (1, 1), name


def test_packed_text_is_still_text_and_keeps_what_it_says_besides() -> None:
    result = bytes(without_position(png(itxt(LOCATED, packed=True))).data)
    at = result.index(b"XML:com.adobe.xmp\0") + len("XML:com.adobe.xmp") + 5
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(result[at:])
    assert unpacker.eof and b"<dc:title>A title</dc:title>" in text and b"GPS" not in text


def test_the_digest_of_extended_xmp_stays_true() -> None:
    result = bytes(without_position(extended_xmp(LOCATED)).data)
    clean = LOCATED.replace(b"exif:GPSLatitude='52,31.2N'", b" " * 27)
    start = clean.index(b"<exif:GPSLongitude>")
    clean = clean[:start] + clean[start:].replace(b"<exif:GPSLongitude>13,24.3E</exif:GPSLongitude>", b" " * 47)
    assert result.count(md5(clean, usedforsecurity=False).hexdigest().upper().encode()) == 3


def test_what_nobody_refers_to_any_more_is_found() -> None:
    """Editors leave old GPS directories behind when they write another."""
    block = tiff()
    at = block.index(b"\x88\x25")
    lost = block[:at] + b"\x88\x26" + block[at + 2 :]
    clean = without_position(photoshop(resource(0x0422, lost)))
    assert not clean.left and not any(secret in bytes(clean.data) for secret in SECRETS)


def test_pictures_in_pictures_without_end_are_named_not_followed() -> None:
    data = png(chunk(b"eXIf", tiff(None)))
    for _ in range(12):
        data = photoshop(resource(0x040C, bytes(28) + data[:20_000]))
    assert without_position(data).left


def test_a_file_that_ends_in_an_old_record_does_not_grow() -> None:
    whole = TELLING["TIFF"]
    for length in range(len(whole)):
        assert len(without_position(whole[:length]).data) == length


@given(st.sampled_from(sorted(TELLING)), st.data())
@settings(max_examples=300, deadline=None)
def test_damage_never_raises_and_the_last_look_is_final(name: str, draw: st.DataObject) -> None:
    data = bytearray(TELLING[name])
    for _ in range(draw.draw(st.integers(1, 5))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    damaged = bytes(data[: draw.draw(st.integers(0, len(data)))])
    clean = without_position(damaged)
    result = bytes(clean.data)
    assert len(result) == len(damaged)
    again = without_position(result)
    assert again.data is result or again.left or clean.left
    assert set(again.left) <= set(clean.left)
