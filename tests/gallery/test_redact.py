"""The published metadata must not tell the world the photographer's folders, and must not change otherwise."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.errors import GalleryInvalid
from galleria_action.gallery.metadata.redact import last_part, redact_paths


def test_only_the_path_changes_and_all_else_keeps_its_bytes() -> None:
    before = (
        b'{ "photos" : [\n\t{"original_path": "/home/me/2024/a.jpg", "x": 1.50e3, "id":"\\u00e9"},'
        b'{"id": "2",  "original_path":"C:\\\\Users\\\\me\\\\b.jpg"} ],\n "unknown": {"original_path": "/keep/me"} }\n'
    )
    after = before.replace(b"/home/me/2024/a.jpg", b"a.jpg").replace(b"C:\\\\Users\\\\me\\\\b.jpg", b"b.jpg")
    assert redact_paths(before) == after


@pytest.mark.parametrize(
    "metadata",
    [
        b'{"photos": []}',
        b"{}",
        b"[]",
        b'{"photos": null}',
        b'{"photos": [{"original_path": "a.jpg"}]}',
        b'{"photos": [{"original_path": null}, 7, []]}',
        b'{"collection": {"original_path": "/a/b"}, "photos": [{"exif": {"original_path": "/a/b"}}]}',
    ],
)
def test_the_same_object_comes_back_when_there_is_nothing_to_redact(metadata: bytes) -> None:
    assert redact_paths(metadata) is metadata


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ("/a/b.jpg", "b.jpg"),
        ("a\\b.jpg", "b.jpg"),
        ("C:\\x/y\\z.jpg", "z.jpg"),
        ("/a/b/", "b"),
        ("/", ""),
        ("ü.jpg", "ü.jpg"),
        ("", ""),
    ],
)
def test_both_slashes_separate(path: str, last: str) -> None:
    assert last_part(path) == last


def test_a_byte_order_mark_and_non_ascii_names_are_kept_as_they_are_written() -> None:
    plain = '\ufeff{"photos": [{"original_path": "/geheim/Müller.jpg"}]}'.encode()
    assert redact_paths(plain) == '\ufeff{"photos": [{"original_path": "Müller.jpg"}]}'.encode()
    escaped = rb'{"photos": [{"original_path": "\/secret\u002fM\u00fcller.jpg"}]}'
    assert redact_paths(escaped) == rb'{"photos": [{"original_path": "M\u00fcller.jpg"}]}'


@pytest.mark.parametrize("broken", [b"", b"{", b"\xff{}", b'{"photos": [}', b"[" * 100_000])
def test_what_cannot_be_read_is_refused_for_humans(broken: bytes) -> None:
    with pytest.raises(GalleryInvalid):
        redact_paths(broken)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_photo = st.dictionaries(st.sampled_from(["id", "original_path", "exif"]), _json | st.text("a/\\é\ud800", max_size=8))


@given(
    photos=st.lists(_photo | _json, max_size=4),
    indent=st.sampled_from([None, 1, "\t"]),
    escape=st.booleans(),
    rest=_json,
)
def test_any_document_stays_equal_but_for_the_paths(
    photos: list[object], indent: int | str | None, escape: bool, rest: object
) -> None:
    document = {"a": rest, "photos": photos, "z": rest}
    metadata = json.dumps(document, indent=indent, ensure_ascii=escape).encode(errors="replace")
    expected = json.loads(metadata)
    for photo in expected["photos"]:
        if isinstance(photo, dict) and isinstance(photo.get("original_path"), str):
            photo["original_path"] = last_part(photo["original_path"])
    redacted = redact_paths(metadata)
    assert json.loads(redacted) == expected
    assert redact_paths(redacted) is redacted
