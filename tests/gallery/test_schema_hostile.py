"""Whatever a metadata file holds, the answer is a gallery or findings that can be printed."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from galleria_action.errors import GalleryInvalid
from galleria_action.gallery.metadata.schema import RemoteInvalid, load_metadata, parse_remote
from tests.gallery.test_schema import FILE, document, mutated


def outcome(raw: bytes) -> None:
    """Success or ``GalleryInvalid`` with findings that can be printed; anything else fails the test."""
    try:
        load_metadata(raw, FILE)
    except GalleryInvalid as error:
        assert error.findings
        for finding in error.findings:
            assert finding.message.isprintable()
            assert len(finding.message) < 700
            str(finding).encode()
    try:
        parse_remote(raw)
    except RemoteInvalid as error:
        assert str(error).isprintable()


@given(st.binary())
def test_any_bytes(raw: bytes) -> None:
    outcome(raw)


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["photos", "../x", "a" * 64, "2024-06-15T14:30:45"]),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.sampled_from(["schema_version", "photos", "settings", "exif", "files", "full", "web", "thumb", "id"])
            | st.text(st.characters(), max_size=3),
            children,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(ANY_JSON)
@example(["\ud800"])
@example("\ud800")
@example({"photos": [], "settings": {"web_size": ["\ud800", {"x": "\ud800"}]}})
@settings(max_examples=200)
def test_any_json(content: Any) -> None:
    outcome(json.dumps(content).encode())


@given(st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_in_the_place_of_any_value(data: st.DataObject) -> None:
    content = mutated(data.draw)
    value = data.draw(ANY_JSON)
    for entry in content.get("photos") or [] if isinstance(content.get("photos"), list) else []:
        if isinstance(entry, dict) and entry:
            entry[data.draw(st.sampled_from(sorted(entry)))] = copy.deepcopy(value)
    outcome(json.dumps(content).encode())


@given(st.integers(0, 3000), st.binary(max_size=4))
def test_bytes_lost_or_replaced(offset: int, patch: bytes) -> None:
    raw = json.dumps(document(2), indent=1).encode()
    offset %= len(raw)
    outcome(raw[:offset] + patch + raw[offset + len(patch) + 1 :])
    outcome(raw[:offset])
