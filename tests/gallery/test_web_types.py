"""As what files are delivered to browsers."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.gallery.local.web_types import BEGINNING, WebType, needs_a_look, web_type

HTML = "text/html; charset=utf-8"
JS = "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("index.html", WebType(HTML)),
        ("feed.xsl", WebType("application/xslt+xml; charset=utf-8")),
        ("data.yaml", WebType("application/yaml")),
        ("data.yml", WebType("application/yaml")),
        ("subtitles.srt", WebType("application/x-subrip")),
        ("clip/1.m4s", WebType("video/iso.segment")),
        ("model.glb", WebType("model/gltf-binary")),
        ("logo.svgz", WebType("image/svg+xml; charset=utf-8", "gzip")),
        ("LOGO.SVGZ", WebType("image/svg+xml; charset=utf-8", "gzip")),
        ("app.js.gz", WebType(JS, "gzip")),
        ("app.JS.GZ", WebType(JS, "gzip")),
        ("app.js.br", WebType(JS, "br")),
        ("app.js.zst", WebType(JS, "zstd")),
        ("Build/game.wasm.br", WebType("application/wasm", "br")),
        ("Build/game.data.gz", WebType("application/octet-stream", "gzip")),
        ("Build/game.framework.js.gz", WebType(JS, "gzip")),
        ("page.html.gz", WebType(HTML, "gzip")),
        ("backup.tar.gz", WebType("application/gzip")),
        ("data.csv.gz", WebType("application/gzip")),
        ("photos.gz", WebType("application/gzip")),
        ("js.gz", WebType("application/gzip")),
        (".svgz", WebType("application/octet-stream")),
        ("photo.jpg", WebType("image/jpeg")),
        ("apple-app-site-association", WebType("application/json")),
        (".well-known/apple-app-site-association", WebType("application/json")),
        (".well-known/assetlinks.json", WebType("application/json")),
        (".well-known/matrix/server", WebType("application/json")),
        (".well-known/host-meta", WebType("application/xrd+xml")),
        (".well-known/security.txt", WebType("text/plain; charset=utf-8")),
        ("deep/.well-known/matrix/server", WebType("application/octet-stream")),
        ("docs/apple-app-site-association", WebType("application/octet-stream")),
        ("nodeinfo", WebType("application/octet-stream")),
        ("LICENSE", WebType("application/octet-stream")),
        ("a.unheard-of", WebType("application/octet-stream")),
    ],
)
def test_by_name(key: str, expected: WebType) -> None:
    assert web_type(key) == expected


@pytest.mark.parametrize(
    "beginning",
    [
        b"<!doctype html><title>x</title>",
        b"<!DOCTYPE HTML PUBLIC",
        b"\xef\xbb\xbf<html lang=de>",
        b" \n\t<!-- made by x --> <html>",
        b"<!--a--><!--b-->\n<body>",
        b"<head>",
    ],
)
def test_pages_without_an_extension(beginning: bytes) -> None:
    assert needs_a_look("about")
    assert web_type("about", beginning) == WebType(HTML)
    assert web_type("photos/full/a.jpg", beginning) == WebType("image/jpeg"), "a name that tells is believed"


@pytest.mark.parametrize("beginning", [b"", b"{}", b"<htmlx>", b"<svg>", b"\x00<html>", b"text <html>", b"<header>"])
def test_what_is_not_a_page(beginning: bytes) -> None:
    assert web_type("about", beginning) == WebType("application/octet-stream")


@pytest.mark.parametrize(
    ("key", "wanted"),
    [("about", True), ("a/b/about", True), (".hidden", True), ("a.html", False), ("a.b/about", True), ("x.", False),
     (".well-known/matrix/server", False), (".well-known/apple-app-site-association", False)],
)  # fmt: skip
def test_who_is_looked_into(key: str, wanted: bool) -> None:
    assert needs_a_look(key) is wanted


@given(st.text(max_size=60), st.binary(max_size=BEGINNING))
def test_any_name_and_content(key: str, beginning: bytes) -> None:
    found = web_type(key, beginning)
    assert found.content_type.isascii()
    assert found.encoding in (None, "gzip", "br", "zstd")


@pytest.mark.parametrize("piece", [b" ", b"\n", b"<!--", b"<!-- -->", b"<", b"<!doctype "])
def test_looking_takes_no_time(piece: bytes) -> None:
    began = time.process_time()
    for _ in range(100):
        web_type("about", (piece * BEGINNING)[:BEGINNING])
    assert time.process_time() - began < 1
