"""What a file is decides, not its name: pointers, pages and halves of pictures are never published as pictures."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from galleria_action.errors import GalleryInvalid
from galleria_action.gallery.local import formats
from galleria_action.gallery.local.content import Content, look_at, of_named_type, pointer_problem
from galleria_action.gallery.local.examine import examine, examine_all, oddities
from galleria_action.gallery.local.files import LocalFile
from galleria_action.gallery.local.formats import FORMATS, HEAD_BYTES, Format, format_of
from galleria_action.gallery.local.stamp import stamp_of
from galleria_action.gallery.media import _IMAGES, _VIDEOS, is_photo_or_video
from tests.builders import photo_bytes

from .conftest import real_photos

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 12345\n" % 7
ANNEX = b"/annex/objects/SHA256E-s1048576--%064d.jpg\n" % 7
DVC = b"outs:\n- md5: a304afb96060aad90176268345e10355\n  size: 37891850\n  hash: md5\n  path: IMG_1.jpg\n"


def seen(key: str, body: bytes) -> Content:
    return look_at(key, len(body), lambda at, length: body[max(at, 0) : max(at, 0) + length])


def drawn(kind: str, size: int = 64, **how: object) -> bytes:
    out = io.BytesIO()
    picture = Image.effect_noise((size, size), 80).convert("RGB")
    picture.save(out, kind, **how)
    return out.getvalue()


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def video(brand: bytes = b"mp42") -> bytes:
    return box(b"ftyp", brand + bytes(8)) + box(b"moov", box(b"mvhd", bytes(100))) + box(b"mdat", b"frames" * 50)


def matroska(size: int = 500) -> bytes:
    segment = b"\x18\x53\x80\x67" + b"\x08" + size.to_bytes(4, "big")
    return b"\x1a\x45\xdf\xa3\x93" + bytes(19) + segment + bytes(size)


WHOLE: dict[str, tuple[bytes, Format]] = {
    "a.jpg": (photo_bytes(1), formats.JPEG),
    "progressive.jpeg": (drawn("JPEG", progressive=True), formats.JPEG),
    "large.jpg": (drawn("JPEG", 700, quality=98), formats.JPEG),
    "a.png": (drawn("PNG"), formats.PNG),
    "a.gif": (drawn("GIF"), formats.GIF),
    "a.webp": (drawn("WEBP"), formats.WEBP),
    "a.avif": (box(b"ftyp", b"avif" + bytes(8)) + box(b"meta", bytes(40)) + box(b"mdat", bytes(99)), formats.AVIF),
    "small.avif": (box(b"ftyp", b"avif" + bytes(8)) + box(b"meta", bytes(40) + box(b"idat", bytes(99))), formats.AVIF),
    "a.heic": (box(b"ftyp", b"heic" + bytes(8)) + box(b"meta", bytes(40)) + box(b"mdat", bytes(99)), formats.HEIF),
    "a.tif": (drawn("TIFF"), formats.TIFF),
    "a.bmp": (drawn("BMP"), formats.BMP),
    "a.mp4": (video(), formats.MP4),
    "a.mov": (video(b"qt  "), formats.MP4),
    "unheard-of.mp4": (video(b"????"), formats.MP4),
    "a.mkv": (matroska(), formats.MATROSKA),
}
each_whole = pytest.mark.parametrize(("key", "body", "form"), [(k, *v) for k, v in WHOLE.items()], ids=WHOLE.keys())


@each_whole
def test_pictures_and_videos_are_known_by_their_first_bytes(key: str, body: bytes, form: Format) -> None:
    assert seen(key, body) == Content(form)
    assert seen(key.upper(), body) == Content(form)


@each_whole
@pytest.mark.parametrize("part", [0.3, 0.5, 0.97])
def test_a_file_that_is_cut_is_refused(key: str, body: bytes, form: Format, part: float) -> None:
    problem = seen(key, body[: int(len(body) * part)]).problem
    assert problem is not None and "cut off" in problem and form.name in problem


@each_whole
def test_padding_and_trailers_behind_a_whole_file_are_no_cut(key: str, body: bytes, form: Format) -> None:
    assert seen(key, body + bytes(5000)).problem is None
    assert seen(key, body + b"trailer").problem is None


def test_a_thumbnail_that_ends_does_not_make_a_cut_photo_whole() -> None:
    body = photo_bytes(1)
    thumbnail = b"\xff\xd8thumb\xff\xd9"
    exif = b"Exif\0\0" + thumbnail
    body = body[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + body[2:]
    assert seen("a.jpg", body).problem is None
    assert "cut off" in str(seen("a.jpg", body[: len(body) // 2]).problem)


@pytest.mark.parametrize(
    "body", [b"\xff\xd8\xff\xd9", b"\xff\xd8\xff\xd9name", b"\xff\xd8\xff\xdb\0\4ab\xff\xda\0\2x\xff\xd9"]
)
def test_the_smallest_jpegs_are_whole(body: bytes) -> None:
    assert seen("a.jpg", body).problem is None


GIT_CRYPT = b"\0GITCRYPT\0" + bytes(range(256)) * 40
POINTERS = {
    "Git LFS": LFS, "lfs: true": LFS, "git-annex": ANNEX, "git annex get": ANNEX, "DVC": DVC, "dvc pull": DVC,
    "git-crypt unlock": GIT_CRYPT, "encrypted by git-crypt": GIT_CRYPT[:99],
}  # fmt: skip


@pytest.mark.parametrize(("word", "body"), POINTERS.items())
@pytest.mark.parametrize("key", ["photos/full/a.jpg", "index.html", "fonts/a.woff2", "video.mp4"])
def test_pointers_to_files_that_were_not_fetched_are_named_with_their_remedy(key: str, word: str, body: bytes) -> None:
    problem = seen(key, body).problem
    assert problem is not None and word in problem


NOT_PICTURES = {
    "is empty": b"",
    "is an HTML page": b"\n<!DOCTYPE html><html><h1>404 Not Found",
    "is XML": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "is a symbolic link that was checked out as text": b"../../originals/IMG_1.jpg",
    "is encrypted": b"age-encryption.org/v1\n-> X25519 abc\n",
    "is encrypted, not a picture": b"Salted__" + bytes(range(200)),
    "is text": b'{"message": "Not Found"}\n',
    "holds only zeros": bytes(5000),
    "of a kind that is known": b"\x01\x02\x03\x04\x05",
}


@pytest.mark.parametrize(("words", "body"), NOT_PICTURES.items())
@pytest.mark.parametrize("key", ["photos/web/a.jpg", "a.WEBP", "a.mov", "a.nef"])
def test_what_is_not_a_picture_is_named_for_what_it_is(key: str, words: str, body: bytes) -> None:
    problem = seen(key, body).problem
    assert problem is not None and words in problem


@pytest.mark.parametrize("body", [b for b in NOT_PICTURES.values() if b != LFS])
@pytest.mark.parametrize("key", ["index.html", "data.json", "robots.txt", "CNAME"])
def test_other_files_of_a_site_may_hold_anything(key: str, body: bytes) -> None:
    assert seen(key, body) == Content()


def test_a_large_file_that_begins_like_a_pointer_is_none() -> None:
    assert pointer_problem(LFS[:HEAD_BYTES], 5000) is None
    assert seen("notes.txt", LFS + b"x" * 5000).problem is None


def test_another_format_than_the_name_says_is_worth_a_word() -> None:
    assert seen("a.jpg", WHOLE["a.webp"][0]).oddity == "holds WebP, though its key ends in .jpg"
    assert seen("stereo.mpo", WHOLE["a.jpg"][0]).oddity is None
    assert of_named_type("a.webp", WHOLE["a.webp"][0]) and not of_named_type("a.jpg", WHOLE["a.webp"][0])


def test_every_extension_that_is_published_as_a_photo_has_a_format() -> None:
    known = frozenset(extension for form in FORMATS for extension in form.extensions)
    assert known == _IMAGES.keys() | _VIDEOS.keys()


@given(st.binary(max_size=600), st.sampled_from(["a.jpg", "a.mp4", "index.html", *WHOLE]))
def test_any_bytes_are_judged_without_an_exception(body: bytes, key: str) -> None:
    for start in (b"", *(whole[:40] for whole, _ in WHOLE.values())):
        content = seen(key, start + body)
        assert content.problem is None or content.problem.isprintable()
        assert not is_photo_or_video(key) or content.problem or content.format


@given(st.sampled_from(list(WHOLE.values())), st.data())
def test_no_length_makes_a_whole_file_of_a_part(entry: tuple[bytes, Format], data: st.DataObject) -> None:
    body, form = entry
    part = body[: data.draw(st.integers(40, max(40, len(body) - 40)))]
    assert format_of(part) is form
    assert seen("a." + min(form.extensions), part).problem


@pytest.mark.parametrize("path", real_photos("Real photos") or [None], ids=lambda path: path.name if path else "none")
def test_real_photos_are_whole(path: Path | None) -> None:
    if path is None:
        pytest.skip("no real photos")
    body = path.read_bytes()
    assert seen(path.name, body).problem is None
    if body.rstrip(b"\0").endswith(b"\xff\xd9") and body.count(b"\xff\xd8\xff") <= 2:
        assert seen(path.name, body[: len(body) // 2]).problem


# -- files ---------------------------------------------------------------------------------------------------------


def local(path: Path, key: str = "") -> LocalFile:
    status = path.stat()
    return LocalFile(key or path.name, str(path), status.st_size, None, stamp_of(status))


def test_each_file_is_hashed_or_only_looked_at(tmp_path: Path) -> None:
    small, large = tmp_path / "a.jpg", tmp_path / "b.jpg"
    small.write_bytes(photo_bytes(1))
    large.write_bytes(photo_bytes(1) + bytes(3_000_000))
    for path in (small, large):
        hashed, looked = examine(local(path), hashed=True), examine(local(path), hashed=False)
        assert len(hashed.sha256) == 64 and looked.sha256 == ""
        assert hashed.content == looked.content == Content(formats.JPEG)


def test_everything_that_cannot_be_published_is_told_in_one_run(tmp_path: Path) -> None:
    found = []
    for number in range(40):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(LFS if number % 2 else photo_bytes(number))
        found.append(local(path, f"photos/full/{number}.jpg"))
    (tmp_path / "0.jpg").unlink()
    with pytest.raises(GalleryInvalid, match=r"^21 local files cannot be published") as refused:
        examine_all(found, lambda _: True)
    vanished, pointers = sorted(refused.value.findings, key=lambda finding: "Git LFS" in finding.message)
    assert "vanished" in vanished.message
    assert pointers.message.startswith("each file of photos/full/1.jpg (1.jpg), photos/full/3.jpg")
    assert "and 15 more is a Git LFS pointer" in pointers.message


def test_files_of_any_size_are_examined_in_order(tmp_path: Path) -> None:
    found = []
    for number in range(30):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(photo_bytes(number) + bytes(number * 20_000))
        found.append(local(path))
    examined = examine_all(found, lambda file: file.key != "3.jpg")
    assert [entry.file for entry in examined] == found
    assert [entry.sha256 == "" for entry in examined] == [file.key == "3.jpg" for file in found]
    assert oddities(examined) == []


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(photo_bytes(1) + bytes(size))
    found = local(path)
    path.write_bytes(photo_bytes(1))
    with pytest.raises(GalleryInvalid, match="changed its size"):
        examine(found, hashed=True)
