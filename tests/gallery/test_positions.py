"""The published metadata must not tell where, and must not change otherwise."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.errors import GalleryInvalid
from galleria_action.gallery.metadata.positions import redact_positions


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ('{"gps": {"latitude": 1.5}, "a": 1}', '{"gps": null, "a": 1}', "gps"),
        ('{"a": [{"GPSLatitude" : "52 N"}]}', '{"a": [{"GPSLatitude" : null}]}', "a[0].GPSLatitude"),
        ('{"lat":52.5 , "lng":13}', '{"lat":null , "lng":null}', "lat lng"),
        ('{"a": {"coordinates": [13.4, 52.5]}}', '{"a": {"coordinates": null}}', "a.coordinates"),
        ('{"location": {"name": "Berlin", "p": [13, 52]}}', '{"location": null}', "location"),
        ('{"tags": ["Berlin", "geo:lat=52.5"]}', '{"tags": ["Berlin", ""]}', "tags[1]"),
        ('{"note": "52.5200, 13.4050"}', '{"note": ""}', "note"),
        ('{"note": "52°31\'12\\"N 13°24\'17\\"E"}', '{"note": ""}', "note"),
        ('{"note": "At the lake (Latitude: 52.520, Longitude: 13.405)"}', '{"note": ""}', "note"),
        ('{"a": ["GPS 52.5200 13.4050", "GPS 2.2.0.0"]}', '{"a": ["", "GPS 2.2.0.0"]}', "a[0]"),
        (f'{{"note": "{"x" * 2000} \\u006cat=52.52"}}', '{"note": ""}', "note"),
        ('{"position": "52.52,13.40", "location": "52,5 km"}', '{"position": null, "location": "52,5 km"}', "position"),
        ('\ufeff{"\\u0067ps": [1, "}"], "x": "ü\\u00fc"}', '\ufeff{"\\u0067ps": null, "x": "ü\\u00fc"}', "gps"),
    ],
)
def test_a_position_becomes_empty_and_all_else_keeps_its_bytes(before: str, after: str, path: str) -> None:
    cleaned = redact_positions(before.encode())
    assert cleaned.raw.decode() == after
    assert " ".join(cleaned.fields) == path
    again = redact_positions(cleaned.raw)
    assert again.raw is cleaned.raw and not again.fields


@pytest.mark.parametrize(
    "text",
    [
        "{}", "[]", "1", '{"gps": null, "lat": "", "has_gps": false}', '{"location": "Berlin", "position": 3}',
        '{"latin": 1, "plate": "flat", "longest": 2, "language": "en"}', '{"place": {"name": "Berlin", "visits": 2}}',
        '{"version": "1.234", "note": "geo: none"}', '{"camera": "Latitude 5490", "place": "Berlin, 2.5 km"}',
        '{"photos": [{"id": "lat 52.52", "files": {"full": "photos/full/gps_52.520_13.405.jpg"}}]}',
    ],
)  # fmt: skip
def test_what_is_no_position_stays(text: str) -> None:
    raw = text.encode()
    assert redact_positions(raw).raw is raw


def test_something_that_is_not_json_is_refused() -> None:
    with pytest.raises(GalleryInvalid):
        redact_positions(b'{"gps": ')


_names = st.sampled_from(["gps", "lat", "location", "a", "tags", "ü"]) | st.text(max_size=5)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=20,
)


@given(_values, st.booleans(), st.sampled_from([None, 1]))
def test_any_document_stays_json_and_is_clean_afterwards(value: object, ascii_only: bool, indent: int | None) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    try:
        raw.decode()
    except UnicodeDecodeError:
        return
    cleaned = redact_positions(raw)
    json.loads(cleaned.raw)
    assert not redact_positions(cleaned.raw).fields
    assert (cleaned.raw is raw) is not bool(cleaned.fields)
