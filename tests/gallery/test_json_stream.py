"""What is read in pieces is what is read whole, and nothing odd passes that way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.gallery.metadata import json_stream
from galleria_action.gallery.metadata.json_source import parse
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
    ],
)
def test_what_is_odd_is_never_read(raw: bytes):
    with pytest.raises(Odd):
        read(raw)


def test_items_come_in_their_order_and_some_at_a_time():
    parts: list[int] = []
    raw = json.dumps({"photos": list(range(2500)), "b": [1]}).encode()
    assert read_in_pieces(raw, "photos", lambda items: parts.append(len(items))) == {"photos": [], "b": [1]}
    assert parts == [1000, 1000, 500]
