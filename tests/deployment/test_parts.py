"""What is written in parts is what would have been written at once."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.columns import Hashes, Numbers, Texts, Values, values_of
from galleria_action.deployment.state import parts
from galleria_action.deployment.state.parts import in_parts, packed

_TEXT = st.text(st.characters(codec="utf-8"), max_size=9)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


def at_once(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@given(st.dictionaries(_TEXT, _VALUES, max_size=4), st.integers(1, 9))
def test_in_parts_as_at_once(fields: dict[str, Any], together: int):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_TOGETHER", together)
        assert "".join(in_parts(fields.items())) == at_once(fields)
        assert "".join(in_parts([("made", iter(fields.items()))])) == at_once({"made": fields})


@given(st.lists(st.integers(0, 1 << 40)), st.lists(_TEXT), st.integers(1, 9))
def test_a_column_is_the_list_of_its_values(numbers: list[int], texts: list[str], together: int):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_TOGETHER", together)
        found = "".join(in_parts([("a", Numbers(numbers)), ("b", Texts(texts)), ("c", Values(texts))]))
    assert found == at_once({"a": numbers, "b": texts, "c": texts})


def test_a_field_is_made_when_the_one_before_is_written():
    told: list[str] = []

    def fields() -> Any:
        for name in "ab":
            told.append(name)
            yield name, [1, 2]

    for part in in_parts(fields()):
        told.append(part)
    assert told == ["a", '{"a":', "[1,2", "]", "b", ',"b":', "[1,2", "]", "}"]


@given(st.lists(_TEXT), st.integers(0, 40))
def test_what_is_long_enough_is_packed(texts: list[str], least: int):
    plain = "".join(texts).encode()
    stored = packed(iter(texts), least)
    # no text at all is never packed
    assert stored == plain if len(plain) < least or not texts else gzip.decompress(stored) == plain
    assert packed(iter(texts), least) == stored


@given(st.lists(st.binary(min_size=2, max_size=2).map(bytes.hex)), st.data())
def test_rows_are_taken_some_at_a_time(hashes: list[str], data: st.DataObject):
    taken: Sequence[int] = data.draw(st.lists(st.sampled_from(range(len(hashes))))) if hashes else []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("galleria_action.columns._TOGETHER", 2)
        for column in (Hashes(2).added(hashes), Texts(hashes)):
            assert list(values_of(column.taken(taken))) == [hashes[row] for row in taken]


def test_hashes_are_packed_to_what_they_say():
    """Three quarters of their base64, where no two are alike; next to nothing where photos share their bytes."""
    alike, others = hashlib.sha256().digest() * 9999, random.Random(1).randbytes(32 * 9999)
    for column, most in ((alike, 0.01), (others, 0.76)):
        written = packed(in_parts([("hashes", column)]), 0)
        text = gzip.decompress(written)
        assert text == at_once({"hashes": base64.b64encode(column).decode()}).encode()
        assert len(written) < most * len(text)
