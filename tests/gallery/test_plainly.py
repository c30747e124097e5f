"""What is called plainly sound is sound to the validator, too; and what Galleria writes is plain."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.gallery.metadata import json_source
from galleria_action.gallery.metadata.plainly import NotPlain, check_of, is_plainly_shallow
from galleria_action.schemas import load_schema

SCHEMA = load_schema("gallery-metadata")
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)
PLAIN = check_of(SCHEMA, SCHEMA)
DOCUMENT: dict[str, Any] = {
    "schema_version": "1.0",
    "generated_at": None,
    "collection": "Hochzeit – Köln",
    "settings": {
        "timestamp_offset_hours": -1.5, "target_timezone_offset_hours": 13, "web_size": [2048, 2048], "thumb_size": 400,
        "jpeg_quality": 85, "webp_quality": 0, "unknown": {"a": []},
    },
    "photos": [
        {
            "id": "a", "original_path": "", "file_hash": "0a" * 32, "deployment_file_hash": "FF" * 32,
            "exif": {
                "original_timestamp": "x", "corrected_timestamp": "2024-06-15T14:30:45.5+02:00",
                "timezone_original": None, "camera": {"make": "Canon", "model": None}, "subsecond": 12,
            },
            "files": {"full": "full/a.jpg", "web": "web/a.jpg", "thumb": "a.webp"},
        },
        {
            "id": "ü", "original_path": "b", "file_hash": "0b" * 32, "deployment_file_hash": "0c" * 32, "exif": None,
            "files": {"full": "full/b.jpg", "web": "web/b.jpg", "thumb": "b.webp", "raw": 1}, "more": True,
        },
    ],
}  # fmt: skip
ODD = st.sampled_from([
    None, True, False, 0, 1, -1, 12, 14, 15, -13, 100, 101, 2**53, 2**53 + 1, 2**64, -(2**70), 0.0, 1.0, 2.5, 1e300, "",
    "a", "x" * 1024, "x" * 1025, "0a" * 32, "0a" * 32 + "\n", "g" * 64, "0" * 63, "2024-06-15T14:30:45",
    "2024-06-15T14:30:45\n", "2024-13-15T14:30:45", "٠" * 64, "\0", [], [1], [1, 2], [0, 1], [1, 2, 3], ["a", "b"], {},
    {"full": "a"}, {"make": 1}, [2048.0, 2048.0],
])  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for name, it in inner for place in places(it, (*at, name)))]


PLACES = places(DOCUMENT)[1:]


def changed(place: tuple[Any, ...], to: Any, *, gone: bool) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    holder: Any = document
    for name in place[:-1]:
        holder = holder[name]
    if gone:
        del holder[place[-1]]
    else:
        holder[place[-1]] = to
    return document


def test_what_galleria_writes_is_plain() -> None:
    assert PLAIN(DOCUMENT)
    assert VALIDATOR.is_valid(DOCUMENT)
    assert is_plainly_shallow(DOCUMENT, json_source.MAX_DEPTH, 1000)


@given(st.sampled_from(PLACES), ODD, st.booleans())
def test_nothing_is_plain_that_the_validator_refuses(place: tuple[Any, ...], to: Any, gone: bool) -> None:
    document = changed(place, to, gone=gone)
    plain, valid = PLAIN(document), VALIDATOR.is_valid(document)
    assert valid or not plain
    if isinstance(to, str | list | None) and to != [2048.0, 2048.0]:  # of odd numbers the validator decides
        assert plain == valid


@pytest.mark.parametrize("value", [None, [], "a", 1, {"photos": {}}])
def test_what_is_not_even_near_is_not_plain(value: Any) -> None:
    assert not PLAIN(value)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "format": "date"},
        {"type": "object", "additionalProperties": False},
        {"type": "array", "uniqueItems": True},
        {"type": "integer", "multipleOf": 2},
        {"type": "string", "pattern": "a"},
        {"anyOf": [{"type": "null"}], "type": "string"},
        {"$ref": "#/$defs/a", "minLength": 1},
        {"enum": [1]},
    ],
)
def test_a_rule_that_is_not_known_is_not_passed_over(schema: dict[str, Any]) -> None:
    root = {"$defs": {"a": {"type": "string"}}}
    with pytest.raises(NotPlain):
        check_of(schema, root)


def nested(depth: int) -> Any:
    value: Any = "a"
    for level in range(depth):
        value = {"a": value} if level % 2 else [value]
    return value


def test_depth_size_and_text() -> None:
    assert is_plainly_shallow(nested(5), 6, 100)
    assert not is_plainly_shallow(nested(6), 6, 100)
    assert is_plainly_shallow([1] * 100, 6, 100)
    assert not is_plainly_shallow([1] * 101, 6, 100)
    for half in ({"\ud800": 1}, ["\udfff"]):
        assert not is_plainly_shallow(half, 6, 100)
    assert is_plainly_shallow({"ä": "…"}, 6, 100)


@given(st.integers(0, json_source.MAX_DEPTH + 3))
def test_the_deepest_that_is_read_is_the_same(depth: int) -> None:
    assert json_source.is_shallow(nested(depth)) is (depth <= json_source.MAX_DEPTH)
