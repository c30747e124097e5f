"""The record of a gallery that waits in a slot: what is not one is refused, and says so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from galleria_action.deployment.layout import Layout
from galleria_action.deployment.releases.record import TakenFrom
from galleria_action.deployment.slots.staged import STAGED_KEY, Staged, read_staged
from galleria_action.errors import ConfigInvalid, ReleaseUnavailable
from galleria_action.storage.interface import RECORD_HEADERS
from galleria_action.values import replace
from tests.reliability.memory import MemoryStore

WAITS = Staged(
    Layout.slot("b"), Layout.slot("a"), "11" * 32, "22" * 32, "33" * 32, "blue-green", datetime(2026, 1, 2, tzinfo=UTC)
)


def read(body: bytes) -> Staged:
    store = MemoryStore()
    store.put(STAGED_KEY, body, RECORD_HEADERS)
    return read_staged(store)


def test_it_comes_back_as_it_was_written():
    assert read(WAITS.to_bytes()) == WAITS
    onward = replace(WAITS, taken_from=TakenFrom("staging", "20260101T000000Z-00000000", "s3://staging/"))
    assert read(onward.to_bytes()) == onward


def test_that_of_an_older_version_is_from_nowhere():
    document = json.loads(WAITS.to_bytes())
    del document["taken_from"]
    assert read(json.dumps(document).encode()) == WAITS


def test_nothing_waits():
    with pytest.raises(ReleaseUnavailable, match="No gallery waits"):
        read_staged(MemoryStore())


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "1"}, {"schema": True}, {"schema": 0}, {"schema": None},
        {"slot": ""}, {"slot": "slots/a/"}, {"slot": "slots/c/"}, {"slot": "../"}, {"slot": ["slots/b/"]},
        {"live": "previews/x/"}, {"live": None}, {"base": 7}, {"holds": None}, {"plan_id": {}}, {"strategy": 1},
        {"taken_from": 1}, {"taken_from": {}}, {"taken_from": {"environment": 1, "release": "", "place": ""}},
        {"at": "yesterday"}, {"at": "2026-13-01T00:00:00Z"}, {"at": 5},
    ],
)  # fmt: skip
def test_what_nobody_understands_is_promoted_by_nobody(change: dict[str, Any]):
    with pytest.raises(ReleaseUnavailable, match="cannot be understood"):
        read(json.dumps(json.loads(WAITS.to_bytes()) | change).encode())


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"\xff", b'{"schema": 1}', b"[" * 60_000])
def test_neither_is_what_is_no_record_at_all(body: bytes):
    with pytest.raises(ReleaseUnavailable, match="cannot be understood"):
        read(body)


def test_that_of_a_newer_version_is_left_to_it():
    with pytest.raises(ConfigInvalid, match="newer version"):
        read(json.dumps(json.loads(WAITS.to_bytes()) | {"schema": 2}).encode())
