import mimetypes

import pytest

from galleria_action.gallery.media import _TYPES, is_page, is_photo_or_video, media_type


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("photos/full/a.jpg", "image/jpeg"),
        ("A.JPEG", "image/jpeg"),
        ("a.webp", "image/webp"),
        ("a.avif", "image/avif"),
        ("a.jxl", "image/jxl"),
        ("a.heic", "image/heic"),
        ("a.heif", "image/heif"),
        ("a.dng", "image/x-adobe-dng"),
        ("a.mp4", "video/mp4"),
        ("a.mov", "video/quicktime"),
        ("a.webm", "video/webm"),
        ("index.html", "text/html; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.svg", "image/svg+xml; charset=utf-8"),
        ("a.min.js.map", "application/json"),
        ("site.webmanifest", "application/manifest+json"),
        ("a.wasm", "application/wasm"),
        ("a.woff2", "font/woff2"),
        ("gallery-metadata.json", "application/json"),
        ("sitemap.xml", "application/xml; charset=utf-8"),
        ("robots.txt", "text/plain; charset=utf-8"),
        ("README", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
        ("folder.jpg/file", "application/octet-stream"),
        ("folder/.jpg", "application/octet-stream"),
    ],
)
def test_media_types(key: str, expected: str) -> None:
    assert media_type(key) == expected


def test_media_types_do_not_depend_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mimetypes, "guess_type", lambda *_: ("text/wrong", None))
    assert media_type("a.jpg") == "image/jpeg"


def test_every_media_type_is_a_header_value() -> None:
    for extension, value in _TYPES.items():
        assert extension == extension.lower()
        assert value.isascii()
        assert value.partition(";")[0].count("/") == 1


def test_pages() -> None:
    assert is_page("index.html")
    assert is_page("a/B.HTM")
    assert not is_page("html")
    assert not is_page("a.jpg")


def test_photos_and_videos() -> None:
    assert is_photo_or_video("a/b.JPG")
    assert is_photo_or_video("a.mov")
    assert not is_photo_or_video("a.json")
    assert not is_photo_or_video("a.svg")
