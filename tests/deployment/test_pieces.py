"""A large record is read in pieces, wherever these end; what comes out is what the whole is."""

from __future__ import annotations

import gzip
import json
from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.columns import Texts, values_of
from galleria_action.deployment.state import pieces as in_pieces
from galleria_action.deployment.state import written as writing
from galleria_action.deployment.state.manifest import Leaving, Manifest
from galleria_action.deployment.state.pieces import Odd, read_in_pieces
from galleria_action.deployment.state.written import ManifestUnreadable, parse_manifest, parse_recorded, written
from tests.deployment.test_written import HOSTILE, MANY, entry_number

_TEXT = st.text(max_size=6)
_LIST = st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=6) | st.lists(_TEXT, max_size=6)
_VALUE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT | _LIST
_NESTED = st.recursive(_VALUE, lambda it: st.dictionaries(_TEXT, it) | st.lists(it), max_leaves=8)
_DOCUMENTS = st.dictionaries(_TEXT, _NESTED, max_size=4)  # a piece has up to 40 characters


def plain(value: Any) -> Any:
    """``value`` as Python's reader gives it."""
    if isinstance(value, dict):
        return {name: plain(it) for name, it in value.items()}
    if isinstance(value, Texts):
        return list(values_of(value))
    return list(value) if isinstance(value, array | list) else value


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "LARGE", 0)


@given(_DOCUMENTS, st.integers(1, 40), st.booleans(), st.booleans())
def test_what_is_read_is_what_it_is(document: dict[str, Any], length: int, ascii_only: bool, spaces: bool):
    before, in_pieces._PIECE = in_pieces._PIECE, length
    try:
        text = json.dumps(document, ensure_ascii=ascii_only, separators=(", ", ": ") if spaces else (",", ":"))
        found = read_in_pieces(gzip.compress(text.encode("utf-8", "surrogatepass")), 1 << 20)
    except Odd:
        return
    finally:
        in_pieces._PIECE = before
    assert plain(found) == json.loads(text)


@given(st.text('{}[]",:0-9.ab\\ ', max_size=30), st.integers(1, 9))
def test_no_text_is_read_as_something_else(text: str, length: int):
    before, in_pieces._PIECE = in_pieces._PIECE, length
    try:
        found = plain(read_in_pieces(gzip.compress(text.encode()), 1 << 20))
    except Odd:
        return
    finally:
        in_pieces._PIECE = before
    assert found == json.loads(text)


@pytest.mark.parametrize("length", [2_000, 50_000, 1 << 20])
def test_our_own_record_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch, length: int):
    monkeypatch.setattr(in_pieces, "_PIECE", length)
    monkeypatch.setattr(writing, "_unpacked", None)  # by which a whole one is read
    objects = {**MANY.objects, "photos/full/ä.jpg": entry_number(7)}
    manifest = Manifest(objects, {"photos/full/b.jpg": Leaving("b", "e"), "old.html": Leaving()}, "metadata")
    raw = written(manifest, fingerprint="f")
    assert raw.startswith(b"\x1f\x8b")
    found, about = parse_recorded(raw)
    assert found == manifest
    assert about["fingerprint"] == "f"


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_not_a_manifest_is_none(raw: bytes):
    with pytest.raises(ManifestUnreadable):
        parse_manifest(raw if raw.startswith(b"\x1f\x8b") else gzip.compress(raw))


def packed(text: bytes) -> bytes:
    """Without the time, which would stand in the test's name."""
    return gzip.compress(text, mtime=0)


@pytest.mark.parametrize(
    "raw",
    [
        packed(b'{"a":1}') + packed(b" "),
        packed(b'{"a":1}') + b"more",
        packed(b'{"a":1}')[:-1],
        packed(b'{"a":1}{'),
        packed(b'{"a":1,"a":2}'),
        packed(b'{"a":"\xff"}'),
        packed(b'{"a":[1,"b"]}'),
        packed(b'{"a":[' + b"1" * 30 + b"]}"),
        packed(b'{"a":' * 9 + b"1" + b"}" * 9),
        packed(b'{"a":"' + b"b" * 2_000_000 + b'"}'),
    ],
)
def test_what_is_odd_is_left_to_others(raw: bytes):
    with pytest.raises(Odd):
        read_in_pieces(raw, 1 << 20)
