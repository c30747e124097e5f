"""What is read in pieces is what is read whole, and nothing odd passes that way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.gallery.metadata import json_source, json_stream
from galleria_action.gallery.metadata.json_source import Unreadable, parse
from galleria_action.gallery.metadata.json_stream import Odd, read_in_pieces

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(-1e9, 1e9)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)


def read(raw: bytes) -> tuple[dict[str, Any], list[Any]]:
    items: list[Any] = []
    return read_in_pieces(raw, "photos", items.extend), items


def read_as_texts(raw: bytes) -> tuple[dict[str, Any], list[Any]]:
    """The same, where each array of up to two items is taken as the text that it is."""
    items: list[Any] = []

    def take(text: str) -> bool:
        try:
            source = parse(text.encode())
        except Unreadable:
            return False
        taken = not source.problems and len(source.document) <= 2
        items.extend(source.document if taken else [])
        return taken

    return read_in_pieces(raw, "photos", items.extend, take), items


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), VALUES, max_size=4),
    st.lists(VALUES, max_size=8),
    st.booleans(),
    st.sampled_from([None, 1, "\t"]),
    st.integers(1, 40),
)
def test_in_pieces_as_whole(fields: dict[str, Any], items: list[Any], ascii_only: bool, indent: Any, piece: int):
    raw = json.dumps({**fields, "photos": items, "z": 1}, ensure_ascii=ascii_only, indent=indent).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_PIECE", piece)
        try:
            document, found = read(raw)
        except Odd:  # something that is longer than a piece
            assert piece < len(raw)
            return
    assert {**document, "photos": found} == parse(raw).document


@settings(max_examples=50)
@given(
    st.lists(st.dictionaries(st.text("}{],[ ", max_size=6), VALUES, max_size=3) | VALUES, max_size=8),
    st.dictionaries(st.text("}{],[ ", max_size=6), VALUES, max_size=2),
    st.integers(0, 40),
    st.integers(1, 3),
)
def test_as_texts_as_whole(items: list[Any], fields: dict[str, Any], piece: int, together: int):
    raw = json.dumps({"photos": items, **fields}).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_AS_THEY_STAND", piece)
        patch.setattr(json_stream, "TOGETHER", together)
        document, found = read_as_texts(raw)
    assert {**document, "photos": found} == parse(raw).document


def test_what_is_longer_than_a_piece_is_left_to_the_other_reader():
    with pytest.raises(Odd):
        read(json.dumps({"photos": ["a" * (3 << 20)]}).encode())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"  ",
        b"[]",
        b"{",
        b'{"photos": [1,]}',
        b'{"photos": [1 2]}',
        b'{"photos": [1]',
        b'{"photos": [1]}}',
        b'{"photos": [1]} x',
        b'{"photos": [1],}',
        b'{"a" 1}',
        b"{1: 2}",
        b'{"a": 1, "a": 2}',
        b'{"photos": [], "photos": []}',
        b'{"photos": [{"a": 1, "a": 2}]}',
        b'{"photos": [NaN]}',
        b'{"photos": [1e999]}',
        b'{"a": Infinity}',
        b'{"photos": [%s]}' % (b"9" * 5000),
        b'{"photos": ["\xff"]}',
        b'\xef\xbb\xbf{"photos": []}',
        '{"photos": []}'.encode("utf-16"),
        b'{"photos": [' + b"[" * 100_000,
        b'{"photos": ["\x01"]}',
        b'{"photos": [{},]}',
        b'{"photos": [{}, {}, {}, ]}',
        b'{"photos": [{}, {}, {}, , {}]}',
        b'{"photos": [{}{}]}',
        b'{"photos": [{}, {}, {}, {}]]}',
    ],
)
@pytest.mark.parametrize("way", [read, read_as_texts])
def test_what_is_odd_is_never_read(raw: bytes, way: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(json_stream, "_AS_THEY_STAND", 1)
    monkeypatch.setattr(json_stream, "TOGETHER", 1)
    with pytest.raises(Odd):
        way(raw)


def test_items_come_in_their_order_and_some_at_a_time():
    parts: list[int] = []
    raw = json.dumps({"photos": list(range(2500)), "b": [1]}).encode()
    assert read_in_pieces(raw, "photos", lambda items: parts.append(len(items))) == {"photos": [], "b": [1]}
    assert parts == [1000, 1000, 500]


@pytest.mark.parametrize("field", ["photos", "other"])
def test_what_is_dense_is_left_to_others(monkeypatch: pytest.MonkeyPatch, field: str):
    raw = json.dumps({field: [[1, 2]] * 9, "z": [3] * 9}).encode()
    monkeypatch.setattr(json_source, "DENSE", 20)
    assert read(raw)
    monkeypatch.setattr(json_source, "MAX_VALUES", 20)
    with pytest.raises(Odd):
        read(raw)


def test_what_is_taken_by_its_type_may_be_as_much_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch):
    raw = json.dumps({"photos": [{"a": 1}] * 99}).encode()
    monkeypatch.setattr(json_source, "DENSE", 20)
    monkeypatch.setattr(json_source, "MAX_VALUES", 20)
    taken: list[str] = []
    assert read_in_pieces(raw, "photos", list, lambda text: not taken.append(text)) == {"photos": []}
    assert json.loads("".join(taken)) == [{"a": 1}] * 99
